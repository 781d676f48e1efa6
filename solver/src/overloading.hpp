#pragma once
// A mapping that serves several clash-scope keys, on endpoints that are shared with others
// (overloading). Each external endpoint gets a pattern: the kinds of sockets that sit on it, one
// socket of each at most; it then carries, under each key, the heaviest of their mappings there.
// The best numbers of endpoints by pattern are a colouring problem in general (NP-hard): several
// greedy orders are tried until the bound from above is met, and then, where there are few
// patterns, an integer program.
#include <vector>

#include "blocks.hpp"
#include "shared_keys.hpp"

namespace natbound {

// The same pattern on endpoints number first .. first + size - 1 of an external class.
struct stretch {
    std::uint32_t external;
    count first, size;
    std::vector<std::size_t> kinds;
};

// Connections under all keys that one endpoint with this pattern carries.
count worth(const key_table& table, const std::vector<std::size_t>& kinds);

// Stretches worth as much as is found, not more than `enough`.
std::vector<stretch> share_endpoints(const group& g, const key_table& table, const count& enough);

// The largest worth of all that patterns can have, by an integer program, if that is found within
// Z3's limit and passes `known`: stretches of that worth; else nothing. Of up to some hundreds of
// patterns.
std::vector<stretch> best_patterns(const group& g, const key_table& table, const count& known,
                                   const count& enough);

// Laid out: each key's mapping on each endpoint is the heaviest one there.
std::vector<block> blocks_of(const group& g, const key_table& table,
                             const std::vector<stretch>& stretches, std::size_t nat);

// No more than so many connections: each key by itself, as if every endpoint were open to all.
count most_under_keys(const group& g, const key_table& table);

// The groups of a reading without overloading, laid out with it, for a bound from below: as much as
// is found of what fits, `enough` being known to be no less than the most.
std::vector<block> overloaded_blocks(const scenario& s, const std::vector<group>& groups,
                                     const clash_scope& scope, const count& enough,
                                     std::size_t nat);

}  // namespace natbound
