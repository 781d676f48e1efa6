#pragma once
// The traffic before a change and after it, as one.
#include <algorithm>
#include <string>

#include "after_runs.hpp"
#include "natbound/calculator/systems.hpp"
#include "natbound/calculator/traffic.hpp"

namespace natbound::calculator::detail {

inline bool same_sets_of(const stream& a, const stream& b) {
    return a.clients == b.clients && a.servers == b.servers;
}

// The streams of both, in the sets of the scenario after the change, and what becomes of the
// former. Those whose sets are gone are left out.
struct both_traffics {
    filled_traffic all;
    std::size_t before = 0;
    bool lost = false;

    both_traffics(const scenario& was, filled_traffic old, const scenario& now,
                  const filled_traffic& traffic) {
        for (auto& s : old.streams) {
            // of clients that are behind another NAT now
            const nat* behind = nat_of(was, s.clients);
            const auto place = [](const auto& sets, const std::string& name) {
                return static_cast<std::size_t>(
                    std::find_if(sets.begin(), sets.end(),
                                 [&](const auto& set) { return set.name == name; }) -
                    sets.begin());
            };
            s.clients = place(now.clients, was.clients[s.clients].name);
            s.servers = place(now.servers, was.servers[s.servers].name);
            const bool gone = s.clients == now.clients.size() || s.servers == now.servers.size();
            const nat* to = gone ? nullptr : nat_of(now, s.clients);
            if (gone || (behind && to && behind->name != to->name)) {
                lost = true;
                continue;
            }
            // a source goes on in its state, unless the change is one of how it switches
            const bool goes_on =
                std::any_of(traffic.streams.begin(), traffic.streams.end(), [&](const stream& t) {
                    return t.arrives.changes() && t.arrives.source == s.arrives.source &&
                           t.arrives.switching == s.arrives.switching;
                });
            if (s.arrives.changes() && !goes_on) s.arrives.source += std::size_t{1} << 20;
            const auto same =
                std::find_if(traffic.streams.begin(), traffic.streams.end(), [&](const stream& t) {
                    return same_sets_of(s, t) && t.weights.size() == s.weights.size();
                });
            if (!s.weights.empty() && same == traffic.streams.end()) s.weights.clear();
            all.streams.push_back(std::move(s));
        }
        before = all.streams.size();
        all.streams.insert(all.streams.end(), traffic.streams.begin(), traffic.streams.end());
        all.given = true;
    }
};

template <class Streams, class Same>
changed_streams changed(const Streams& streams, std::size_t before, const Same& same) {
    changed_streams out;
    out.before = before;
    for (std::size_t i = 0; i < before; ++i) {
        out.becomes.push_back(SIZE_MAX);
        for (std::size_t j = before; j < streams.size() && out.becomes.back() == SIZE_MAX; ++j)
            if (same(streams[i], streams[j])) out.becomes.back() = j;
    }
    return out;
}

}  // namespace natbound::calculator::detail
