// Packing subscribers into external addresses.
#include "paired_sets.hpp"

#include <algorithm>
#include <map>
#include <numeric>
#include <set>

#include "natbound/model/port_sets.hpp"
#include "natbound/model/work.hpp"
#include "words.hpp"

namespace natbound {
namespace {

// The sets of one external address.
port_set_supply of_one(const nat& n) {
    return {0, port_set_layout(n).on_an_address(), n.port_set->port_sets_per_subscriber, 0};
}

// Addresses that have as many subscribers of each of `shares`.
struct evenly_dealt {
    count addresses;
    std::vector<count> subscribers;
};

// Each one's odd subscribers go to the addresses after those of the one before.
std::vector<evenly_dealt> dealt_evenly(const std::vector<part_of_clients>& shares,
                                       const count& addresses) {
    std::vector<std::pair<count, count>> odd;  // from which address on, how many
    std::set<count> cuts{0, addresses};
    count turn = 0;
    for (const auto& one : shares) {
        odd.emplace_back(turn, one.subscribers % addresses);
        cuts.insert(turn);
        turn = (turn + odd.back().second) % addresses;
        cuts.insert(turn);
    }
    std::vector<evenly_dealt> out;
    for (auto from = cuts.begin(); std::next(from) != cuts.end(); ++from) {
        poll();
        auto& here = out.emplace_back(evenly_dealt{*std::next(from) - *from, {}});
        for (std::size_t i = 0; i < shares.size(); ++i) {
            const auto& [first, many] = odd[i];
            const count after = (*from - first + addresses) % addresses;
            here.subscribers.push_back(shares[i].subscribers / addresses + (after < many ? 1 : 0));
        }
    }
    return out;
}

}  // namespace

std::optional<std::vector<alike_addresses>> packed(const std::vector<dealt_subscribers>& who,
                                                   const nat& n) {
    const count sets = of_one(n).shared;
    count addresses = n.external_ip_address_pool.size();
    std::vector<std::size_t> order(who.size());
    std::iota(order.begin(), order.end(), std::size_t{0});
    std::stable_sort(order.begin(), order.end(),
                     [&](std::size_t a, std::size_t b) { return who[a].sets > who[b].sets; });
    std::vector<count> left;
    for (const auto& one : who) left.push_back(one.sets > 0 ? one.subscribers : count(0));
    std::vector<alike_addresses> out;
    for (;;) {
        poll();
        // one address is filled, and as many more likewise as there are subscribers for
        alike_addresses filled{addresses, {}};
        count room = sets;
        for (const auto i : order) {
            if (left[i] == 0) continue;
            const count here = std::min<count>(left[i], room / who[i].sets);
            if (here == 0) continue;
            room -= here * who[i].sets;
            filled.addresses = std::min<count>(filled.addresses, left[i] / here);
            filled.subscribers.emplace_back(i, here);
        }
        if (filled.subscribers.empty())
            return std::all_of(left.begin(), left.end(), [](const count& x) { return x == 0; })
                       ? std::optional(out)
                       : std::nullopt;
        if (addresses == 0) return std::nullopt;
        addresses -= filled.addresses;
        for (const auto& [i, here] : filled.subscribers) left[i] -= filled.addresses * here;
        out.push_back(std::move(filled));
    }
}

dealt_out dealt_to_addresses(const nat& n, std::vector<part_of_clients>& shares) {
    const auto supply = of_one(n);
    dealt_out out;
    for (const auto& here : dealt_evenly(shares, n.external_ip_address_pool.size())) {
        poll();
        for (std::size_t i = 0; i < shares.size(); ++i) shares[i].subscribers = here.subscribers[i];
        deal(shares, supply, [](const subscriber_room& r, const count& b) { return r.below(b); });
        auto& on = out.on.emplace_back(alike_addresses{here.addresses, {}});
        for (auto& one : as_dealt(shares)) {
            const auto known =
                std::find_if(out.who.begin(), out.who.end(), [&](const dealt_subscribers& d) {
                    return d.client == one.client && d.sets == one.sets;
                });
            const auto item = static_cast<std::size_t>(known - out.who.begin());
            on.subscribers.emplace_back(item, one.subscribers);
            const count all = one.subscribers * here.addresses;
            if (known == out.who.end())
                out.who.push_back({one.client, all, one.sets});
            else
                known->subscribers += all;
        }
        for (const auto& m : held(shares))
            out.held.push_back({m.weight, m.mappings * here.addresses});
        if (on.subscribers.empty()) out.on.pop_back();
    }
    return out;
}

count most_if_paired(const scenario& s, const reach_table& reach, const nat& n,
                     const std::vector<part_of_clients>& shares) {
    const auto supply = of_one(n);
    const count addresses = n.external_ip_address_pool.size();
    std::map<std::pair<std::string, std::vector<bool>>, std::pair<std::size_t, count>> kinds;
    for (std::size_t i = 0; i < shares.size(); ++i) {
        const auto c = shares[i].client;
        auto& [first, all] =
            kinds.try_emplace({to_string(s.clients[c].ports), reach[c]}, i, 0).first->second;
        all += shares[i].subscribers;
    }
    const auto above = [](const subscriber_room& r, const count& b) { return r.above(b); };
    count out = 0;
    for (const auto& [kind, one] : kinds) {
        poll();
        std::vector<part_of_clients> alone{shares[one.first]};
        for (const auto& [subscribers, times] :
             {std::pair{count(one.second / addresses + 1), count(one.second % addresses)},
              std::pair{count(one.second / addresses),
                        count(addresses - one.second % addresses)}}) {
            alone.front().subscribers = subscribers;
            deal(alone, supply, above);
            out += times * sum(alone, above);
        }
    }
    return out;
}

std::string paired_in_words(const nat& n) {
    const auto one = of_one(n);
    return "the port sets of a subscriber lie on one external address of " + n.name +
           " (paired pooling), which has " + grouped(one.shared) +
           (one.shared == 1 ? " set" : " sets") + ": dealt as evenly as can be";
}

std::string packing_in_words(const nat& n) {
    return "which subscribers best share an external address of " + n.name +
           " (paired pooling) is bin packing (NP-hard); they were dealt evenly";
}

}  // namespace natbound
