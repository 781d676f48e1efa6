#pragma once
#include <boost/json.hpp>

#include "natbound/model/scenario.hpp"

namespace natbound {

// What to_json writes, as a value.
boost::json::value canonical(const scenario& s);

}  // namespace natbound
