#pragma once
// Where a mapping serves several clash-scope keys and another mapping may share its endpoint under
// a key that it does not use yet (overloading), two live flows are enough: A is mapped towards the
// first destination, B is given the same endpoint towards the second, and A's own flow to the
// second must use its mapping, whose endpoint is taken there. One live flow alone is no one's
// conflict.
#include <optional>

#include "filling.hpp"

namespace natbound::detail {

// Whether a mapping at this NAT may serve several keys at all, while two sockets are inside.
bool may_conflict(const scenario& s, const nat_plan& plan);

// Two such flows and the third, found by stepping the design; nothing where none was found among
// the first of each set.
std::optional<filling> find_conflict(const scenario& s, const nat_plan& plan);

}  // namespace natbound::detail
