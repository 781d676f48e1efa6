#pragma once
// What part of a demand each pair of a client set and a server set has.
#include <map>
#include <utility>
#include <vector>

#include "natbound/solver/classes.hpp"
#include "natbound/solver/demand.hpp"

namespace natbound {

// Parts are whole numbers in some small unit: a demand is then divided exactly.
using shares = std::map<std::pair<std::size_t, std::size_t>, count>;

// Evenly over the client addresses of these sets and, for each, over the endpoints of these servers
// that it reaches.
shares even_shares(const scenario& s, const reach_table& reach,
                   const std::vector<std::size_t>& clients,
                   const std::vector<std::size_t>& servers);

// So many connections by these parts; whole numbers by largest remainder. Pairs that get none are
// left out.
demand_list divided(const shares& parts, const count& connections);

}  // namespace natbound
