// Taking firewalls out of rows, and limits of one protocol off NATs.
#include "natbound/model/gates.hpp"

#include <algorithm>
#include <map>
#include <set>

#include "natbound/model/cascade.hpp"

namespace natbound {
namespace {

using name_index = std::map<std::string, std::size_t>;

name_index nats_of(const scenario& s) {
    name_index out;
    for (std::size_t n = 0; n < s.nats.size(); ++n) out[s.nats[n].name] = n;
    return out;
}

void gather(const scenario& s, const name_index& nats, const nat& n,
            std::vector<std::string>& out) {
    for (const auto& name : n.inside) {
        const auto it = nats.find(name);
        if (it != nats.end() && !translates(s.nats[it->second]))
            gather(s, nats, s.nats[it->second], out);
        else
            out.push_back(name);
    }
}

void gather_clients(const scenario& s, const name_index& nats, std::size_t nat,
                    std::set<std::string>& out) {
    for (const auto& name : s.nats[nat].inside)
        if (const auto it = nats.find(name); it != nats.end())
            gather_clients(s, nats, it->second, out);
        else
            out.insert(name);
}

}  // namespace

bool is_in_row(const scenario& s, std::size_t nat) {
    if (translates(s.nats[nat])) return false;
    const auto outer = outer_of(s);
    return outer[nat] < s.nats.size() || std::find(outer.begin(), outer.end(), nat) != outer.end();
}

bool has_gates(const scenario& s) {
    for (std::size_t n = 0; n < s.nats.size(); ++n)
        if (s.nats[n].connection_limits.limit_per_protocol || is_in_row(s, n)) return true;
    return false;
}

std::vector<std::string> comes_to(const scenario& s, const nat& n) {
    if (std::all_of(s.nats.begin(), s.nats.end(), translates)) return n.inside;
    std::vector<std::string> out;
    gather(s, nats_of(s), n, out);
    return out;
}

std::optional<std::size_t> keeps_quota_of(const scenario& s, std::size_t firewall) {
    const auto outer = outer_of(s);
    std::size_t n = outer[firewall];
    while (n < s.nats.size() && !translates(s.nats[n])) n = outer[n];
    if (n == s.nats.size()) return std::nullopt;
    auto own = comes_to(s, s.nats[firewall]), all = comes_to(s, s.nats[n]);
    std::sort(own.begin(), own.end());
    std::sort(all.begin(), all.end());
    if (own != all) return std::nullopt;
    const auto nats = nats_of(s);
    for (const auto& name : own)
        if (nats.count(name) != 0) return std::nullopt;
    return n;
}

bool is_staged(const scenario& s) { return is_cascade(s) || is_spread(s) || has_gates(s); }

bool is_later_stage(const scenario& flat, std::size_t client) {
    const auto& name = flat.clients[client].name;
    if (stage_of(flat, client) < flat.nats.size()) return true;
    const auto it = flat.given_names.find(name);
    if (it == flat.given_names.end()) return false;
    // parts of a client set are called after one that is there no more
    const auto named = [&](const auto& one) { return one.name == it->second; };
    return std::any_of(flat.clients.begin(), flat.clients.end(), named) ||
           std::any_of(flat.nats.begin(), flat.nats.end(), named);
}

bool gate::counts(std::size_t client, std::size_t server) const {
    return std::binary_search(clients.begin(), clients.end(), client) &&
           std::binary_search(servers.begin(), servers.end(), server);
}

bool gate::counts(std::size_t client, std::size_t server, std::optional<std::size_t> way) const {
    return counts(client, server) &&
           (ways.empty() || !way || std::binary_search(ways.begin(), ways.end(), *way));
}

namespace {

// The first NATs of the ways by which this NAT or firewall is met; empty where its clients have no
// other ways.
std::vector<std::size_t> ways_by(const scenario& s, const without_gates& apart, std::size_t nat,
                                 const std::set<std::string>& clients) {
    const auto outer = outer_of(s);
    std::set<std::size_t> first;
    bool others = false;
    for (std::size_t k = 0; k < apart.nats.size(); ++k) {
        const auto& inside = apart.rest.nats[k].inside;
        if (std::none_of(inside.begin(), inside.end(),
                         [&](const auto& name) { return clients.count(name) != 0; }))
            continue;
        // it is this NAT, further in, or around
        const auto leads = [&](std::size_t from, std::size_t to) {
            while (from < s.nats.size() && from != to) from = outer[from];
            return from == to;
        };
        std::size_t around = nat;
        while (around < s.nats.size() && !translates(s.nats[around])) around = outer[around];
        if (leads(apart.nats[k], nat) || around == apart.nats[k])
            first.insert(k);
        else
            others = true;
    }
    if (!others) return {};
    return {first.begin(), first.end()};
}

}  // namespace

without_gates::without_gates(const scenario& s) : rest(s) {
    const auto index = nats_of(s);
    name_index clients;
    for (std::size_t c = 0; c < s.clients.size(); ++c) clients[s.clients[c].name] = c;
    rest.nats.clear();
    for (std::size_t n = 0; n < s.nats.size(); ++n) {
        if (is_in_row(s, n)) continue;
        nats.push_back(n);
        rest.nats.push_back(s.nats[n]);
        rest.nats.back().connection_limits.limit_per_protocol.reset();
        if (translates(s.nats[n])) rest.nats.back().inside = comes_to(s, s.nats[n]);
    }
    for (const auto n : inner_first(s)) {
        const auto& limits = s.nats[n].connection_limits;
        const bool row = is_in_row(s, n);
        if (!row && !limits.limit_per_protocol) continue;
        std::set<std::string> passing;
        gather_clients(s, index, n, passing);
        const auto add = [&](std::optional<transport> protocol, std::uint64_t most) {
            gate one{n, protocol, {}, {}, most, {}};
            for (const auto& name : passing) one.clients.push_back(clients.at(name));
            std::sort(one.clients.begin(), one.clients.end());
            for (std::size_t v = 0; v < s.servers.size(); ++v)
                if (!protocol || s.servers[v].protocol == *protocol) one.servers.push_back(v);
            one.ways = ways_by(s, *this, n, passing);
            gates.push_back(std::move(one));
        };
        if (limits.limit_per_protocol)
            for (const auto& one : *limits.limit_per_protocol) add(one.protocol_id, one.limit);
        if (!row) continue;
        if (limits.limit_per_instance) add(std::nullopt, *limits.limit_per_instance);
        const auto& quota = limits.limit_per_subscriber;
        if (const auto to = quota ? keeps_quota_of(s, n) : std::nullopt) {
            const auto at = std::find(nats.begin(), nats.end(), *to) - nats.begin();
            auto& own = rest.nats[static_cast<std::size_t>(at)].connection_limits;
            own.limit_per_subscriber = std::min(*quota, own.limit_per_subscriber.value_or(*quota));
        }
    }
}

with_tables::with_tables(const without_gates& apart) : rest(apart.rest) {
    for (const auto& g : apart.gates) {
        const auto all = [&](const nat& n) {
            return !g.protocol && std::all_of(n.inside.begin(), n.inside.end(), [&](const auto& c) {
                return std::any_of(g.clients.begin(), g.clients.end(),
                                   [&](auto k) { return rest.clients[k].name == c; });
            });
        };
        if (g.ways.size() != 1 || !all(rest.nats[g.ways.front()])) {
            gates.push_back(g);
            continue;
        }
        auto& table = rest.nats[g.ways.front()].connection_limits.limit_per_instance;
        table = std::min(g.most, table.value_or(g.most));
    }
}

}  // namespace natbound
