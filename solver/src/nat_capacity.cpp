// Putting one NAT's groups and limits together.
#include "nat_capacity.hpp"

#include <algorithm>
#include <map>
#include <set>

#include "backends.hpp"
#include "firewall.hpp"
#include "hall.hpp"
#include "natbound/model/cascade.hpp"
#include "natbound/model/error.hpp"
#include "natbound/model/work.hpp"
#include "overloading.hpp"
#include "paired.hpp"
#include "port_sets.hpp"
#include "quota.hpp"
#include "server_room.hpp"
#include "subscribers.hpp"
#include "words.hpp"

namespace natbound {

namespace bj = boost::json;

namespace {

struct solved {
    std::vector<group> groups;
    std::vector<pairing> pairings;
    count most;

    explicit solved(std::vector<group> all) : groups(std::move(all)) {
        for (const auto& g : groups) {
            pairings.push_back(pair_up(g));
            most += most_of(g, pairings.back());
        }
    }
    std::vector<block> blocks(std::size_t nat) const {
        std::vector<block> out;
        for (std::size_t i = 0; i < groups.size(); ++i) {
            auto some = blocks_of(groups[i], pairings[i], nat);
            std::move(some.begin(), some.end(), std::back_inserter(out));
        }
        return out;
    }
};

// What fits without a quota, of the clients that are left.
count most_of_others(const scenario& s, const reach_table& reach, const nat_plan& plan,
                     const nat_reading& reading, const capped_clients& capped) {
    const auto [others, inside] = capped.others(s);
    return solved(groups_of(others, reach, plan, inside, reading)).most;
}

// The clients that are best counted by their quota: by a minimum cut, or where mappings are shared
// the best of none, all, and those with one client set after the other changed.
capped_clients best_capped(const scenario& s, const reach_table& reach, const nat_plan& plan,
                           const std::vector<std::size_t>& inside, const nat_reading& reading,
                           const count& quota) {
    if (reading.mapping == mapping_type::edm)
        return cut_of(s, inside, quota, groups_of(s, reach, plan, inside, reading));
    const auto value = [&](const capped_clients& c) {
        return c.connections() + most_of_others(s, reach, plan, reading, c);
    };
    capped_clients best(s, inside, quota), all = best;
    for (const auto c : inside) all.cap(c, s.clients[c].addresses);
    count least = value(best);
    const auto consider = [&](const capped_clients& one) {
        if (const count here = value(one); here < least) {
            least = here;
            best = one;
        }
    };
    consider(all);
    if (inside.size() <= 64)
        for (const auto c : inside) {
            auto one = best;
            one.toggle(s, c);
            consider(one);
        }
    return best;
}

// Server sets that are counted by their backends, and the others by groups.
struct bound_by_backends {
    std::vector<std::pair<std::size_t, backend_count>> servers;
    count most;  // of `servers`
    std::string in_words;
    solved others;

