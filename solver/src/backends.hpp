#pragma once
// What the backends of a destination NAT tell apart at one NAT. Towards a server set with B
// backends, fewer than its endpoints, each external endpoint has at most B connections, and each
// socket as many as its mappings carry. So a flow counts them, from sockets with so much room to
// external endpoints with so much. Where every connection has a mapping and a key of its own it is
// exact: connections of each socket and of each external endpoint are dealt out over the endpoints
// of the set so that none meets another (a bipartite multigraph has as many colours as its largest
// degree; Koenig 1916).
#include <boost/json.hpp>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "blocks.hpp"
#include "pair_network.hpp"

namespace natbound {

// Server sets with fewer backends than endpoints that some client inside reaches, of whom an
// external endpoint of the NAT could have more connections than there are backends.
std::vector<std::size_t> crowded_at(const scenario& s, const reach_table& reach,
                                    const nat_plan& plan, const std::vector<std::size_t>& inside);

struct backend_count {
    group sockets;  // one key's, with as many keys as a socket may have connections
    pair_flow flow;
    count most;

    // An item of `backends`.
    boost::json::object json(const scenario& s, std::size_t server,
                             const boost::json::storage_ptr& memory) const;
};

// The most connections to a server set, as the reading of the pool says; nothing where its classes
// are not alike towards all of its endpoints.
std::optional<backend_count> count_by_backends(const scenario& s, const reach_table& reach,
                                               const nat_plan& plan,
                                               const std::vector<std::size_t>& inside,
                                               std::size_t server, const nat_reading& reading);

// Whether every connection to the set has a mapping and a key of its own there, which nothing else
// has, and what a socket may be given is the same towards all of it: a flow then decides.
bool flow_decides(const scenario& s, const reach_table& reach, const nat_plan& plan,
                  const std::vector<std::size_t>& inside, std::size_t server,
                  const nat_reading& reading);

// The connections of such a flow; nothing where sockets keep their ports outside of what is
// searched, or they would be too many blocks.
std::optional<std::vector<block>> blocks_to_backends(const group& g,
                                                     std::vector<placement> placements,
                                                     std::size_t nat);

// The blocks without what goes to these server sets.
std::vector<block> without_servers(const std::vector<block>& blocks,
                                   const std::set<std::size_t>& servers);

}  // namespace natbound
