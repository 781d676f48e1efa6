#pragma once
#include <boost/json.hpp>

#include "natbound/model/scenario.hpp"

namespace natbound {

boost::json::array failure_lines(const scenario& s);  // what clients see
boost::json::array watch_lines(const scenario& s);    // which counter shows it

}  // namespace natbound
