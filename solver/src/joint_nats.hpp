#pragma once
// NATs side by side over which clients are spread, counted as one: towards each clash-scope key a
// client's sockets may use the external endpoints of all of them, so a flow decides, as it does for
// one NAT, where every connection has a mapping of its own.
#include <optional>
#include <vector>

#include "natbound/solver/classes.hpp"
#include "pair_demand.hpp"
#include "pair_network.hpp"

namespace natbound {

// Sets of NATs (indices) that share clients, directly or by others; most stand alone.
std::vector<std::vector<std::size_t>> nats_together(
    const std::vector<std::vector<std::size_t>>& inside, std::size_t nats);

// The client sets inside any of these, in order.
std::vector<std::size_t> clients_inside(const std::vector<std::vector<std::size_t>>& inside,
                                        const std::vector<std::size_t>& nats);

// Groups read by_pair whose externals say whose they are, and the limits of the NATs.
struct joint_nats {
    std::vector<group> groups;
    flow_limits limits;
};

// For pairs of the clients inside these NATs. Nothing where a flow does not decide: mappings are
// shared, quotas, port sets and the like; or NATs that tell the keys or sockets of a spread client
// apart in different ways.
std::optional<joint_nats> as_one(const scenario& s, const reach_table& reach,
                                 const std::vector<std::vector<std::size_t>>& inside,
                                 const std::vector<std::size_t>& nats, const demand_list& demand);

// Everything that these NATs' clients may send as groups over the externals of all of them; each
// class is of one client set. As they are counted from above, or (`below`) from below where there
// is such a reading. Nothing where NATs tell keys, mappings or sockets apart in different ways, or
// have port sets or translate nothing.
std::optional<std::vector<group>> groups_together(
    const scenario& s, const reach_table& reach,
    const std::vector<std::vector<std::size_t>>& inside, const std::vector<std::size_t>& nats,
    bool below = false);

}  // namespace natbound
