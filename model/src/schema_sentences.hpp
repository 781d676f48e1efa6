#pragma once
// A sentence for each field of the two formats, by struct and key: for the schema and the manual.
#include <map>
#include <string>

namespace natbound {

// "traffic_entry.hold" and its like; one for each field that the reader knows.
const std::map<std::string, const char*>& sentences();

}  // namespace natbound
