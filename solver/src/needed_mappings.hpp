#pragma once
// How many mappings a demand needs at least, where each may carry several connections: n
// connections to a server set of which one mapping reaches w endpoints need n / w, rounded up; and
// pairs that can't share a mapping need theirs beside one another's.
#include <boost/json.hpp>
#include <optional>
#include <string>

#include "nat_reading.hpp"
#include "pair_demand.hpp"

namespace natbound {

struct needed_mappings {
    boost::json::object needs;  // {"pairs", "limit"}
    std::string in_words;
};

// Where some of these pairs need more mappings than external endpoints are open to their clients
// under their clash-scope keys, or than the NAT's limit on mappings. Of pairs that can share
// mappings the one that needs most counts. Under adm also of those on the addresses of one server
// set alone.
std::optional<needed_mappings> needs_more_mappings(const scenario& s, const nat_plan& plan,
                                                   pool_reading pool, const demand_list& pairs,
                                                   const boost::json::storage_ptr& memory);

// The external ports that flows from these source ports may be given on an address.
port_set given_to(const nat_plan& plan, const port_set& sources);

}  // namespace natbound
