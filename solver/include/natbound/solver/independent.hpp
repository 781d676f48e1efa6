#pragma once
// Parts of a scenario that have nothing to do with one another.
#include <vector>

#include "natbound/solver/demand.hpp"

namespace natbound {

// One part: its NATs and client sets, with all servers, and what is wanted of it.
struct independent_part {
    scenario s;
    demand_list demand;  // by the part's own numbers
};

// For each client set, then each NAT, the number of its part. Together are a NAT and what is inside
// it, NATs and clients that have an external address in common, and clients that want (where
// nothing is said of what is wanted: that reach) the same server set where that has limits or
// backends.
std::vector<std::size_t> part_numbers(const scenario& s);
std::vector<std::size_t> part_numbers(const scenario& s, const demand_list& demand);

// The parts that some of the demand is of: a demand fits just where in each part its share does, so
// its largest multiple is the least of theirs.
std::vector<independent_part> independent_parts(const scenario& s, const demand_list& demand);

}  // namespace natbound
