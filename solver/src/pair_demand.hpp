#pragma once
// A demand shared among pairs of a client set and a server set.
#include <boost/json.hpp>
#include <vector>

#include "natbound/solver/classes.hpp"

namespace natbound {

struct pair_demand {
    std::size_t client = 0, server = 0;
    count connections;
};

// As the traffic is (by mean number live), else evenly over client addresses and, for each, over
// the server endpoints that it reaches; whole numbers by largest remainder, in the order of the
// pairs where remainders are equal. Pairs that get none are left out.
std::vector<pair_demand> shared_demand(const scenario& s, const reach_table& reach,
                                       const count& demand);

boost::json::array to_json(const std::vector<pair_demand>& pairs, const scenario& s,
                           const boost::json::storage_ptr& memory);

}  // namespace natbound
