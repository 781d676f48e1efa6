#pragma once
// JSON merge patch (RFC 7396): how a design overrides another, and how a remedy changes a scenario.
#include <boost/json.hpp>
#include <string>

namespace natbound {

boost::json::value merge_patch(boost::json::value target, const boost::json::value& patch);

// A design is a name of the catalogue, a patch {base: NAME, ...} on one, or written out: made the
// last.
void resolve_design(boost::json::value& v, const std::string& path);

}  // namespace natbound
