#pragma once
// Laying out flows that were counted over all keys of a group together: as equally over the keys as
// whole numbers allow.
#include <vector>

#include "blocks.hpp"

namespace natbound {

// `placements` sum over all keys of the group; at each class they hold at most keys x its size.
std::vector<block> blocks_over_keys(const group& g, std::vector<placement> placements,
                                    std::size_t nat);

// The same of several groups, by group.
std::vector<block> blocks_over_keys(const std::vector<group>& groups,
                                    std::vector<std::vector<placement>> placements,
                                    std::size_t nat);

}  // namespace natbound
