#pragma once
#include <boost/json.hpp>

namespace natbound {

// `to: unknown` in a scenario's traffic where no server set has that name: one is made, of so many
// endpoints that all but the busiest hardly matter.
void stand_in_for_unknown(boost::json::value& scenario);

}  // namespace natbound
