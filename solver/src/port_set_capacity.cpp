// The maximum with port sets. A subscriber with b sets holds at most f(b) connections, f concave
// (port_set_room.hpp), and what one holds is nothing to another. So the maximum is the largest sum
// of f over the subscribers with at most `each` sets apiece and at most all of them together: a
// separable concave sum, for which always giving the next set where it adds most is best.
#include <algorithm>
#include <map>
#include <utility>

#include "natbound/model/port_sets.hpp"
#include "natbound/model/work.hpp"
#include "paired_sets.hpp"
#include "port_set_dealing.hpp"
#include "port_set_laying.hpp"
#include "port_sets.hpp"
#include "server_room.hpp"
#include "words.hpp"

namespace natbound {

namespace bj = boost::json;

port_set_supply supply_of(const nat& n, const count& subscribers) {
    const port_set_layout layout(n);
    const auto& rule = *n.port_set;
    if (!rule.deterministic) return {0, layout.sets(), rule.port_sets_per_subscriber, subscribers};
    if (!rule.dynamic) return {1, 0, 1, subscribers};  // no more subscribers than sets
    return {1, layout.dynamic_sets(), count(1) + rule.dynamic->port_sets_per_subscriber,
            subscribers};
}

std::string shared_in_words(const nat& n, const port_set_supply& supply) {
    const auto& rule = *n.port_set;
    return grouped(supply.shared) + (rule.dynamic ? " dynamic" : "") + " port sets of " +
           grouped(rule.dynamic ? rule.dynamic->port_set_size : rule.port_set_size) + " ports";
}

std::string own_in_words(const nat& n, const port_set_supply& supply) {
    const auto& rule = *n.port_set;
    const std::string size = " of " + grouped(rule.port_set_size) + " ports";
    if (rule.dynamic)
        return "a port set" + size + " and " + shared_in_words(n, {0, supply.each - 1, 0, 0});
    return (supply.each == 1 ? "a port set" : grouped(supply.each) + " port sets") + size;
}

namespace {

// Where sets are deterministic, parted by what static mappings keep of them; of sets that are dealt
// on demand nothing is said to be kept, which is a bound.
std::vector<part_of_clients> parts_of(const scenario& s, const reach_table& reach, const nat& n,
                                      std::size_t c) {
    std::vector<part_of_clients> out;
    const auto& addresses = s.clients[c].addresses;
    if (!n.static_mappings || dealt_on_demand(*n.port_set)) {
        out.push_back({c, addresses.size(), subscriber_room(s, reach, n, {c})});
        return out;
    }
    std::map<const alike_sets*, std::size_t> known;
    for (const auto& cls : with_own_sets(n, numbered_subscribers(s, n), addresses)) {
        const auto* sets = cls.layers.front().of.get();
        const auto [it, fresh] = known.try_emplace(sets, out.size());
        if (fresh) out.push_back({c, 0, subscriber_room(s, reach, n, {c}, sets->kept)});
        out[it->second].subscribers += cls.addresses.size();
    }
    return out;
}

// What sets the number, and in words.
void explain(const scenario& s, const nat& n, const std::vector<part_of_clients>& shares,
             const port_set_supply& supply, nat_capacity& out) {
    bool wanted = false, quota = false, own = true;
    count subscribers = 0;
    std::vector<std::string> names;
    std::vector<std::size_t> clients;
    for (const auto& one : shares) {
        const auto at = [&](const count& sets) { return one.room.above(sets); };
        const count enough = count(port_count) * port_count;  // more than any has sockets for
        wanted = wanted || (one.whole < supply.each && at(one.whole + 1) > at(one.whole));
        own = own && at(one.whole) == at(enough) && one.more == 0;
        quota = quota || (one.room.quota() && at(one.whole) == *one.room.quota());
        subscribers += one.subscribers;
        names.push_back(s.clients[one.client].name);
        clients.push_back(one.client);
    }
    out.binds = "ports";
    if (own && quota) {
        out.binds = "quota";
        out.sets_it = "each of the " + grouped(subscribers) + " addresses of " + listed(names) +
                      " may have " + grouped(*n.connection_limits.limit_per_subscriber) +
                      " connections (quota of " + n.name + ")";
    } else if (own) {
        out.binds = "sockets";
        out.sets_it = sockets_in_words(s, clients);
    } else if (wanted) {
        out.sets_it = n.name + " has " + shared_in_words(n, supply) + " for the " +
                      grouped(subscribers) + " addresses of " + listed(names);
    } else {
        out.sets_it = "each of the " + grouped(subscribers) + " addresses of " + listed(names) +
                      " has " + own_in_words(n, supply) + " (" + n.name +
                      "), and uses no other port";
    }
}

// Whoever has which set, no more fit than if nothing said whose a port is: that counts what static
// mappings keep.
void as_if_undealt(const scenario& s, const reach_table& reach, std::size_t nat,
                   const std::vector<std::size_t>& inside, const bj::storage_ptr& memory,
                   nat_capacity& out) {
    scenario open = s;
    open.nats[nat] = undealt(s.nats[nat]);
    open.nats[nat].design.pool = {};
    open.nats[nat].design.pool.choice = pool_choice::random;
    auto all = capacity_of(open, reach, nat, inside, memory);
    if (all.at_most >= out.at_most || all.rough) return;
    out.at_most = all.at_most;
    out.binds = std::move(all.binds);
    out.sets_it = std::move(all.sets_it);
    out.does_not_fit = std::move(all.does_not_fit);
}

}  // namespace

void lay_out(nat_capacity& out, const scenario& s, const reach_table& reach, std::size_t nat,
             const std::vector<std::size_t>& inside, const std::vector<numbered_addresses>& numbers,
             const bj::storage_ptr& memory, server_room* room) {
    out.dealt.clear();
    out.blocks.clear();
    try {
        out.blocks = laid_in_sets(s, reach, nat, inside, numbers, memory);
    } catch (const limit_reached&) {  // the bound from above stands
    }
    if (room) {
        // what there is room for, and of that what the limits of the NAT leave
        auto other = *room;
        out.blocks = other.admit(out.blocks);
    }
    keep_limits(out, s.nats[nat]);
    if (room) room->admit(out.blocks);
    if (out.at_least == out.at_most)
        out.why_bounds.clear();
    else if (out.why_bounds.empty())
        out.why_bounds = "which connections are best laid in the port sets of " + s.nats[nat].name +
                         " is not settled";
}

nat_capacity port_set_capacity(const scenario& s, const reach_table& reach, std::size_t nat,
                               const std::vector<std::size_t>& inside,
                               const bj::storage_ptr& memory, server_room* room) {
    const auto& n = s.nats[nat];
    std::vector<part_of_clients> shares;
    count subscribers = 0;
    for (const auto c : inside) {
        const count here = s.clients[c].addresses.size();
        subscribers += here;
        if (std::find(reach[c].begin(), reach[c].end(), true) != reach[c].end())
            for (auto& part : parts_of(s, reach, n, c)) shares.push_back(std::move(part));
    }
    const auto supply = supply_of(n, subscribers);
    const natbound::nat whole = undealt(n);
    const nat_plan plan(whole);
    nat_capacity out;
    const auto above = [](const subscriber_room& r, const count& b) { return r.above(b); };
    deal(shares, supply, above);
    out.at_most = sum(shares, above);
    explain(s, n, shares, supply, out);
    if (pairs_sets(n))
        if (auto most = most_if_paired(s, reach, n, shares); most < out.at_most) {
            out.at_most = std::move(most);
            out.binds = "ports";
            out.sets_it = paired_in_words(n);
        }
    const auto limit = limit_of(s, reach, plan, inside);
    if (limit && limit->connections < out.at_most) {
        out.at_most = limit->connections;
        out.binds = limit->binds;
        out.sets_it = limit->in_words;
    }
    out.does_not_fit = bj::object(memory);
    out.does_not_fit.emplace("nat", n.name);
    out.does_not_fit.emplace("at-most", json_count(out.at_most));
    out.does_not_fit.emplace("table", limit ? json_count(limit->connections) : bj::value(nullptr));
    out.does_not_fit.emplace("port-sets", json_count(supply.sets()));

    if (n.static_mappings && dealt_on_demand(*n.port_set))
        as_if_undealt(s, reach, nat, inside, memory, out);
    if (n.static_mappings || room) {
        lay_out(out, s, reach, nat, inside, numbered_subscribers(s, n), memory, room);
        return out;
    }
    const auto below = [](const subscriber_room& r, const count& b) { return r.below(b); };
    deal(shares, supply, below);
    dealt_out best{as_dealt(shares), held(shares), {}};
    if (pairs_sets(n)) {
        if (auto on = packed(best.who, n))
            best.on = std::move(*on);
        else
            best = dealt_to_addresses(n, shares);
    }
    std::optional<count> table, mappings;
    if (plan.table) table = *plan.table;
    if (plan.mappings) mappings = *plan.mappings;
    const auto carried = kept(std::move(best.held), mappings, table);
    out.at_least = connections(carried);
    for (const auto& m : carried) out.mappings += m.mappings;
    if (out.at_least > 0)
        out.dealt.push_back({nat, out.at_least, std::move(best.who), std::move(best.on)});
    if (out.at_least < out.at_most) {
        for (const auto& one : shares)
            if (out.why_bounds.empty()) out.why_bounds = one.room.readings().why;
        if (out.why_bounds.empty() && !out.dealt.empty() && !out.dealt.front().on.empty())
            out.why_bounds = packing_in_words(n);
        if (out.why_bounds.empty())
            out.why_bounds =
                "how many connections the mappings can share that the limit on mappings leaves";
    }
    return out;
}

}  // namespace natbound
