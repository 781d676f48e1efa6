#pragma once
#include <boost/json.hpp>

#include "natbound/model/scenario.hpp"

namespace natbound {

// Limits of RFC 8512 that have no meaning here, or another name, each with what to write in its
// place. Throws input_error.
void refuse_other_limits(const boost::json::value& scenario);

// Makes limits per protocol limits of all, where the NAT carries that protocol alone, and leaves
// out those of protocols that it does not carry. Throws input_error where it carries several.
void join_protocol_limits(scenario& s);

}  // namespace natbound
