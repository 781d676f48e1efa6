#pragma once
// How many blocks one subscriber holds whose allocator gives a block back only when no connection
// is left in it, and puts each into the oldest of its blocks that has a free port: as real ones do.
// A few connections keep a block, so that more are held than all of them would need; the law has no
// closed form (of one scope it is that of overflows of overflows), so one subscriber is stepped, as
// if no other took blocks: Poisson arrivals, exponential holds.
#include <cstdint>
#include <vector>

#include "natbound/calculator/dealt_blocks.hpp"

namespace natbound::calculator::detail {

// Whether it can be stepped: source ports only where mappings are shared, no quota of flows, and
// not too many scopes.
bool can_step(const block_dealing& what, const block_subscribers& who);
struct kept_law {
    std::vector<double> held;  // the share of time with 0 .. most blocks
    double error = 0;          // standard error of their mean
};
// Over so many events; deterministic.
kept_law blocks_kept(const block_dealing& what, const block_subscribers& who, std::uint64_t events);

}  // namespace natbound::calculator::detail
