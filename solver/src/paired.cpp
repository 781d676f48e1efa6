// Dealing client addresses to external addresses.
#include "paired.hpp"

#include <algorithm>
#include <map>
#include <set>

#include "natbound/model/plan.hpp"
#include "natbound/model/work.hpp"
#include "needed_mappings.hpp"
#include "words.hpp"

namespace natbound {
namespace {

// The connections to a server set that one external address can carry: under each key a port
// carries one mapping, of as many connections as the key has endpoints for it.
count room_of(const nat_plan& plan, const server_set& v, const port_set& given) {
    const auto& d = plan.design;
    const count all = v.addresses.size() * v.ports.size();
    if (d.clash_scope.destination == scope_destination::endpoint) return all * given.size();
    const bool own =
        d.mapping_type == mapping_type::edm || d.mapping_type == mapping_type::eim_if_possible;
    const count weight = own ? count(1)
                         : d.mapping_type == mapping_type::adm ||
                                 d.clash_scope.destination == scope_destination::address
                             ? v.ports.size()
                             : all;
    const count keys =
        d.clash_scope.destination == scope_destination::address ? v.addresses.size() : count(1);
    return keys * weight * given.size();
}

// The most connections of one address of a client set, alone on one external address:
// of all its ports, also of those that static mappings keep (a bound from above).
count of_one(const scenario& s, const reach_table& reach, std::size_t nat, std::size_t c,
             const nat_reading& reading) {
    bin one(s.clients.size());
    one[c] = s.clients[c].addresses.slice(0, 1);
    std::vector<std::size_t> left{c};
    behind_one only(s, nat);
    const auto& behind = only.at(0, one, left);
    const nat_plan plan(behind.nats[nat]);
    const count room = given_to(plan, s.clients[c].ports).size();
    count out = 0;
    for (const auto& g : groups_of(behind, reach, plan, left, reading)) {
        auto sources = g.sources;
        std::stable_sort(sources.begin(), sources.end(),
                         [](const auto& a, const auto& b) { return a.weight > b.weight; });
        count free = room;
        for (const auto& source : sources) {
            const count here = std::min(free, source.mappings);
            out += g.keys * source.weight * here;
            free -= here;
        }
    }
    return out;
}

}  // namespace

std::vector<bin> dealt_evenly(const scenario& s, const std::vector<std::size_t>& inside,
                              const count& pool) {
    if (pool > most_bins) return {};
    const work_step here("dealing client addresses to external addresses");
    std::vector<bin> out(static_cast<std::size_t>(pool), bin(s.clients.size()));
    std::size_t turn = 0;  // the next set's odd addresses begin where the last one's ended
    for (const auto c : inside) {
        const auto& all = s.clients[c].addresses;
        const count each = all.size() / out.size();
        const auto odd = static_cast<std::size_t>(all.size() % out.size());
        count from = 0;
        for (std::size_t k = 0; k < out.size(); ++k) {
            poll();
            const count mine = each + (k < odd ? 1 : 0);
            if (mine == 0) break;
            out[(turn + k) % out.size()][c] = all.slice(static_cast<u128>(from), mine);
            from += mine;
        }
        turn = (turn + odd) % out.size();
    }
    return out;
}

const scenario& behind_one::at(std::uint64_t rank, const bin& clients,
                               std::vector<std::size_t>& inside) {
    const ip_address here = pool_.at(rank);
    one_.nats[nat_].external_ip_address_pool = {here, here};
    std::erase_if(inside, [&](std::size_t c) { return clients[c].empty(); });
    for (const auto c : inside) one_.clients[c].addresses = clients[c];
    return one_;
}

std::vector<count> alone(const scenario& s, const reach_table& reach, std::size_t nat,
                         const std::vector<std::size_t>& inside, const nat_reading& reading) {
    std::vector<count> out(s.clients.size(), count(0));
    // client sets with the same ports that reach the same servers are worth the same
    std::map<std::pair<std::string, std::vector<bool>>, count> known;
    for (const auto c : inside) {
        const auto [it, fresh] = known.emplace(
            std::pair(to_string(s.clients[c].ports), std::vector<bool>(reach[c])), count(0));
        if (fresh) it->second = of_one(s, reach, nat, c, reading);
        out[c] = it->second;
    }
    return out;
}

std::vector<demand_list> shares_of(const scenario& s, const std::vector<bin>& bins,
                                   const demand_list& demand) {
    const work_step here("dealing a demand to external addresses");
    std::vector<demand_list> out(bins.size());
    for (const auto& d : demand) {
        const count all = s.clients[d.client].addresses.size();
        count before = 0;
        for (std::size_t b = 0; b < bins.size(); ++b) {
            poll();
            if (bins[b][d.client].empty()) continue;
            const count after = before + bins[b][d.client].size();
            const count mine = d.connections * after / all - d.connections * before / all;
            if (mine > 0) out[b].push_back({d.client, d.server, mine});
            before = after;
        }
    }
    return out;
}

namespace {

struct host {
    std::size_t client;
    std::vector<std::pair<std::size_t, double>> wants;  // server, part of one bin's room
    double size = 0;
};

// Puts hosts one by one where they fit; best: where least is left.
bool put_all(const std::vector<host>& hosts, const scenario& s, bool best,
             std::vector<std::vector<double>> used, std::vector<bin>& out) {
    for (const auto& h : hosts) {
        std::size_t found = out.size();
        double least = 0;
        for (std::size_t b = 0; b < out.size(); ++b) {
            poll();
            bool room = true;
            double left = 0;
            for (const auto& [server, want] : h.wants) {
                const double rest = 1 - used[b][server] - want;
                room = room && rest > -1e-9;
                left += rest;
            }
            if (!room || (found < out.size() && left >= least)) continue;
            found = b;
            least = left;
            if (!best) break;
        }
        if (found == out.size()) return false;
        for (const auto& [server, want] : h.wants) used[found][server] += want;
        out[found][h.client] = s.clients[h.client].addresses;
    }
    return true;
}

std::vector<std::size_t> of_several(const scenario& s, const std::vector<std::size_t>& inside) {
    std::vector<std::size_t> out;
    for (const auto c : inside)
        if (s.clients[c].addresses.size() > 1) out.push_back(c);
    return out;
}

}  // namespace

std::vector<bin> dealt_as(const scenario& s, const nat_plan& plan,
                          const std::vector<std::size_t>& inside,
                          const std::vector<std::uint64_t>& at) {
    auto out = dealt_evenly(s, of_several(s, inside), plan.pool_size);
    for (const auto c : inside) {
        if (s.clients[c].addresses.size() > 1) continue;
        if (c >= at.size() || at[c] >= out.size()) return {};
        out[static_cast<std::size_t>(at[c])][c] = s.clients[c].addresses;
    }
    return out;
}

std::vector<bin> packed(const scenario& s, const nat_plan& plan,
                        const std::vector<std::size_t>& inside,
                        const std::vector<pair_demand>& demand) {
    auto even = dealt_evenly(s, of_several(s, inside), plan.pool_size);
    if (even.empty()) return {};
    port_set given;
    for (const auto c : inside) given = given | given_to(plan, s.clients[c].ports);
    std::vector<double> room;
    for (std::size_t v = 0; v < s.servers.size(); ++v)
        room.push_back(static_cast<double>(room_of(plan, s.servers[v], given)));
    std::vector<std::vector<double>> used(even.size(), std::vector<double>(s.servers.size(), 0));
    std::map<std::size_t, host> hosts;
    for (const auto& d : demand) {
        const double part = static_cast<double>(d.connections) / std::max(1.0, room[d.server]);
        if (s.clients[d.client].addresses.size() > 1) {
            const auto all = static_cast<double>(s.clients[d.client].addresses.size());
            for (std::size_t b = 0; b < even.size(); ++b) {
                poll();
                used[b][d.server] += part * static_cast<double>(even[b][d.client].size()) / all;
            }
            continue;
        }
        auto& h = hosts[d.client];
        h.client = d.client;
        h.wants.emplace_back(d.server, part);
        h.size = std::max(h.size, part);
    }
    // With no host to be put the rest is one whole copy after the other of what may be millions.
    if (hosts.empty()) return even;
    std::vector<host> order;
    for (auto& [c, h] : hosts) order.push_back(std::move(h));
    const auto sum = [](const host& h) {
        double out = 0;
        for (const auto& w : h.wants) out += w.second;
        return out;
    };
    for (const bool by_sum : {false, true}) {
        std::stable_sort(order.begin(), order.end(), [&](const host& a, const host& b) {
            return by_sum ? sum(a) > sum(b) : a.size > b.size;
        });
        for (const bool best : {false, true})
            if (auto out = even; put_all(order, s, best, used, out)) return out;
    }
    return {};
}

std::optional<too_few_bins> needs_more_bins(const scenario& s, const nat_plan& plan,
                                            const std::vector<pair_demand>& demand) {
    std::map<std::size_t, std::vector<pair_demand>> by_server;
    for (const auto& d : demand)
        if (s.clients[d.client].addresses.size() == 1) by_server[d.server].push_back(d);
    for (const auto& [v, list] : by_server) {
        port_set given;
        std::vector<count> sizes;
        for (const auto& d : list) {
            given = given | given_to(plan, s.clients[d.client].ports);
            sizes.push_back(d.connections);
        }
        const count room = room_of(plan, s.servers[v], given);
        std::set<count> thresholds(sizes.begin(), sizes.end());
        thresholds.insert(0);
        for (const auto& t : thresholds) {
            if (2 * t > room) break;
            count bins = 0, left = 0, small = 0;
            for (const auto& x : sizes) {
                poll();
                if (x > room - t) {
                    ++bins;
                } else if (2 * x > room) {
                    ++bins;
                    left += room - x;
                } else if (x >= t) {
                    small += x;
                }
            }
            if (small > left) bins += (small - left + room - 1) / room;
            if (bins <= plan.pool_size) continue;
            return too_few_bins{{{"server", s.servers[v].name}, {"threshold", json_count(t)}},
                                "paired pooling: one external address has room for " +
                                    grouped(room) + " connections to " + s.servers[v].name +
                                    ", so that the " + grouped(sizes.size()) +
                                    " client addresses that want some need " + grouped(bins) +
                                    " of them; " + plan.of->name + " has " +
                                    grouped(plan.pool_size)};
        }
    }
    return std::nullopt;
}

}  // namespace natbound
