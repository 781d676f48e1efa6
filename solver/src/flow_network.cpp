// Dinic's algorithm over flat arrays.
#include "natbound/solver/flow_network.hpp"
#include "natbound/model/work.hpp"

#include <algorithm>

namespace natbound {
namespace {

constexpr std::uint32_t unseen = UINT32_MAX;

}  // namespace

template <class Number>
void flow_network<Number>::reserve(std::size_t arcs) {
    added_.reserve(arcs);
    capacity_.reserve(arcs);
}

template <class Number>
auto flow_network<Number>::add_arc(node from, node to, const Number& capacity) -> arc {
    added_.push_back({from, to});
    capacity_.push_back(capacity);
    return static_cast<arc>(added_.size() - 1);
}

template <class Number>
void flow_network<Number>::arrange() {
    begin_.assign(nodes_ + 1, 0);
    for (const auto& a : added_) {
        ++begin_[a.from + 1];
        ++begin_[a.to + 1];
    }
    for (node v = 0; v < nodes_; ++v) begin_[v + 1] += begin_[v];
    head_.resize(2 * added_.size());
    mate_.resize(2 * added_.size());
    room_.resize(2 * added_.size());
    slot_of_.resize(added_.size());
    std::vector<std::uint32_t> place(begin_.begin(), begin_.end() - 1);
    for (std::size_t a = 0; a < added_.size(); ++a) {
        const std::uint32_t forth = place[added_[a].from]++;
        const std::uint32_t back = place[added_[a].to]++;
        head_[forth] = added_[a].to;
        head_[back] = added_[a].from;
        mate_[forth] = back;
        mate_[back] = forth;
        room_[forth] = capacity_[a];
        slot_of_[a] = forth;
    }
    level_.resize(nodes_);
    next_.resize(nodes_);
    queue_.resize(nodes_);
}

template <class Number>
void flow_network<Number>::raise(arc a, const Number& by) {
    if (slot_of_.empty())
        capacity_[a] += by;
    else
        room_[slot_of_[a]] += by;
}

// Levels are distances to the sink; the search stops once the source has one.
template <class Number>
bool flow_network<Number>::find_levels(node source, node sink) {
    std::fill(level_.begin(), level_.end(), unseen);
    std::size_t seen = 0;
    queue_[seen++] = sink;
    level_[sink] = 0;
    for (std::size_t done = 0; done < seen; ++done) {
        poll();
        const node v = queue_[done];
        const std::uint32_t further = level_[v] + 1;
        if (level_[source] != unseen && further > level_[source]) break;
        for (std::uint32_t s = begin_[v]; s < begin_[v + 1]; ++s) {
            const node u = head_[s];
            if (level_[u] != unseen || room_[mate_[s]] == 0) continue;
            level_[u] = further;
            queue_[seen++] = u;
        }
    }
    return level_[source] != unseen;
}

// A blocking flow: walks down the levels, and after each augmentation goes on from the tail of the
// first arc that it filled.
template <class Number>
Number flow_network<Number>::push_all(node source, node sink) {
    std::copy(begin_.begin(), begin_.end() - 1, next_.begin());
    Number total = 0;
    path_.clear();
    node at = source;
    while (true) {
        if (at == sink) {
            poll();
            std::size_t narrowest = 0;
            for (std::size_t i = 1; i < path_.size(); ++i)
                if (room_[path_[i]] < room_[path_[narrowest]]) narrowest = i;
            const Number by = room_[path_[narrowest]];
            for (const auto s : path_) {
                room_[s] -= by;
                room_[mate_[s]] += by;
            }
            total += by;
            path_.resize(narrowest + 1);
            at = head_[mate_[path_.back()]];
            path_.pop_back();
            continue;
        }
        std::uint32_t& s = next_[at];
        const std::uint32_t end = begin_[at + 1];
        while (s < end && (room_[s] == 0 || level_[head_[s]] + 1 != level_[at])) ++s;
        if (s < end) {
            path_.push_back(s);
            at = head_[s];
        } else {
            if (at == source) return total;
            level_[at] = unseen - 1;  // leads nowhere any more
            at = head_[mate_[path_.back()]];
            path_.pop_back();
        }
    }
}

template <class Number>
Number flow_network<Number>::augment(node source, node sink) {
    if (slot_of_.size() != added_.size() || begin_.empty()) arrange();
    Number total = 0;
    while (find_levels(source, sink)) total += push_all(source, sink);
    return total;
}

template <class Number>
Number flow_network<Number>::flow(arc a) const {
    return room_[mate_[slot_of_[a]]];
}

template <class Number>
std::vector<bool> flow_network<Number>::source_side(node source) const {
    std::vector<bool> reached(nodes_, false);
    std::vector<node> open{source};
    reached[source] = true;
    while (!open.empty()) {
        const node v = open.back();
        open.pop_back();
        for (std::uint32_t s = begin_[v]; s < begin_[v + 1]; ++s) {
            if (room_[s] == 0 || reached[head_[s]]) continue;
            reached[head_[s]] = true;
            open.push_back(head_[s]);
        }
    }
    return reached;
}

template class flow_network<std::int64_t>;
template class flow_network<count>;

}  // namespace natbound
