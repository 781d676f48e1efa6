#pragma once
// Maximum flow and minimum cut in a directed network with integer capacities: what decides whether
// flows and external endpoints can be paired. Dinic's blocking flows (Dinitz 1970) on levels
// counted back from the sink, so that a search never enters a dead end twice; all arcs in flat
// arrays, ordered by tail. Deterministic: the same network gives the same flow.
//
// Number is std::int64_t, or natbound::count where sums do not fit (exact at any size). The sum of
// the capacities of the source's arcs must be representable.
#include <cstdint>
#include <vector>

#include "natbound/model/integer.hpp"

namespace natbound {

template <class Number>
class flow_network {
  public:
    using node = std::uint32_t;
    using arc = std::uint32_t;

    explicit flow_network(node nodes) : nodes_(nodes) {}

    void reserve(std::size_t arcs);
    // Arcs are numbered 0, 1, ... in the order of adding. All arcs are added before the first
    // augment().
    arc add_arc(node from, node to, const Number& capacity);
    // More room on an arc; the next augment() continues from the flow that is there.
    void raise(arc a, const Number& by);

    // Augments the flow to a maximum one and returns what was added. Flow on arcs out of the source
    // never decreases.
    Number augment(node source, node sink);

    Number flow(arc a) const;
    // After augment(): which nodes the source still reaches. The arcs that leave this set are a
    // minimum cut.
    std::vector<bool> source_side(node source) const;

  private:
    void arrange();
    bool find_levels(node source, node sink);
    Number push_all(node source, node sink);

    struct added {
        node from, to;
    };

    node nodes_;
    std::vector<added> added_;
    std::vector<Number> capacity_;  // of added arcs, until arranged
    // Both directions of every arc, ordered by tail: the slots of node v are begin_[v] .. begin_[v
    // + 1] - 1.
    std::vector<std::uint32_t> begin_, head_, mate_, slot_of_;
    std::vector<Number> room_;  // by slot: what the arc still takes
    std::vector<std::uint32_t> level_, next_;
    std::vector<std::uint32_t> queue_, path_;
};

extern template class flow_network<std::int64_t>;
extern template class flow_network<count>;

}  // namespace natbound