    bj::array json(const scenario& s, const bj::storage_ptr& memory) const {
        bj::array out(memory);
        for (const auto& [v, one] : servers) out.emplace_back(one.json(s, v, memory));
        return out;
    }
};

// The least of: no server set counted by its backends, all, each alone.
bound_by_backends least_by_backends(const scenario& s, const reach_table& reach,
                                    const nat_plan& plan, const std::vector<std::size_t>& inside,
                                    const nat_reading& reading) {
    std::vector<std::pair<std::size_t, backend_count>> crowded;
    for (const auto v : crowded_at(s, reach, plan, inside))
        if (auto one = count_by_backends(s, reach, plan, inside, v, reading))
            crowded.emplace_back(v, std::move(*one));
    const auto by = [&](const std::vector<std::pair<std::size_t, backend_count>>& servers) {
        bound_by_backends out{servers, 0, {}, solved({})};
        if (servers.empty()) {
            out.others = solved(groups_of(s, reach, plan, inside, reading));
            return out;
        }
        auto rest = reach;
        auto open = reading;  // an address may come from a destination that is left out
        if (open.pool == pool_reading::any_hashed) open.pool = pool_reading::any;
        for (const auto& [v, one] : servers) {
            for (auto& row : rest) row[v] = false;
            out.most += one.most;
            out.in_words += (out.in_words.empty() ? "" : "; ") + s.servers[v].name + " has " +
                            grouped(backends_of(s.servers[v])) +
                            " backends, and each external endpoint at most one connection to "
                            "each: " +
                            grouped(one.most) + " connections";
        }
        out.others = solved(groups_of(s, rest, plan, inside, open));
        return out;
    };
    auto best = by({});
    const auto consider = [&](const std::vector<std::pair<std::size_t, backend_count>>& servers) {
        auto one = by(servers);
        if (one.most + one.others.most < best.most + best.others.most) best = std::move(one);
    };
    if (!crowded.empty()) consider(crowded);
    if (crowded.size() > 1)
        for (const auto& one : crowded) consider({one});
    return best;
}

// At least so many fit: of a reading, and of what mappings can share where they may.
std::vector<block> blocks_below(const scenario& s, const std::vector<group>& groups,
                                const clash_scope& scope, const nat_readings& readings,
                                const count& enough, std::size_t nat) {
    auto apart = solved(groups).blocks(nat);
    if (!readings.overloaded || connections(apart) >= enough) return apart;
    try {
        auto shared = overloaded_blocks(s, groups, scope, enough, nat);
        return connections(shared) > connections(apart) ? shared : apart;
    } catch (const limit_reached&) {
        return apart;
    }
}

// Client addresses that a bound counts by themselves, and how many connections they bring.
struct counted_apart {
    capped_clients who;
    count worth;
};

// The client sets that are best counted as dealt to the pool by themselves.
counted_apart best_dealt(const scenario& s, const reach_table& reach, std::size_t nat,
                         const nat_plan& plan, const std::vector<std::size_t>& inside,
                         const nat_reading& reading, const std::optional<count>& quota) {
    const dealt_worth worth(s, reach, nat, inside, reading, quota);
    const auto of = [&](const std::vector<bool>& chosen) {
        counted_apart out{{s, inside, 0}, worth.of(chosen)};
        for (const auto c : inside)
            if (chosen[c]) out.who.cap(c, s.clients[c].addresses);
        return out;
    };
    const auto value = [&](const std::vector<bool>& chosen) {
        const auto some = of(chosen);
        return some.worth + most_of_others(s, reach, plan, reading, some.who);
    };
    std::vector<bool> best(s.clients.size(), false);
    count least = value(best);
    const auto consider = [&](const std::vector<bool>& one) {
        if (const count here = value(one); here < least) {
            least = here;
            best = one;
        }
    };
    consider(std::vector<bool>(s.clients.size(), true));
    if (inside.size() <= 64)
        for (const auto c : inside) {
            auto one = best;
            one[c] = !one[c];
            consider(one);
        }
    return of(best);
}

// At least so many fit, no address passing the quota.
std::vector<block> blocks_with_quota(const scenario& s, const reach_table& reach,
                                     const nat_plan& plan, const std::vector<std::size_t>& inside,
                                     const nat_readings& readings, const count& quota,
                                     const count& enough, std::size_t nat,
                                     const server_room* room) {
    auto reading = readings.below ? *readings.below : readings.above;
    if (reading.mapping != mapping_type::edm) {
        const auto thin = thinned_to(s, reach, inside, quota);
        return thin.named_back(
            blocks_below(thin.s, groups_of(thin.s, thin.reach, plan, thin.inside, reading),
                         plan.design.clash_scope, readings, enough, nat));
    }
    auto groups = groups_of(s, reach, plan, inside, reading);
    for (const auto& g : groups)
        if (std::any_of(g.sources.begin(), g.sources.end(),
                        [](const auto& c) { return !c.same_port.empty(); })) {
            reading.by_pair = true;
            groups = groups_of(s, reach, plan, inside, reading);
            break;
        }
    return blocks_within(groups, nat, quota, room);
}

// What the servers have room for, of the blocks that fit without regard to it, or of those of
// clients who are parted by what there is room for: whichever is more.
void keep_room(nat_capacity& out, const scenario& s, const reach_table& reach, const nat_plan& plan,
               std::size_t nat, const std::vector<std::size_t>& inside,
               const bj::storage_ptr& memory, server_room& room) {
    server_room other = room;
    if (plan.mappings) keep_mappings(out.blocks, *plan.mappings);
    auto parts =
        parted_to_room(s, reach, nat, inside, room, plan.quota.has_value() || plan.pairs());
    out.blocks = room.admit(out.blocks);
    if (!parts) return;
    auto& limits = parts->s.nats.front();
    limits.connection_limits.limit_per_instance.reset();
    if (!plan.mappings) limits.mapping_limits.limit_port_mappings.reset();
    auto parted = capacity_of(parts->s, parts->reach, 0, parts->inside, memory);
    auto blocks = other.admit(parts->named_back(std::move(parted.blocks)));
    if (connections(blocks) < connections(out.blocks)) return;
    out.blocks = std::move(blocks);
    room = std::move(other);
}

// Towards server sets with fewer backends than endpoints what a flow deals out over all of these,
// in place of what there is towards as many endpoints as backends, where that is more.
void lay_by_backends(nat_capacity& out, const scenario& s, const reach_table& reach,
                     const nat_plan& plan, std::size_t nat, const std::vector<std::size_t>& inside,
                     const nat_reading& reading) {
    for (const auto v : crowded_at(s, reach, plan, inside)) {
        if (s.servers[v].connection_limits || !flow_decides(s, reach, plan, inside, v, reading))
            continue;
        auto found = count_by_backends(s, reach, plan, inside, v, reading);
        auto others = without_servers(out.blocks, {v});
        if (!found || found->most <= connections(out.blocks) - connections(others)) continue;
        auto placed =
            blocks_to_backends(found->sockets, std::move(found->flow.placements.front()), nat);
        if (!placed) continue;
        std::move(placed->begin(), placed->end(), std::back_inserter(others));
        out.blocks = std::move(others);
    }
}

// Lets through to all endpoints of a server set with fewer backends what they tell apart at this
// NAT anyway, as long as it lives.
class opened_backends {
  public:
    opened_backends(const scenario& s, const reach_table& reach, const nat_plan& plan,
                    const std::vector<std::size_t>& inside, server_room* room)
        : room_(room) {
        if (!room_) return;
        const auto crowded = crowded_at(s, reach, plan, inside);
        for (std::size_t v = 0; v < s.servers.size(); ++v) {
            all_.push_back(v);
            if (!std::binary_search(crowded.begin(), crowded.end(), v)) room_->open({v}, true);
        }
    }
    ~opened_backends() {
        if (room_) room_->open(all_, false);
    }
    opened_backends(const opened_backends&) = delete;
    opened_backends& operator=(const opened_backends&) = delete;

