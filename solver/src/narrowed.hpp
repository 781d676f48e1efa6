#pragma once
// A scenario of which less is looked at.
#include <vector>

#include "natbound/solver/demand.hpp"

namespace natbound {

// The scenario without these server sets (by number), the clients that reach no other, and NATs
// with nobody inside. A mapping that is shared may have got its address from a hash of a
// destination that is left out: such NATs may then use all addresses of their pools.
scenario without_servers(const scenario& s, const std::vector<bool>& left_out);

// The same with these pairs alone: their clients, who reach their servers and no others.
scenario pairs_alone(const scenario& s, const demand_list& pairs);

}  // namespace natbound
