#pragma once
// The maximum of all ways out at once, from below: where a flow decides over all NATs together, its
// own numbers by pair are a demand that fits, and a demand is laid out evenly.
#include <optional>
#include <vector>

#include "blocks.hpp"
#include "natbound/model/gates.hpp"

namespace natbound {

// Nothing where a flow does not decide (as_one), or its demand could not be laid out. `gates`: of
// what the scenario was before; they are one inside the other or apart, else nothing.
std::optional<std::vector<block>> laid_as_demand(const scenario& s,
                                                 const std::vector<gate>& gates = {});

}  // namespace natbound
