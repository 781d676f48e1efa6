#pragma once
// Device profiles: published limits that fill in what a NAT of a scenario leaves out.
#include <boost/json.hpp>
#include <string>

namespace natbound {

// Puts the limits of the NAT's `profile` (a name of the catalogue, or one written out) where the
// NAT leaves them out, and leaves the profile's name and sources. Throws input_error.
void resolve_profile(boost::json::object& nat, const std::string& path);

}  // namespace natbound
