#pragma once
// A set of integers as sorted, disjoint, closed intervals: the one representation of address sets
// and port sets.
#include <algorithm>
#include <cstddef>
#include <iterator>
#include <map>
#include <optional>
#include <stdexcept>
#include <utility>
#include <vector>

#include "natbound/model/integer.hpp"

namespace natbound {

template <class T>
struct interval {
    T first{}, last{};
    friend bool operator==(const interval&, const interval&) = default;
};

template <class T>
class interval_set {
  public:
    interval_set() = default;
    interval_set(T first, T last) : parts_{{first, last}} {}

    const std::vector<interval<T>>& parts() const { return parts_; }
    bool empty() const { return parts_.empty(); }

    // How many integers. Exact: the full 128-bit axis holds one more than 128 bits can say.
    count size() const {
        count total = 0;
        for (const auto& part : parts_) total += width(part);
        return total;
    }

    bool contains(T value) const {
        const auto after = std::upper_bound(parts_.begin(), parts_.end(), value,
                                            [](T v, const interval<T>& p) { return v < p.first; });
        return after != parts_.begin() && !(std::prev(after)->last < value);
    }

    // The element of that rank, counted from 0 in ascending order; rank < size().
    T at(u128 rank) const {
        for (const auto& part : parts_) {
            const u128 last_offset = static_cast<u128>(part.last) - static_cast<u128>(part.first);
            if (rank <= last_offset) return static_cast<T>(part.first + static_cast<T>(rank));
            rank -= last_offset + 1;
        }
        throw std::out_of_range("interval_set::at");
    }

    // The rank of an element, or nothing where it is not in the set.
    std::optional<u128> rank(T value) const {
        u128 before = 0;
        for (const auto& part : parts_) {
            if (value < part.first) return std::nullopt;
            if (!(part.last < value)) return before + (value - part.first);
            before += static_cast<u128>(part.last) - static_cast<u128>(part.first) + 1;
        }
        return std::nullopt;
    }

    // The elements of ranks from .. from + size - 1.
    interval_set slice(u128 from, const count& size) const {
        interval_set out;
        count left = size;
        for (const auto& part : parts_) {
            if (left == 0) break;
            const count here = width(part);
            if (to_count(from) >= here) {
                from -= static_cast<u128>(part.last) - static_cast<u128>(part.first) + 1;
                continue;
            }
            const T first = static_cast<T>(part.first + static_cast<T>(from));
            const count room = here - to_count(from);
            const count take = left < room ? left : room;
            const T last =
                take == room ? part.last
                             : static_cast<T>(first + static_cast<T>(static_cast<u128>(take - 1)));
            out.parts_.push_back({first, last});
            left -= take;
            from = 0;
        }
        return out;
    }

    void insert(T first, T last) {
        std::vector<interval<T>> merged;
        bool placed = false;
        for (const auto& part : parts_) {
            if (adjacent_below(part.last, first)) {
                merged.push_back(part);
            } else if (adjacent_below(last, part.first)) {
                if (!placed) merged.push_back({first, last});
                placed = true;
                merged.push_back(part);
            } else {
                first = std::min(first, part.first);
                last = std::max(last, part.last);
            }
        }
        if (!placed) merged.push_back({first, last});
        parts_ = std::move(merged);
    }

    // As insert, for an interval that begins after all that is here.
    void append(T first, T last) {
        if (parts_.empty() || adjacent_below(parts_.back().last, first))
            parts_.push_back({first, last});
        else
            parts_.back().last = last;
    }

    friend interval_set operator|(const interval_set& a, const interval_set& b) {
        std::vector<interval<T>> all;
        std::merge(a.parts_.begin(), a.parts_.end(), b.parts_.begin(), b.parts_.end(),
                   std::back_inserter(all),
                   [](const auto& x, const auto& y) { return x.first < y.first; });
        interval_set out;
        for (const auto& part : all) {
            if (out.parts_.empty() || adjacent_below(out.parts_.back().last, part.first))
                out.parts_.push_back(part);
            else
                out.parts_.back().last = std::max(out.parts_.back().last, part.last);
        }
        return out;
    }

    friend interval_set operator&(const interval_set& a, const interval_set& b) {
        interval_set out;
        auto i = a.parts_.begin();
        auto j = b.parts_.begin();
        while (i != a.parts_.end() && j != b.parts_.end()) {
            const T first = std::max(i->first, j->first);
            const T last = std::min(i->last, j->last);
            if (!(last < first)) out.parts_.push_back({first, last});
            if (i->last < j->last)
                ++i;
            else
                ++j;
        }
        return out;
    }

    friend interval_set operator-(const interval_set& a, const interval_set& b) {
        interval_set out;
        auto cut = b.parts_.begin();
        for (auto part : a.parts_) {
            bool left = true;
            while (cut != b.parts_.end() && cut->last < part.first) ++cut;
            for (auto c = cut; left && c != b.parts_.end() && !(part.last < c->first); ++c) {
                if (part.first < c->first)
                    out.parts_.push_back({part.first, static_cast<T>(c->first - 1)});
                if (c->last < part.last)
                    part.first = static_cast<T>(c->last + 1);
                else
                    left = false;
            }
            if (left) out.parts_.push_back(part);
        }
        return out;
    }

    friend bool operator==(const interval_set&, const interval_set&) = default;

  private:
    static count width(const interval<T>& part) {
        return to_count(static_cast<u128>(part.last) - static_cast<u128>(part.first)) + 1;
    }
    // a lies wholly below b, with at least one integer between them
    static bool adjacent_below(T a, T b) { return a<b&& static_cast<T>(b - a)> 1; }

    std::vector<interval<T>> parts_;
};

// The atoms of several sets: the coarsest partition of their union such that each set is a union of
// atoms. Linear in the number of interval ends.
template <class T>
std::vector<interval_set<T>> atoms(const std::vector<interval_set<T>>& sets) {
    struct event {
        T at;
        bool after;  // the change takes effect after `at`, not before it
        std::size_t set;
    };
    std::vector<event> events;
    for (std::size_t s = 0; s < sets.size(); ++s)
        for (const auto& part : sets[s].parts()) {
            events.push_back({part.first, false, s});
            events.push_back({part.last, true, s});
        }
    std::sort(events.begin(), events.end(), [](const event& a, const event& b) {
        return a.at != b.at ? a.at < b.at : a.after < b.after;
    });
    // Each elementary interval belongs to the sets that are open over it; intervals with the same
    // sets form one atom.
    std::vector<bool> open(sets.size(), false);
    std::size_t open_count = 0;
    std::map<std::vector<bool>, interval_set<T>> found;
    bool has_start = false;
    T start{};
    const auto close_at = [&](T last) {
        if (!has_start || last < start || open_count == 0) return;
        found[open].append(start, last);
    };
    for (std::size_t e = 0; e < events.size(); ++e) {
        const auto& now = events[e];
        if (now.after) {
            close_at(now.at);
            has_start = now.at != static_cast<T>(~T{});
            start = static_cast<T>(now.at + 1);
            open[now.set] = false;
            --open_count;
        } else {
            if (now.at > T{}) close_at(static_cast<T>(now.at - 1));
            has_start = true;
            start = now.at;
            open[now.set] = true;
            ++open_count;
        }
    }
    std::vector<interval_set<T>> out;
    for (auto& [sets_here, atom] : found) out.push_back(std::move(atom));
    return out;
}

}  // namespace natbound
