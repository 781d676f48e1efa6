#pragma once
// The maximum of NATs that clients are spread over, as one: towards each clash-scope key the
// sockets of a client may use the external endpoints of all of them. A socket with a connection
// under a key has an endpoint there at one of the NATs at least, and carries no more than a mapping
// of its own would, whichever NATs its connections take: so Hall sets over the endpoints of all
// NATs bound them as they do at one NAT, and where every mapping lies under one key the best
// matching is met.
#include <boost/json.hpp>
#include <optional>
#include <string>
#include <vector>

#include "blocks.hpp"

namespace natbound {

struct joint_capacity {
    std::vector<std::size_t> nats;  // ascending
    count at_most, at_least = 0;
    std::vector<block> blocks;  // of at_least connections
    boost::json::object item;   // of `together` in a body of does-not-fit
    std::string binds, sets_it;
};

// Nothing where the NATs tell keys, mappings or sockets apart in different ways.
std::optional<joint_capacity> joint_maximum(const scenario& s, const reach_table& reach,
                                            const std::vector<std::vector<std::size_t>>& inside,
                                            const std::vector<std::size_t>& nats,
                                            const boost::json::storage_ptr& memory);

}  // namespace natbound
