#pragma once
#include <boost/json.hpp>

#include "natbound/model/scenario.hpp"

namespace natbound {

boost::json::array failure_lines(const scenario& s);  // what clients see
boost::json::array watch_lines(const scenario& s);    // which counter shows it
// The same of clients whose own ports run out first.
boost::json::object out_of_ports_line();
boost::json::object out_of_ports_watch();

}  // namespace natbound