    void open_all() const { room_->open(all_, true); }  // what is laid out by now

  private:
    server_room* room_;
    std::vector<std::size_t> all_;
};

// Those that others have no use for come first, and are dropped last where a table is too small.
void unlimited_first(std::vector<block>& blocks, const server_room& room) {
    std::stable_partition(blocks.begin(), blocks.end(), [&](const block& b) {
        return std::none_of(b.to->list.begin(), b.to->list.end(),
                            [&](const auto& item) { return room.limited(item.server); });
    });
}

// At least so many fit, of what a reading, its sharing and the quota leave.
std::vector<block> all_blocks(const scenario& s, const reach_table& reach, const nat_plan& plan,
                              const std::vector<std::size_t>& inside, const nat_readings& readings,
                              const std::optional<count>& quota, const count& enough,
                              std::size_t nat, const server_room* room = nullptr) {
    if (quota)
        return blocks_with_quota(s, reach, plan, inside, readings, *quota, enough, nat, room);
    return blocks_below(
        s, groups_of(s, reach, plan, inside, readings.below ? *readings.below : readings.above),
        plan.design.clash_scope, readings, enough, nat);
}

// Client addresses dealt evenly to external addresses, and each of these filled by itself.
std::vector<block> paired_blocks(const scenario& s, const reach_table& reach, const nat_plan& plan,
                                 const std::vector<std::size_t>& inside,
                                 const std::optional<count>& quota, const count& enough,
                                 std::size_t nat) {
    std::vector<block> out;
    const auto bins = dealt_evenly(s, inside, plan.pool_size);
    behind_one each(s, nat);
    try {
        for (std::size_t b = 0; b < bins.size(); ++b) {
            auto left = inside;
            const auto& one = each.at(b, bins[b], left);
            if (left.empty()) continue;
            const nat_plan here(one.nats[nat]);
            auto some = all_blocks(one, reach, here, left, readings_of(one, reach, here, left),
                                   quota, enough, nat);
            std::move(some.begin(), some.end(), std::back_inserter(out));
        }
    } catch (const limit_reached&) {  // those filled until then
    }
    return out;
}

}  // namespace

nat_capacity capacity_of(const scenario& s, const reach_table& reach, std::size_t nat,
                         const std::vector<std::size_t>& inside, const bj::storage_ptr& memory,
                         server_room* room) {
    if (s.nats[nat].port_set) return port_set_capacity(s, reach, nat, inside, memory, room);
    if (!translates(s.nats[nat])) return firewall_capacity(s, reach, nat, inside, memory, room);
    if (const auto most = subscribers_of(s, nat, inside))
        return capacity_of_subscribers(s, reach, nat, inside, *most, memory, room);
    const nat_plan plan(s.nats[nat]);
    const opened_backends told_apart(s, reach, plan, inside, room);
    const auto readings = readings_of(s, reach, plan, inside);
    const auto quota = quota_of(s, reach, plan, inside);
    std::optional<capped_clients> capped;
    count worth = 0;
    if (quota) {
        capped = best_capped(s, reach, plan, inside, readings.above, *quota);
        worth = capped->connections();
    }
    bool dealt = false;
    if (plan.pairs()) {
        auto some = best_dealt(s, reach, nat, plan, inside, readings.above, quota);
        const auto all = [&](const capped_clients& who, const count& many) {
            return many + most_of_others(s, reach, plan, readings.above, who);
        };
        dealt = !capped || all(some.who, some.worth) < all(*capped, worth);
        if (dealt) {
            capped = std::move(some.who);
            worth = some.worth;
        }
    }
    if (capped && !capped->any()) capped.reset();
    std::pair<scenario, std::vector<std::size_t>> others;
    if (capped) others = capped->others(s);
    const scenario& counted = capped ? others.first : s;
    const auto& left = capped ? others.second : inside;
    const auto bound = least_by_backends(counted, reach, plan, left, readings.above);
    const solved& above = bound.others;
    const auto limit = limit_of(s, reach, plan, inside);
    nat_capacity out;
    out.at_most = above.most;
    out.sets_it =
        shortage_in_words(counted, above.groups, above.pairings, readings.above.scope.destination);
    out.binds = out.sets_it.empty() ? "sockets" : "ports";
    if (out.sets_it.empty()) out.sets_it = sockets_in_words(counted, left);
    if (capped) {
        out.at_most += worth;
        out.binds = dealt ? "ports" : "quota";
        out.sets_it = (dealt ? capped->names(s) +
                                   " have one external address each (paired pooling): dealt as "
                                   "evenly as can be, they have room for " +
                                   grouped(worth) + " connections in all" +
                                   (quota ? ", each within its quota" : "")
                             : capped->in_words(s, s.nats[nat].name)) +
                      (above.most > 0 ? "; of the others: " + out.sets_it : "");
    }
    if (!bound.servers.empty()) {
        out.at_most += bound.most;
        out.binds = "servers";
        out.sets_it = bound.in_words + (above.most > 0 ? "; of the others: " + out.sets_it : "");
    }
    if (limit && limit->connections < out.at_most) {
        out.at_most = limit->connections;
        out.binds = limit->binds;
        out.sets_it = limit->in_words;
    }
    group_list groups(counted, memory);
    for (std::size_t i = 0; i < above.groups.size(); ++i)
        groups.add(above.groups[i], above.pairings[i]);
    out.does_not_fit = bj::object(memory);
    out.does_not_fit.emplace("nat", s.nats[nat].name);
    out.does_not_fit.emplace("at-most", json_count(out.at_most));
    out.does_not_fit.emplace("table", limit ? json_count(limit->connections) : bj::value(nullptr));
    if (capped) out.does_not_fit.emplace(dealt ? "paired" : "quota", capped->json(s, memory));
    if (!bound.servers.empty()) out.does_not_fit.emplace("backends", bound.json(s, memory));
    out.does_not_fit.emplace("groups", groups.json());

    try {
        const work_step here("laying out connections");
        if (plan.pairs())
            out.blocks = paired_blocks(s, reach, plan, inside, quota, out.at_most, nat);
        else if (quota || readings.below || !bound.servers.empty())
            out.blocks =
                all_blocks(s, reach, plan, inside, readings, quota, out.at_most, nat, room);
        else
            out.blocks = above.blocks(nat);
    } catch (const limit_reached&) {  // the bound from above stands
    }
    const auto ended = limit_hit();
    std::optional<work_pause> winding_up;
    if (ended) winding_up.emplace();
    std::optional<server_room> before;
    if (room) {
        before = *room;
        keep_room(out, s, reach, plan, nat, inside, memory, *room);
        if (!quota && !plan.pairs() && !ended)
            lay_by_backends(out, s, reach, plan, nat, inside,
                            readings.below ? *readings.below : readings.above);
        unlimited_first(out.blocks, *room);
    }
    keep_limits(out, s.nats[nat]);
    if (room) {  // what the limits of the NAT left of them
        *room = *before;
        told_apart.open_all();
        room->admit(out.blocks);
    }
    if (out.at_least < out.at_most)
        out.why_bounds =
            ended          ? ended->what()
            : plan.pairs() ? "which client addresses best share an external address (paired "
                             "pooling) is bin packing (NP-hard); they were dealt evenly" +
                                 std::string(plan.pool_size > most_bins
                                                 ? "; a pool of more than " + grouped(most_bins) +
                                                       " addresses is not dealt out"
                                                 : "")
            : !readings.why.empty() ? readings.why
            : quota
                ? "how connections that share mappings, or go to thousands of destinations, are "
                  "best dealt to subscribers within their quotas"
                : "how many connections the mappings can share that the limit on mappings leaves";
    return out;
}

}  // namespace natbound
