// The maximum with port sets. A subscriber with b sets holds at most f(b) connections, f concave
// (port_set_room.hpp), and what one holds is nothing to another. So the maximum is the largest sum
// of f over the subscribers with at most `each` sets apiece and at most all of them together: a
// separable concave sum, for which always giving the next set where it adds most is best.
#include <algorithm>

#include "natbound/model/port_sets.hpp"
#include "port_sets.hpp"
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

// A client set: how many of its addresses have `whole` sets, and how many have one more.
struct part_of_clients {
    std::size_t client;
    count subscribers;
    subscriber_room room;
    count whole = 0, more = 0;
};

// Deals the sets out by what `value` says of them.
template <class Value>
void deal(std::vector<part_of_clients>& shares, const port_set_supply& supply, Value&& value) {
    count left = supply.shared;
    for (auto& one : shares) {
        one.whole = supply.own;
        one.more = 0;
    }
    while (left > 0) {
        part_of_clients* best = nullptr;
        count most = 0;
        for (auto& one : shares) {
            if (one.whole >= supply.each || one.more > 0) continue;
            const count gain = value(one.room, one.whole + 1) - value(one.room, one.whole);
            if (gain <= most) continue;
            most = gain;
            best = &one;
        }
        if (!best) return;
        const count given = std::min(left, best->subscribers);
        left -= given;
        if (given == best->subscribers)
            ++best->whole;
        else
            best->more = given;
    }
}

template <class Value>
count sum(const std::vector<part_of_clients>& shares, Value&& value) {
    count out = 0;
    for (const auto& one : shares)
        out += one.more * value(one.room, one.whole + 1) +
               (one.subscribers - one.more) * value(one.room, one.whole);
    return out;
}

std::vector<dealt_subscribers> as_dealt(const std::vector<part_of_clients>& shares) {
    std::vector<dealt_subscribers> out;
    for (const auto& one : shares) {
        if (one.more > 0) out.push_back({one.client, one.more, one.whole + 1});
        if (one.whole > 0 && one.more < one.subscribers)
            out.push_back({one.client, one.subscribers - one.more, one.whole});
    }
    return out;
}

mapping_list held(const std::vector<part_of_clients>& shares) {
    mapping_list out;
    for (const auto& one : shares)
        for (const auto& [many, sets] : {std::pair{one.more, count(one.whole + 1)},
                                         std::pair{count(one.subscribers - one.more), one.whole}})
            for (const auto& m : one.room.held(sets))
                if (many > 0) out.push_back({m.weight, m.mappings * many});
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

}  // namespace

nat_capacity port_set_capacity(const scenario& s, const reach_table& reach, std::size_t nat,
                               const std::vector<std::size_t>& inside,
                               const bj::storage_ptr& memory) {
    const auto& n = s.nats[nat];
    std::vector<part_of_clients> shares;
    count subscribers = 0;
    for (const auto c : inside) {
        const count here = s.clients[c].addresses.size();
        subscribers += here;
        if (std::find(reach[c].begin(), reach[c].end(), true) != reach[c].end())
            shares.push_back({c, here, subscriber_room(s, reach[c], n, c)});
    }
    const auto supply = supply_of(n, subscribers);
    const nat_plan plan(undealt(n));
    nat_capacity out;
    const auto above = [](const subscriber_room& r, const count& b) { return r.above(b); };
    deal(shares, supply, above);
    out.at_most = sum(shares, above);
    explain(s, n, shares, supply, out);
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

    deal(shares, supply, [](const subscriber_room& r, const count& b) { return r.below(b); });
    std::optional<count> table, mappings;
    if (plan.table) table = *plan.table;
    if (plan.mappings) mappings = *plan.mappings;
    const auto carried = kept(held(shares), mappings, table);
    out.at_least = connections(carried);
    for (const auto& m : carried) out.mappings += m.mappings;
    if (out.at_least > 0) out.dealt.push_back({nat, out.at_least, as_dealt(shares)});
    if (out.at_least < out.at_most) {
        for (const auto& one : shares)
            if (out.why_bounds.empty()) out.why_bounds = one.room.readings().why;
        if (out.why_bounds.empty())
            out.why_bounds =
                "how many connections the mappings can share that the limit on mappings leaves";
    }
    return out;
}

}  // namespace natbound
