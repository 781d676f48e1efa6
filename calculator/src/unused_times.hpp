#pragma once
// Times that a scenario gives and no traffic of it is held by: told, since who gives a number means
// it to count.
#include <string>
#include <vector>

#include "natbound/calculator/traffic.hpp"

namespace natbound::calculator::detail {

// A sentence each: timers of NATs beside `hold`, or of causes that no connection ends by; clients'
// time-wait without TCP; who closes first where nobody waits.
std::vector<std::string> unused_times(const scenario& s, const std::vector<stream>& streams);

}  // namespace natbound::calculator::detail
