#pragma once
// One NAT's maximum: its groups, each paired up, the limits, and the two halves of the evidence.
#include <boost/json.hpp>
#include <string>
#include <vector>

#include "blocks.hpp"
#include "nat_reading.hpp"
#include "port_set_evidence.hpp"

namespace natbound {

struct nat_capacity {
    count at_most = 0, at_least = 0;
    count mappings = 0;                // that carry at_least
    std::vector<block> blocks;         // with `dealt` at_least connections
    std::vector<dealt_nat> dealt;      // of NATs that deal out their ports in sets
    boost::json::object does_not_fit;  // an item of `nats`
    std::string binds, sets_it;
    std::string why_bounds;  // where at_least < at_most
    bool rough = false;      // at_most is of arithmetic alone: does_not_fit does not show it
};

class server_room;

// With `room` the blocks are what the servers have room for, which they take up; at_most and the
// evidence say nothing of it.
nat_capacity capacity_of(const scenario& s, const reach_table& reach, std::size_t nat,
                         const std::vector<std::size_t>& inside,
                         const boost::json::storage_ptr& memory, server_room* room = nullptr);

// The first of the blocks, as the NAT's limits on mappings and connections allow; and their
// numbers.
void keep_limits(nat_capacity& out, const nat& n);

// All NATs and routed clients together; does_not_fit is then a whole body.
nat_capacity maximum_blocks(const scenario& s, const boost::json::storage_ptr& memory);

// Which client sets (indices) are inside each NAT, and (last) inside none. Throws unsupported for
// shapes that this version can't settle.
std::vector<std::vector<std::size_t>> inside_of(const scenario& s);

// The smallest limit of a NAT on its connections, and what it is; none where there is no limit.
struct nat_limit {
    count connections;
    std::string binds, in_words;
};
std::optional<nat_limit> limit_of(const scenario& s, const reach_table& reach, const nat_plan& plan,
                                  const std::vector<std::size_t>& inside);

}  // namespace natbound
