#pragma once
// The maximum of a cascade. From above: what goes through a NAT is at most what it holds by itself,
// and at most what the NATs and clients inside it send. From below: the connections that an inner
// NAT places in its own maximum are, by their external endpoints, the flows of the outer one; as
// many of these as the outer NAT can hold are placed there. Where the two meet the maximum is
// exact.
#include <vector>

#include "nat_capacity.hpp"

namespace natbound {

// The outermost NATs of a scenario, each with all that is inside it. `flat` is side_by_side(s),
// `alone` each of its NATs by itself; their items of evidence are taken as they are.
std::vector<nat_capacity> through_cascades(const scenario& s, const scenario& flat,
                                           const std::vector<nat_capacity>& alone,
                                           const boost::json::storage_ptr& memory);

}  // namespace natbound
