#pragma once
// The most mappings (weighted: connections) that one key of a group holds: a maximum flow from
// source classes to external classes, heaviest mappings first. Sets of mappings that fit are the
// independent sets of a transversal matroid (Edmonds and Fulkerson 1965), so the greedy order is
// optimal, and what fits of the mappings that weigh at least w is a maximum flow for each w.
#include <vector>

#include "natbound/solver/classes.hpp"

namespace natbound {

// How many mappings of a source class sit on an external class, keeping their own port or searched.
struct placement {
    std::uint32_t source = 0, external = 0;
    bool keeps = false;
    count size;
};

// Mappings that weigh `weight` or more: `most` of them fit, since the closed ones may use the open
// externals alone, and the others are so many.
struct level {
    count weight;
    std::vector<bool>
        closed;  // by source class; false too for lighter classes, which are not spoken of
    std::vector<bool> open;  // by external class
    count most;
};

struct pairing {
    std::vector<level> levels;  // heaviest first
    std::vector<placement> placements;
};

pairing pair_up(const group& g);

}  // namespace natbound
