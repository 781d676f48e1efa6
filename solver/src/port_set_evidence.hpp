#pragma once
// Connections through a NAT that deals out its ports in sets, as a certificate shows them: so many
// subscribers of a client set with so many sets each, and what they carry; counted, not listed.
#include <boost/json.hpp>
#include <vector>

#include "natbound/solver/classes.hpp"

namespace natbound {

// Connections towards these endpoints (whole clash-scope keys, all alike), spread evenly.
struct dealt_flow {
    destination_list to;
    count connections;
};

struct dealt_subscribers {
    std::size_t client = 0;
    count subscribers, sets;  // sets of each
    std::vector<dealt_flow> flows = {};
};

// Under paired pooling: external addresses on each of which lie the sets of so many subscribers of
// some items of `subscribers`.
struct alike_addresses {
    count addresses;
    std::vector<std::pair<std::size_t, count>> subscribers;  // item, and how many of it on each
};

struct dealt_nat {
    std::size_t nat = 0;
    count connections;
    std::vector<dealt_subscribers> subscribers;
    std::vector<alike_addresses> on = {};
};

count connections(const std::vector<dealt_nat>& list);

// The first so many connections; fewer never need more ports.
void keep_connections(std::vector<dealt_nat>& list, const count& most);

// The member `port-sets` of a body of fits, where there is something to say.
void add_json(boost::json::object& fits, const std::vector<dealt_nat>& list, const scenario& s,
              const boost::json::storage_ptr& memory);

}  // namespace natbound
