// Builds arenas. Client sets are walked address by address only as far as their sockets can matter,
// or a hash must be computed for each.
#include "arena.hpp"

#include <algorithm>
#include <map>
#include <set>

#include "natbound/model/error.hpp"

namespace natbound::detail {
namespace {

constexpr std::uint64_t most_destinations =
    4096;  // representatives looked at, and sharers of one scope
constexpr std::uint64_t most_addresses = 1U << 20U;  // client addresses walked for a hash

struct destination {
    const server_set* server;
    endpoint at;
};

// Up to `most` endpoints of a set, by address, then port.
std::vector<destination> some(const server_set& v, std::uint64_t most_ips,
                              std::uint64_t most_ports) {
    std::vector<destination> out;
    const std::uint64_t ips = std::min(saturated(v.addresses.size()), most_ips);
    const std::uint64_t ports = std::min(saturated(v.ports.size()), most_ports);
    for (std::uint64_t i = 0; i < ips; ++i)
        for (std::uint64_t j = 0; j < ports; ++j)
            out.push_back({&v, {v.addresses.at(i), v.ports.at(j)}});
    return out;
}

// The endpoints that share the clash scope of one of them.
std::vector<destination> sharers(const scenario& s, const clash_scope& scope, const destination& d,
                                 bool& all) {
    std::vector<destination> out;
    for (const auto& v : s.servers) {
        if (scope.protocol && v.protocol != d.server->protocol) continue;
        if (scope.destination == scope_destination::none) {
            const auto here = some(v, most_destinations, most_destinations);
            if (count(here.size()) < v.addresses.size() * v.ports.size()) all = false;
            out.insert(out.end(), here.begin(), here.end());
        } else if (v.addresses.contains(d.at.address)) {
            for (const auto& part : v.ports.parts())
                for (port p = part.first; p <= part.last; ++p)
                    if (scope.destination == scope_destination::address || p == d.at.port)
                        out.push_back({&v, {d.at.address, p}});
        }
    }
    if (out.size() > most_destinations * 16) {
        out.resize(most_destinations * 16);
        all = false;
    }
    return out;
}

}  // namespace

std::vector<const client_set*> inside(const scenario& s, const nat& n) {
    std::vector<const client_set*> out;
    for (const auto& c : s.clients)
        if (std::find(n.inside.begin(), n.inside.end(), c.name) != n.inside.end())
            out.push_back(&c);
    return out;
}

namespace {

// So many addresses of a client set have, in each class of ports, as many sockets as there are
// endpoints for them, or `enough`.
std::uint64_t most_wanted(const nat_plan& plan, const client_set& c, std::uint64_t enough) {
    std::uint64_t out = 0;
    for (const auto& range : plan.classes) {
        const std::uint64_t own = saturated((c.ports & range.source).size());
        if (own == 0) continue;
        const std::uint64_t endpoints = saturated(plan.pool_size * range.size);
        out = std::max(out, std::min(enough, endpoints) / own);
    }
    return out;
}

}  // namespace

std::vector<arena> arenas(const scenario& s, const nat_plan& plan, std::uint64_t enough) {
    const auto clients = inside(s, *plan.of);
    const bool fixed_by_flow = plan.pool_size > 1 && plan.pool_rank(0, 0).has_value() &&
                               plan.design.pool.choice == pool_choice::hash;
    const bool one_scope = plan.design.clash_scope.destination == scope_destination::none;
    std::vector<arena> out;
    std::set<scope_key> seen;
    for (const auto& v : s.servers) {
        // Endpoints of one set are alike, but for a hash that sees their address.
        const bool by_address =
            fixed_by_flow && plan.design.pool.of == hash_input::source_and_destination;
        for (const auto& d : some(v, by_address ? most_destinations : 1, 1)) {
            const scope_key key = scope_of({v.protocol, {}, d.at}, plan.design.clash_scope);
            if (one_scope && !seen.insert(key).second) continue;
            bool all = saturated(v.addresses.size()) <= most_destinations || !by_address;
            std::map<std::uint64_t, arena> by_rank;
            // Flows of one source and protocol that share a mapping hold one endpoint between them:
            // one destination stands for all.
            std::set<std::tuple<const client_set*, transport, ip_address>> mapped;
            const auto type = plan.design.mapping_type;
            for (const auto& shared : sharers(s, plan.design.clash_scope, d, all)) {
                for (const auto* c : clients) {
                    if (!reaches(*c, *shared.server)) continue;
                    const bool shares = type == mapping_type::eim || type == mapping_type::adm;
                    const ip_address towards = type == mapping_type::adm ? shared.at.address : 0;
                    if (shares && !mapped.insert({c, shared.server->protocol, towards}).second)
                        continue;
                    const std::uint64_t ports = saturated(c->ports.size());
                    const std::uint64_t addresses = saturated(c->addresses.size());
                    const std::uint64_t wanted = most_wanted(plan, *c, enough) + 3;
                    const std::uint64_t walk =
                        std::min(addresses, fixed_by_flow ? most_addresses : wanted);
                    if (walk < addresses) all = false;
                    std::map<std::uint64_t, std::uint64_t> taken;
                    std::uint64_t walked = 0;
                    for (const auto& part : c->addresses.parts()) {
                        for (ip_address a = part.first; walked < walk; ++a, ++walked) {
                            const auto rank = plan.pool_rank(a, shared.at.address);
                            auto& here = by_rank[rank.value_or(0)];
                            here.rank = rank;
                            if (taken[rank.value_or(0)]++ < wanted)
                                here.actors.push_back({c, a, shared.server, shared.at});
                            here.sockets += ports;
                            if (a == part.last) {
                                ++walked;
                                break;
                            }
                        }
                        if (walked >= walk) break;
                    }
                }
            }
            count together = 0;
            for (const auto& [rank, one] : by_rank) together += one.sockets;
            for (auto& [rank, one] : by_rank) {
                one.all = all;
                one.mixed = plan.design.pool.fallback && by_rank.size() > 1;
                if (one.mixed) one.sockets = together;
                out.push_back(std::move(one));
            }
        }
    }
    return out;
}

}  // namespace natbound::detail
