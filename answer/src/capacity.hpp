#pragma once
#include <boost/json.hpp>

#include "natbound/solver/maximum.hpp"

namespace natbound {

boost::json::object maximum_part(const scenario& s, const maximum_result& m);

// The limit that the work reached (kind, step, says); empty where it reached none.
boost::json::object limit_json();

}  // namespace natbound
