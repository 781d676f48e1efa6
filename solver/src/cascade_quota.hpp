#pragma once
// What an outer NAT with a quota lets through of connections that are placed, where an external
// address of a NAT inside it has connections in several blocks.
#include <vector>

#include "blocks.hpp"

namespace natbound {

// The first connections of each source address, up to the quota. Of very many addresses some are
// left out, so that it may be fewer than the quota allows.
std::vector<block> within_each_quota(const std::vector<block>& blocks, const count& quota);

}  // namespace natbound
