#pragma once
// Ports given to subscribers in blocks: how many blocks each needs, how many subscribers share an
// address, and which limit refuses, the subscriber's own (at most so many blocks) or the pool's (no
// block left).
//
// Each subscriber opens connections as a Poisson process, `load` live on average without refusals,
// any law of holds. A subscriber with n live flows holds ceil(n / block) blocks, no more than it
// needs. Real allocators leave flows where they are, so that a few keep a block: `kept`, with one
// subscriber stepped (dealt_blocks.hpp), within a factor of two. The states that fit then have a
// product form (F. P. Kelly, Adv. Appl. Probab. 18 (1986) 473), and the answers are exact: the law
// of blocks of the other S - 1 subscribers is a convolution of truncated Poisson laws.
#include <cstdint>
#include <vector>

namespace natbound::calculator {

// P(N > ports) for Poisson N with mean `load`: the share of time a subscriber without limit would
// want more. Relative error 1e-13 above 1e-300. ports <= 1e15, load >= 0 and at most 1e12.
double poisson_tail(double ports, double load);

// The fewest blocks with which a subscriber of its own, never short of blocks, is refused with
// probability at most target: ceil of Erlang B's inverse over the block size.
std::uint64_t blocks_for(std::uint64_t block, double load, double target);

struct block_pool {
    std::uint64_t block = 512;       // ports in a block
    std::uint64_t most = 8;          // blocks a subscriber may hold
    std::uint64_t pool = 126;        // blocks on the address
    std::uint64_t subscribers = 64;  // that share it
    double load = 40;                // of each
    bool kept = false;               // blocks are given back when no flow is left in them
};

struct block_refusals {
    double refusal;         // of a connection, either limit
    double by_quota;        // the subscriber holds `most` full blocks; asked first
    double by_pool;         // it needs a block more, and none is left
    double pool_exhausted;  // share of time that no block is left
    double mean_blocks;     // held in all
};

// block <= 65,536, most x block <= 2^22, pool <= 65,536, subscribers 1 .. 1e9, load > 0 and at most
// 1e9. Relative error about 1e-13, down to 1e-290. About pool^2 log2(subscribers) ns.
block_refusals blocks_refused(const block_pool& what);

// The most subscribers with refusal <= target, 0 < target < 1; `subscribers` is not read. 0 if one
// alone is refused more often; at most 1e9.
std::uint64_t subscribers_for(const block_pool& what, double target);

// The fewest blocks on the address (1 .. 65,536; `pool` is not read), and the most load of each
// subscriber (1e-30 .. 1e9, to 1e-12; `load` is not read), with refusal <= target, 0 < target < 1.
// natbound::domain_error where none is: the subscriber's own limit refuses whatever the pool.
std::uint64_t pool_for_blocks(const block_pool& what, double target);
double load_for_blocks(const block_pool& what, double target);

}  // namespace natbound::calculator
