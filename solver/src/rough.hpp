#pragma once
// Bounds from above by arithmetic alone, for where a limit of time or memory was reached.
#include "nat_capacity.hpp"

namespace natbound {

// Of one NAT: no more than its clients' sockets reach, than its external endpoints tell apart
// towards all destinations, than its limits admit. No connection is shown to fit.
nat_capacity rough_capacity(const scenario& s, const reach_table& reach, std::size_t nat,
                            const std::vector<std::size_t>& inside);

// Of the whole scenario: what the outermost NATs let out, what is routed, and no more than all
// sockets reach.
nat_capacity rough_maximum(const scenario& s);

}  // namespace natbound
