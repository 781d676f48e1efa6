#pragma once
// A demand as certificates write it.
#include <boost/json.hpp>

#include "natbound/solver/demand.hpp"

namespace natbound {

boost::json::array to_json(const demand_list& pairs, const scenario& s,
                           const boost::json::storage_ptr& memory);

}  // namespace natbound
