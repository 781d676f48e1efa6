#pragma once
// A scenario of which less is looked at.
#include <functional>
#include <vector>

#include "natbound/solver/demand.hpp"

namespace natbound {

// The scenario without these server sets (by number), the clients that reach no other, and NATs
// with nobody inside. A mapping that is shared may have got its address from a hash of a
// destination that is left out: such NATs may then use all addresses of their pools.
scenario without_servers(const scenario& s, const std::vector<bool>& left_out);

// Of a client set and a NAT that it is inside.
using way_test = std::function<bool(std::size_t client, std::size_t nat)>;

// The same with these pairs alone: their clients, who reach their servers and no others; and, where
// given, not by ways that are barred.
scenario pairs_alone(const scenario& s, const demand_list& pairs, const way_test& barred = {});

}  // namespace natbound
