#pragma once
// A limit on subscribers (RFC 8512 limit-subscribers): at most S client addresses have mappings at
// a NAT at a time.
//
// From above: of client sets with the same ports that reach the same servers, no more than S
// addresses together, and since such addresses are alike (unless a hash tells them apart), no more
// fit than with any S of them; and no more than S times what one address can have. From below: the
// best division of S among the kinds of clients that a search finds.
#include <optional>

#include "nat_capacity.hpp"

namespace natbound {

// S, where there are more client addresses inside than that.
std::optional<count> subscribers_of(const scenario& s, std::size_t nat,
                                    const std::vector<std::size_t>& inside);

// capacity_of a NAT where it binds.
nat_capacity capacity_of_subscribers(const scenario& s, const reach_table& reach, std::size_t nat,
                                     const std::vector<std::size_t>& inside, const count& most,
                                     const boost::json::storage_ptr& memory, server_room* room);

bool limits_subscribers(const scenario& s);

}  // namespace natbound
