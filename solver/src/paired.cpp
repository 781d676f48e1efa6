// Dealing client addresses to external addresses.
#include "paired.hpp"

#include <algorithm>
#include <map>
#include <set>

#include "natbound/model/plan.hpp"
#include "natbound/model/work.hpp"
#include "natbound/solver/flow_network.hpp"
#include "needed_mappings.hpp"
#include "words.hpp"

namespace natbound {
namespace {

// How many of these ports static mappings leave on an address, for flows of that protocol; on the
// one of the pool that has the most.
count left_at(const nat_plan& plan, transport protocol, const port_set& given,
              const ip_address& address) {
    return (given - plan.holes.at(protocol, address)).size();
}
count most_left(const nat_plan& plan, transport protocol, const port_set& given) {
    if (plan.holes.empty()) return given.size();
    count out = 0;
    for (const auto& part : plan.holes.alike())
        out = std::max(out, left_at(plan, protocol, given, part.at(0)));
    return out;
}

// The connections to a server set that one external address can carry with so many ports: under
// each key a port carries one mapping, of as many connections as the key has endpoints for it.
count room_of(const nat_plan& plan, const server_set& v, const count& ports) {
    const auto& d = plan.design;
    const count all = v.addresses.size() * v.ports.size();
    if (d.clash_scope.destination == scope_destination::endpoint) return all * ports;
    const bool own =
        d.mapping_type == mapping_type::edm || d.mapping_type == mapping_type::eim_if_possible;
    const count weight = own ? count(1)
                         : d.mapping_type == mapping_type::adm ||
                                 d.clash_scope.destination == scope_destination::address
                             ? v.ports.size()
                             : all;
    const count keys =
        d.clash_scope.destination == scope_destination::address ? v.addresses.size() : count(1);
    return keys * weight * ports;
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

dealt_worth::dealt_worth(const scenario& s, const reach_table& reach, std::size_t nat,
                         const std::vector<std::size_t>& inside, const nat_reading& reading,
                         const std::optional<count>& quota)
    : pool_(nat_plan(s.nats[nat]).pool_size), quota_(quota) {
    std::map<std::pair<std::string, std::vector<bool>>, std::size_t> known;
    for (const auto c : inside) {
        const auto [it, fresh] = known.emplace(
            std::pair(to_string(s.clients[c].ports), std::vector<bool>(reach[c])), kinds_.size());
        if (fresh) {
            bin one(s.clients.size());
            one[c] = s.clients[c].addresses.slice(0, 1);
            std::vector<std::size_t> left{c};
            behind_one only(s, nat);
            const auto& behind = only.at(0, one, left);
            const nat_plan plan(behind.nats[nat]);
            auto& kind = kinds_.emplace_back();
            const auto given = given_to(plan, s.clients[c].ports);
            const nat_plan whole(s.nats[nat]);
            for (const auto& g : groups_of(behind, reach, plan, left, reading)) {
                const auto protocol = s.servers[g.to.front().server].protocol;
                auto& family = kind.families.emplace_back(
                    key_family{g.keys, most_left(whole, protocol, given), {}});
                for (const auto& source : g.sources)
                    family.mappings.emplace_back(source.weight, source.mappings);
                std::sort(family.mappings.rbegin(), family.mappings.rend());
            }
        }
        kinds_[it->second].members.emplace_back(c, s.clients[c].addresses.size());
    }
}

count dealt_worth::on_one(const alike& kind, const count& clients) const {
    count out = 0;
    for (const auto& family : kind.families) {
        count free = family.room;
        for (const auto& [weight, number] : family.mappings) {
            const count here = std::min<count>(free, clients * number);
            out += family.keys * weight * here;
            free -= here;
        }
    }
    return quota_ ? std::min<count>(out, clients * *quota_) : out;
}

count dealt_worth::of(const std::vector<bool>& chosen) const {
    count out = 0;
    for (const auto& kind : kinds_) {
        count all = 0;
        for (const auto& [c, addresses] : kind.members)
            if (chosen[c]) all += addresses;
        const count each = all / pool_, odd = all % pool_;
        if (odd > 0) out += odd * on_one(kind, each + 1);
        if (each > 0) out += (pool_ - odd) * on_one(kind, each);
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

// Bins that hold as many addresses of each client set, and of which the same ports are kept.
std::vector<std::vector<std::size_t>> alike_bins(const scenario& s, const nat_plan& plan,
                                                 const std::vector<bin>& bins) {
    const auto parts = plan.holes.alike();
    std::map<std::pair<std::size_t, std::vector<count>>, std::vector<std::size_t>> kinds;
    for (std::size_t b = 0; b < bins.size(); ++b) {
        poll();
        const auto here = plan.of->external_ip_address_pool.at(b);
        const auto part = std::find_if(parts.begin(), parts.end(),
                                       [&](const address_set& p) { return p.contains(here); });
        std::vector<count> sizes;
        for (std::size_t c = 0; c < s.clients.size(); ++c) sizes.push_back(bins[b][c].size());
        kinds[{static_cast<std::size_t>(part - parts.begin()), std::move(sizes)}].push_back(b);
    }
    std::vector<std::vector<std::size_t>> out;
    for (auto& [kind, list] : kinds) out.push_back(std::move(list));
    return out;
}

}  // namespace

std::vector<demand_list> shares_by_room(const scenario& s, const nat_plan& plan,
                                        const std::vector<std::size_t>& inside,
                                        const std::vector<bin>& bins, const demand_list& demand,
                                        const std::optional<count>& quota) {
    using node = flow_network<count>::node;
    const work_step here("dealing a demand to external addresses");
    port_set given;
    for (const auto c : inside) given = given | given_to(plan, s.clients[c].ports);
    const auto kinds = alike_bins(s, plan, bins);
    std::map<std::size_t, std::vector<const pair_demand*>> by_server;
    for (const auto& d : demand) by_server[d.server].push_back(&d);
    std::vector<demand_list> out(bins.size());
    for (const auto& one : by_server) {
        const std::size_t v = one.first;
        const auto& list = one.second;  // clang 14 captures no structured bindings
        const count endpoints = s.servers[v].addresses.size() * s.servers[v].ports.size();
        const auto of_pair = [](std::size_t i) { return static_cast<node>(2 + i); };
        const auto of_kind = [&](std::size_t k) { return static_cast<node>(2 + list.size() + k); };
        flow_network<count> net(of_kind(kinds.size()));
        count wanted = 0;
        for (std::size_t i = 0; i < list.size(); ++i) {
            net.add_arc(0, of_pair(i), list[i]->connections);
            wanted += list[i]->connections;
        }
        for (std::size_t k = 0; k < kinds.size(); ++k) {
            const auto address = plan.of->external_ip_address_pool.at(kinds[k].front());
            const count ports = left_at(plan, s.servers[v].protocol, given, address);
            net.add_arc(of_kind(k), 1, kinds[k].size() * room_of(plan, s.servers[v], ports));
        }
        std::vector<std::vector<flow_network<count>::arc>> arcs(list.size());
        for (std::size_t i = 0; i < list.size(); ++i)
            for (std::size_t k = 0; k < kinds.size(); ++k) {
                poll();
                const auto& c = s.clients[list[i]->client];
                count each = c.ports.size() * endpoints;
                if (quota) each = std::min<count>(each, *quota);
                each *= bins[kinds[k].front()][list[i]->client].size();
                arcs[i].push_back(net.add_arc(of_pair(i), of_kind(k), kinds[k].size() * each));
            }
        if (net.augment(0, 1) < wanted) return {};
        // The next pair's odd connections begin where the last one's ended: so no bin of a kind
        // has one more than its room.
        for (std::size_t k = 0; k < kinds.size(); ++k) {
            const auto& alike = kinds[k];
            std::size_t turn = 0;
            for (std::size_t i = 0; i < list.size(); ++i) {
                const count all = net.flow(arcs[i][k]);
                const count each = all / alike.size();
                const auto odd = static_cast<std::size_t>(all % alike.size());
                for (std::size_t j = 0; j < alike.size(); ++j) {
                    poll();
                    const count mine = each + (j < odd ? 1 : 0);
                    if (mine == 0) break;
                    out[alike[(turn + j) % alike.size()]].push_back(
                        {list[i]->client, list[i]->server, mine});
                }
                turn = (turn + odd) % alike.size();
            }
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
        room.push_back(static_cast<double>(
            room_of(plan, s.servers[v], most_left(plan, s.servers[v].protocol, given))));
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
        const count room =
            room_of(plan, s.servers[v], most_left(plan, s.servers[v].protocol, given));
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
