#pragma once
#include <boost/json.hpp>

#include "natbound/solver/maximum.hpp"

namespace natbound {

boost::json::object maximum_part(const scenario& s, const maximum_result& m);

}  // namespace natbound
