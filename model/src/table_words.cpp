// What sets how many entries a NAT's table has, in words.
#include "natbound/model/table_words.hpp"

namespace natbound {

std::string table_in_words(const nat& n, std::uint64_t entries, const char* table) {
    if (n.memory && n.memory->entries() == entries)
        return "the memory of " + n.name + " (" + to_string(*n.memory->total) + " for entries of " +
               to_string(*n.memory->per_entry) + ")";
    return std::string("the ") + table + " of " + n.name;
}

}  // namespace natbound
