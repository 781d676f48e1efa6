// A NAT that deals port sets on demand, as its sets' numbers are stepped.
#include <algorithm>
#include <map>

#include "dealt_simulation.hpp"
#include "natbound/calculator/search_facts.hpp"
#include "natbound/model/nat_table.hpp"
#include "natbound/model/port_sets.hpp"

namespace natbound::calculator::detail {
namespace {

constexpr std::uint64_t most_cells = 50'000'000;  // sets x scopes

bool is_plain(const scenario& s, const filled_traffic& traffic) {
    if (s.nats.size() != 1) return false;
    const nat& n = s.nats.front();
    const auto& d = n.design;
    if (!n.port_set || !dealt_on_demand(*n.port_set) || pairs_sets(n) || n.static_mappings)
        return false;
    if (n.rate_limits || n.memory || n.connection_limits.limit_per_protocol) return false;
    if (n.mapping_limits.limit_subscribers || n.mapping_limits.limit_port_mappings) return false;
    if (d.mapping_type != mapping_type::edm || !d.reuse.take_over.empty() ||
        d.port_contiguity != contiguity::none || d.pressure != pressure_kind::refuse)
        return false;
    for (const auto& c : s.clients)
        if (c.time_wait) return false;
    for (const auto& v : s.servers)
        if (v.connection_limits || v.listen || v.time_wait || v.backends) return false;
    return std::all_of(traffic.streams.begin(), traffic.streams.end(), [&](const stream& t) {
        return t.arrives.law == arrival_law::poisson && nat_of(s, t.clients) == &n;
    });
}

// Whether every search of such a set finds every free port of it.
bool finds_all(const nat& n, const dealt_set& where, const client_set& c) {
    const nat own = own_nat(n, where);
    const nat_plan plan(own);
    const auto& all = plan.class_of(c.ports.parts().front().first).ports;
    for (const auto& range : c.ports.parts())
        for (port p = range.first; p <= range.last; ++p)
            if (!facts_of(plan, p).complete || plan.class_of(p).ports != all ||
                (plan.preserves(p) && !all.contains(p)))
                return false;
    return true;
}

}  // namespace

std::optional<dealt_input> dealt_of(const scenario& s, const filled_traffic& traffic) {
    if (!is_plain(s, traffic)) return std::nullopt;
    const nat& n = s.nats.front();
    const auto& rule = *n.port_set;
    const port_set_layout layout(n);
    dealt_input out;
    const auto sets = saturated(rule.dynamic ? layout.dynamic_sets() : layout.sets());
    out.block = rule.dynamic ? rule.dynamic->port_set_size : rule.port_set_size;
    out.most =
        rule.dynamic ? rule.dynamic->port_sets_per_subscriber : rule.port_sets_per_subscriber;
    out.own = rule.dynamic ? rule.port_set_size : 0;
    out.table = n.connection_limits.limit_per_instance;
    out.quota = n.connection_limits.limit_per_subscriber;
    std::map<std::size_t, std::pair<std::uint32_t, std::uint32_t>> who;  // by client set
    std::uint64_t subscribers = 0;
    for (const auto& t : traffic.streams) {
        if (who.count(t.clients)) continue;
        const auto& c = s.clients[t.clients];
        if (c.ports.size() < out.own + out.most * out.block) return std::nullopt;
        if (!finds_all(n, layout.shared_at(0), c)) return std::nullopt;
        if (out.own > 0 && !finds_all(n, layout.at(0), c)) return std::nullopt;
        const auto many = saturated(c.addresses.size());
        if (many > most_cells || subscribers > most_cells) return std::nullopt;
        who[t.clients] = {static_cast<std::uint32_t>(subscribers),
                          static_cast<std::uint32_t>(many)};
        subscribers += many;
    }
    std::map<scope_key, std::uint32_t> scopes;
    std::map<std::pair<std::size_t, std::size_t>, std::uint32_t> kinds;
    for (const auto& t : traffic.streams) {
        const auto& v = s.servers[t.servers];
        const std::uint64_t ports = saturated(v.ports.size());
        if (v.addresses.size() * v.ports.size() > most_cells) return std::nullopt;
        const auto endpoints = saturated(v.addresses.size() * v.ports.size());
        dealt_stream next;
        next.rate = t.rate;
        std::tie(next.first, next.subscribers) = who[t.clients];
        for (std::uint64_t i = 0; i < endpoints; ++i) {
            const flow f{v.protocol, {}, {v.addresses.at(i / ports), v.ports.at(i % ports)}};
            const auto number = static_cast<std::uint32_t>(scopes.size());
            next.scopes.push_back(
                scopes.try_emplace(scope_of(f, n.design.clash_scope), number).first->second);
        }
        double sum = 0;
        for (const double w : t.weights) next.up_to.push_back(sum += w);
        const auto number = static_cast<std::uint32_t>(kinds.size());
        const auto [it, fresh] = kinds.try_emplace({t.clients, t.servers}, number);
        if (fresh) out.kinds.push_back({t.clients, t.servers, ""});
        next.kind = it->second;
        out.streams.push_back(std::move(next));
        out.laws.push_back({t.open, t.closing});
    }
    // more than all can hold are never dealt
    out.pool = std::min<std::uint64_t>(sets, subscribers * out.most);
    out.subscribers = static_cast<std::uint32_t>(subscribers);
    out.scopes = static_cast<std::uint32_t>(scopes.size());
    if ((out.pool + subscribers) * out.scopes > most_cells) return std::nullopt;
    return out;
}

}  // namespace natbound::calculator::detail
