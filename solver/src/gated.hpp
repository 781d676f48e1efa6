#pragma once
// Networks with gates (gates.hpp): what they can hold is what the same network without gates can,
// of which each gate lets so many through. A demand by pairs says how many meet each gate, so it
// fits where it fits without them and none has more than it lets through. Of the maximum each set
// of gates gives a bound, what they let through and all that meets none of them; where a flow
// decides, the least of these bounds is reached (maximum flow, minimum cut).
#include <boost/json.hpp>
#include <vector>

#include "nat_capacity.hpp"
#include "natbound/model/gates.hpp"
#include "natbound/solver/demand.hpp"
#include "natbound/solver/guaranteed.hpp"
#include "natbound/solver/maximum.hpp"

namespace natbound {

nat_capacity gated_maximum(const scenario& s, const boost::json::storage_ptr& memory);

// `at`: as for fits().
fit_result gated_fit(const scenario& s, const demand_list& demand,
                     const std::vector<std::uint64_t>& at);

// Takes gates into account: with as many live as it lets through it refuses the next, if there are
// more connections than that. `out` is of the scenario without gates: with fewer live nothing fails
// there, so that so many can be live.
void with_gates(const scenario& s, const std::vector<gate>& gates, guaranteed_result& out);

}  // namespace natbound
