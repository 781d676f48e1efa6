#pragma once
// A cascade whose outer NAT deals out port sets, with NATs inside it that use no more ports of an
// external address than such an address, a subscriber of the outer one, may have there. What these
// place lies evenly over their addresses, and is passed on whole.
#include <vector>

#include "natbound/model/scenario.hpp"

namespace natbound {

// In the order in which they are worth trying, the scenario itself the last. What fits in any of
// them fits in it.
std::vector<scenario> thinner_inside(const scenario& s);

}  // namespace natbound
