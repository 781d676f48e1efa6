#pragma once
// Parts of a scenario that have nothing to do with one another.
#include <map>
#include <string>
#include <vector>

#include "natbound/solver/demand.hpp"

namespace natbound {

// One part: its NATs and client sets, with all servers, and what is wanted of it.
struct independent_part {
    scenario s;
    demand_list demand;  // by the part's own numbers
};

// The number of the part of each client set and NAT, by the name that it was given. Together are a
// NAT and what is inside it, NATs and clients that have an external address in common, and clients
// that reach the same server set where that has limits or backends.
std::map<std::string, std::size_t> part_numbers(const scenario& s);

// The parts that some of the demand is of: a demand fits just where in each part its share does, so
// its largest multiple is the least of theirs. Of server sets with limits or backends those count
// that are wanted.
std::vector<independent_part> independent_parts(const scenario& s, const demand_list& demand);

}  // namespace natbound
