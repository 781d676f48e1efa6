#pragma once
// A demand on ways out that share external endpoints: a placing in which no two of them use the
// same one, whatever the destination, or else towards the same server set. One NAT after the other
// takes as few of those that others have, too, as its own clients need.
#include <optional>

#include "natbound/solver/maximum.hpp"
#include "pair_demand.hpp"

namespace natbound {

// Nothing where none was found: another division may do.
std::optional<fit_result> placed_apart(const scenario& s, const demand_list& demand);

}  // namespace natbound
