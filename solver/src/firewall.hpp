#pragma once
// A stateful firewall: it translates nothing, so every socket may be live towards every endpoint
// that it reaches, within what it keeps state of: its table, and its quota for each client address.
#include <functional>

#include "nat_capacity.hpp"
#include "natbound/solver/demand.hpp"
#include "natbound/solver/guaranteed.hpp"

namespace natbound {

nat_capacity firewall_capacity(const scenario& s, const reach_table& reach, std::size_t nat,
                               const std::vector<std::size_t>& inside,
                               const boost::json::storage_ptr& memory, server_room* room);

// The connections of these pairs, as evenly over addresses and endpoints as whole numbers allow;
// nothing where an address passes the quota so. Each pair has the sockets that it wants.
std::optional<std::vector<block>> through_firewall(const scenario& s, std::size_t nat,
                                                   const demand_list& pairs);

// Takes firewalls' limits into account: with so many live the table (or quota) refuses, if there
// are more connections than that.
void with_firewalls(const scenario& s, guaranteed_result& out);

}  // namespace natbound
