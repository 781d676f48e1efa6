#pragma once
// What one subscriber holds of blocks that are dealt on demand, as if no other took any.
#include <cstdint>
#include <vector>

#include "natbound/calculator/dealt_blocks.hpp"

namespace natbound::calculator::detail {

// Logarithm of the chance that it holds so many blocks, all less by one number that does not
// matter, and that it does with a scope at the end of its last block and in need of more.
struct own_law {
    std::vector<double> held;                // by blocks, 0 .. most
    std::vector<std::vector<double>> full;   // by scope (and destinations), then by blocks
    std::vector<std::vector<double>> alone;  // full, of those with that many blocks and no more
    // Where source ports matter: that its next connection is offered, and that it finds its quota
    // of flows full.
    std::vector<std::vector<double>> offered, at_quota;
    double all = 0;             // log of the sum of `held`
    double error = 0;           // standard error of the mean of `held`, where it was stepped
    std::uint64_t reached = 0;  // the most blocks that it can hold
};

// Of as many blocks as its flows need, in closed form.
own_law needed_by_one(const block_dealing& what, const block_subscribers& who);

}  // namespace natbound::calculator::detail
