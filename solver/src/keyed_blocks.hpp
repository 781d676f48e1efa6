#pragma once
// Laying out flows that were counted over all keys of a group together: as equally over the keys as
// whole numbers allow.
#include <vector>

#include "blocks.hpp"

namespace natbound {

// `placements` sum over all keys of the group; at each class they hold at most keys x its size.
std::vector<block> blocks_over_keys(const group& g, std::vector<placement> placements,
                                    std::size_t nat);

// The same where an external endpoint is used by as few keys as may be: those of a class take
// turns, key after key, so each is used at most total / size times, rounded up. No socket keeps its
// port.
std::vector<block> blocks_by_turns(const group& g, std::vector<placement> placements,
                                   std::size_t nat);

// blocks_over_keys of several groups, by group.
std::vector<block> blocks_over_keys(const std::vector<group>& groups,
                                    std::vector<std::vector<placement>> placements,
                                    std::size_t nat);

}  // namespace natbound
