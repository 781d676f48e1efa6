#pragma once
// Clients that nothing translates.
#include <boost/json.hpp>
#include <map>
#include <vector>

#include "blocks.hpp"

namespace natbound {

struct routed {
    count connections, most;
    std::map<std::size_t, count> most_of;  // by client set
    std::vector<block> blocks;
    boost::json::array json;
};

// Inside no NAT every socket may be live towards every endpoint that its client set reaches.
routed routed_as_they_are(const scenario& s, const reach_table& reach,
                          const std::vector<std::size_t>& clients,
                          const boost::json::storage_ptr& memory);

}  // namespace natbound
