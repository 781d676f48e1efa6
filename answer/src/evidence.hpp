#pragma once
// What the answers share: counts as JSON, and certificates.
#include <boost/json.hpp>
#include <optional>
#include <string>
#include <vector>

#include "natbound/model/scenario.hpp"

namespace natbound {

// Counts above 2^53 are decimal text, so that every reader of JSON gets them exactly.
boost::json::value counted(const count& n);
boost::json::value counted(const std::optional<count>& n);

boost::json::array texts(const std::vector<std::string>& list);

// A body of docs/certificates.md with its envelope: schema, kind and the canonical scenario.
boost::json::object certificate(const char* kind, const scenario& s, boost::json::object body);

}  // namespace natbound
