#pragma once
// JSON merge patch (RFC 7396): how a design overrides another, and how a remedy changes a scenario.
#include <boost/json.hpp>

namespace natbound {

boost::json::value merge_patch(boost::json::value target, const boost::json::value& patch);

}  // namespace natbound
