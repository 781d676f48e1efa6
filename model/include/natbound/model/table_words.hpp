#pragma once
#include <cstdint>
#include <string>

#include "natbound/model/scenario.hpp"

namespace natbound {

// "the flow table of router", or where its memory has room for just so many entries "the memory of
// router (64MiB for entries of 320B)". `table`: what it is called where it is no memory.
std::string table_in_words(const nat& n, std::uint64_t entries, const char* table = "flow table");

}  // namespace natbound
