#pragma once
// What an inner NAT placed, cut so that a NAT around it that deals out port sets can take it up set
// by set for all addresses at once: as one block for each set that an address may have there, side
// by side. Only connections that have mappings of their own, and may change places, are cut so.
#include <vector>

#include "blocks.hpp"
#include "natbound/model/scenario.hpp"

namespace natbound {

void columns_for(const block& b, const nat& inner, const nat& outer, std::vector<block>& out);

}  // namespace natbound
