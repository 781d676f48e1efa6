#pragma once
// Dealing out sets where they add most. With b sets a subscriber holds at most f(b) connections, f
// concave (port_set_room.hpp): always giving the next set where it adds most is best.
#include <algorithm>
#include <vector>

#include "port_set_evidence.hpp"
#include "port_set_room.hpp"
#include "port_sets.hpp"

namespace natbound {

// Addresses of a client set whose sets are alike: how many have `whole` sets, and how many have one
// more.
struct part_of_clients {
    std::size_t client;
    count subscribers;
    subscriber_room room;
    count whole = 0, more = 0;
};

template <class Value>
count sum(const std::vector<part_of_clients>& shares, Value&& value) {
    count out = 0;
    for (const auto& one : shares)
        out += one.more * value(one.room, one.whole + 1) +
               (one.subscribers - one.more) * value(one.room, one.whole);
    return out;
}

// What they have, as a certificate says it, and what they hold with it (as `below` reads it).
std::vector<dealt_subscribers> as_dealt(const std::vector<part_of_clients>& shares);
mapping_list held(const std::vector<part_of_clients>& shares);

// Each of `shares` has `subscribers`, of which `more` get one set over `whole` (own ones among
// them), and a `room` that `value` is asked of.
template <class Share, class Value>
void deal(std::vector<Share>& shares, const port_set_supply& supply, Value&& value) {
    struct next_set {
        count gain;
        Share* to;
    };
    std::vector<next_set> all;
    for (auto& one : shares) {
        one.whole = supply.own;
        one.more = 0;
        if (supply.shared == 0) continue;
        count before = value(one.room, supply.own);
        for (count b = supply.own + 1; b <= supply.each; ++b) {
            const count now = value(one.room, b);
            if (now <= before) break;
            all.push_back({now - before, &one});
            before = now;
        }
    }
    std::stable_sort(all.begin(), all.end(),
                     [](const auto& a, const auto& b) { return a.gain > b.gain; });
    count left = supply.shared;
    for (const auto& next : all) {
        if (left == 0) return;
        const count given = std::min(left, next.to->subscribers);
        left -= given;
        if (given == next.to->subscribers)
            ++next.to->whole;
        else
            next.to->more = given;
    }
}

}  // namespace natbound
