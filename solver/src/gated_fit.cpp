// A demand through gates.
#include <algorithm>
#include <limits>

#include "contiguous.hpp"
#include "gate_words.hpp"
#include "gated.hpp"
#include "natbound/model/cascade.hpp"
#include "natbound/model/ways_out.hpp"
#include "pair_fit.hpp"
#include "subscribers.hpp"
#include "words.hpp"

namespace natbound {

namespace bj = boost::json;

namespace {

// Whether what was placed keeps to the gates that some ways alone have.
bool keeps_to(const std::vector<gate>& gates, const std::vector<block>& blocks) {
    for (const auto& g : gates) {
        if (g.on_every_way()) continue;
        count live = 0;
        for (const auto& b : blocks) {
            count endpoints = 0;
            for (const auto& item : b.to->list)
                if (g.counts(b.client, item.server, b.nat))
                    endpoints += item.addresses.size() * item.ports.size();
            // where units are spread over destinations, all may be of those
            if (endpoints > 0) live += b.spread ? b.size : b.size * endpoints;
        }
        if (live > g.most) return false;
    }
    return true;
}

// Clients kept to ways that no gate is on, where they have such; or, at each NAT, as many
// connections as the gates let through beside what others want there.
std::vector<scenario> kept_off(const scenario& rest, const std::vector<gate>& gates,
                               const demand_list& demand) {
    scenario off = rest, tables = rest;
    for (const auto& g : gates) {
        if (g.on_every_way()) continue;
        for (const auto n : g.ways) {
            auto& inside = off.nats[n].inside;
            std::uint64_t others = 0;
            bool many = false;
            for (const auto& p : demand) {
                const auto& name = rest.clients[p.client].name;
                const auto& all = rest.nats[n].inside;
                const bool here = std::find(all.begin(), all.end(), name) != all.end();
                if (!here || g.counts(p.client, p.server, n)) continue;
                many = many || p.connections > std::numeric_limits<std::uint32_t>::max();
                if (!many) others += static_cast<std::uint64_t>(p.connections);
            }
            auto& table = tables.nats[n].connection_limits.limit_per_instance;
            const std::uint64_t most = g.most / g.ways.size() + others;
            if (!many && most > 0) table = std::min(most, table.value_or(most));
            if (g.protocol) continue;
            for (const auto c : g.clients) {
                const auto& name = rest.clients[c].name;
                const auto there = [&](const nat& one) {
                    return std::find(one.inside.begin(), one.inside.end(), name) !=
                           one.inside.end();
                };
                if (inside.size() > 1 && std::count_if(off.nats.begin(), off.nats.end(), there) > 1)
                    std::erase(inside, name);
            }
        }
    }
    return {rest, std::move(tables), std::move(off)};
}

// A demand of which some ways alone have gates: placed so that these let it through, if that is
// found.
std::optional<fit_result> placed_within(const scenario& rest, const std::vector<gate>& gates,
                                        const demand_list& demand) {
    if (limits_subscribers(rest) || keeps_pairs(rest) || is_cascade(rest) || clash_in_words(rest))
        return std::nullopt;
    for (const auto& n : rest.nats)
        if (n.port_set) return std::nullopt;
    for (const auto& one : kept_off(rest, gates, demand)) {
        by_pairs all(one, demand);
        if (all.passes_servers() || !all.each_nat() || !all.within_servers()) continue;
        if (keeps_to(gates, all.blocks())) return all.fitting();
    }
    return std::nullopt;
}

}  // namespace

fit_result gated_fit(const scenario& s, const demand_list& demand,
                     const std::vector<std::uint64_t>& at) {
    const without_gates apart(s);
    const with_tables tables(apart);
    bool some_ways = false;
    for (const auto& g : tables.gates) {
        count wanted = 0;
        for (const auto& p : demand)
            if (g.counts(p.client, p.server)) wanted += p.connections;
        if (wanted <= g.most) continue;
        if (!g.on_every_way()) {
            some_ways = true;
            continue;
        }
        const auto memory = bj::make_shared_resource<bj::monotonic_resource>();
        fit_result out;
        out.verdict = fit_verdict::does_not_fit;
        out.sets_it = in_words(s, g) + ", and " + grouped(wanted) + " are wanted through it";
        out.evidence = bj::object(memory);
        out.evidence.emplace("gates", bj::array({json_of(s, g, memory)}, memory));
        out.evidence.emplace("nats", bj::array(memory));
        out.evidence.emplace("direct", bj::array(memory));
        out.evidence.emplace("demand", to_json(demand, s, memory));
        return out;
    }
    auto out = fits(tables.rest, demand, at);
    name_tables(s, apart, out.sets_it);
    if (out.verdict == fit_verdict::does_not_fit) return out;
    if (out.verdict == fit_verdict::fits) {
        if (!some_ways) return out;
        demand_list some = demand;
        std::erase_if(some, [](const pair_demand& p) { return p.connections == 0; });
        if (auto found = placed_within(tables.rest, tables.gates, some)) return std::move(*found);
        out = {};
        out.sets_it =
            "no division of spread clients among their ways was found that the firewalls, or the "
            "limits of one protocol, on some of these let through";
    }
    auto all = more_than_maximum(s, demand);
    return all.verdict == fit_verdict::does_not_fit ? std::move(all) : std::move(out);
}

}  // namespace natbound
