#pragma once
// The atoms of many sets together with the sets that each lies in. Like interval_set's atoms(), for
// thousands of sets of which few overlap.
#include <algorithm>
#include <map>
#include <vector>

#include "natbound/model/interval_set.hpp"

namespace natbound {

template <class T>
struct overlaid {
    interval_set<T> atom;
    std::vector<std::size_t> sets;  // ascending
};

template <class T>
std::vector<overlaid<T>> overlay(const std::vector<const interval_set<T>*>& sets) {
    struct event {
        T at;
        bool after;  // the change takes effect after `at`, not before it
        std::size_t set;
    };
    std::vector<event> events;
    for (std::size_t s = 0; s < sets.size(); ++s)
        for (const auto& part : sets[s]->parts()) {
            events.push_back({part.first, false, s});
            events.push_back({part.last, true, s});
        }
    std::sort(events.begin(), events.end(), [](const event& a, const event& b) {
        return a.at != b.at ? a.at < b.at : a.after < b.after;
    });
    std::vector<overlaid<T>> out;
    std::map<std::vector<std::size_t>, std::size_t> found;
    std::vector<std::size_t> open;
    T start{};
    bool ended = false;  // the axis' last value is behind
    const auto close_at = [&](T last) {
        if (open.empty() || ended || last < start) return;
        const auto [it, fresh] = found.try_emplace(open, out.size());
        if (fresh) out.push_back({{}, open});
        out[it->second].atom.append(start, last);
    };
    for (const auto& now : events) {
        if (now.after) {
            close_at(now.at);
            ended = now.at == static_cast<T>(~T{});
            start = static_cast<T>(now.at + 1);
            open.erase(std::lower_bound(open.begin(), open.end(), now.set));
        } else {
            if (now.at > T{}) close_at(static_cast<T>(now.at - 1));
            start = now.at;
            open.insert(std::lower_bound(open.begin(), open.end(), now.set), now.set);
        }
    }
    return out;
}

}  // namespace natbound
