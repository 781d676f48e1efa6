#pragma once
// What a formula for all sizes obliges to (docs/all-sizes.md), as SMT-LIB 2 without quantifiers or
// products.
#include <vector>

#include "all_sizes_terms.hpp"
#include "natbound/solver/unique.hpp"

namespace natbound {

// For each network, by its number: `bound`: nothing within the capacities passes a cut. `reached`:
// a flow to which nothing can be added is no less than the least cut. `heaviest-K`: filled in that
// order of weights, each gets what all cuts leave it, and all of that can be carried.
std::vector<obligation> all_sizes_obligations(const std::vector<cut_network>& networks);

}  // namespace natbound
