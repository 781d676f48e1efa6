#pragma once
// A demand at NATs that serve a limited number of subscribers. A client set that wants n
// connections to a server set needs at least n / (ports x endpoints) of its addresses for them,
// rounded up, and at least the quota's share; no fewer are served whatever ports are free.
#include <optional>

#include "natbound/solver/demand.hpp"
#include "natbound/solver/maximum.hpp"

namespace natbound {

// That the demand needs more subscribers than some NATs may serve together, all that its client
// sets are inside; nothing where it does not.
std::optional<fit_result> passes_subscribers(const scenario& s, const demand_list& demand);

// The scenario with so few client addresses that no NAT has more subscribers than it may: of each
// client set as many as its demand needs, and of what is left a part as its demand is. Nothing
// where a demand needs more.
std::optional<scenario> with_few_subscribers(const scenario& s, const demand_list& demand);

}  // namespace natbound
