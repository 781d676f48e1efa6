#pragma once
// Ports dealt out in blocks on demand, for subscribers of several kinds towards several
// destinations: which connections are refused, by the subscriber's own limit or for want of a
// block.
//
// A port that is busy towards one destination may serve another, where the design's clash scope
// says so: then a subscriber with n_d live flows in scope d holds ceil((max n_d - own) / block)
// blocks (none where own suffices: the ports that it has anyway, RFC 7422, 2), at most `most`, and
// all subscribers at most `pool`. As in port_blocks.hpp a subscriber holds no more
// blocks than its flows need. From every state flows may depart: the stationary law keeps its
// product form for any laws of holds (F. P. Kelly, Adv. Appl. Probab. 18 (1986) 473), and the
// answers are exact.
//
// Real allocators leave a flow where it is, so that a few keep a block: `stepped` says so. How many
// blocks one subscriber then holds, were there enough, is stepped, and the same product form joins
// the subscribers: no longer exact (docs/measure_blocks.py: by how much).
//
// Under paired pooling (RFC 4787 REQ-2) all blocks of a subscriber lie on one of several external
// addresses, each with so many blocks: drawn when its first flow opens, so that a subscriber
// without flows is as good as on each. The product form stays, of all that do not pass their
// address (paired_pool.hpp): an address with k subscribers weighs as much as k are likely to fit
// there. What goes on to an address with room (`fallback`) is counted as if addresses that are full
// changed nothing but who is refused: a first flow is where no block is left on any, as without
// pairing (within a factor of two where few are refused:
// tests/cpp/calculator/test_dealt_paired.cpp).
//
// The law of the blocks of all others is a convolution, tilted by a factor for each block such that
// its mean is the pool: there it is summed, and no more than some standard deviations of it.
#include <cstdint>
#include <limits>
#include <vector>

namespace natbound::calculator {

// Destinations that are alike.
struct port_destination {
    double load = 0;  // live flows towards each, if none were refused
    double copies = 1;
};

// Scopes that are alike, of one subscriber.
struct port_scope {
    double load = 0;    // live flows in each, if none were refused
    double copies = 1;  // how many there are
    // Where source ports matter: how many the subscriber has, each of which may have one flow
    // towards each destination; and whether a port that it maps serves all of these (then only a
    // source port without any takes another port). `load` is then not read.
    std::uint64_t sockets = 0;
    bool shared = false;
    std::vector<port_destination> towards = {};
};

struct block_subscribers {
    std::uint64_t count = 1;
    std::vector<port_scope> scopes;
    std::uint64_t quota = 0;  // flows at a time; 0: no limit. Of one scope with `towards`.
};

struct block_dealing {
    std::uint64_t block = 512, most = 8;  // ports in a block, blocks that a subscriber may hold
    std::uint64_t pool = 126;             // blocks of all; of each address, where there are several
    std::vector<block_subscribers> kinds;
    std::uint64_t own = 0;  // ports of each subscriber that are in no block
    // Blocks are kept while a flow is left in them: for so many events one subscriber of each kind
    // is stepped, at two loads next to its own. 0: returned as soon as fewer are needed.
    std::uint64_t stepped = 0;
    // External addresses of which each subscriber has one: of one kind, where there are several.
    std::uint64_t addresses = 1;
    bool fallback = false;  // a subscriber's first flow goes on to an address with room
};

// Logarithms of the shares of a scope's connections that are refused: by the blocks that a
// subscriber may hold, for want of a block, and by its quota of flows.
struct dealt_refusal {
    double by_quota, by_pool, by_flows;
    // Of those for want of a block, of a subscriber that has none yet, and of one that has some.
    double by_pool_first = -std::numeric_limits<double>::infinity(),
           by_pool_later = -std::numeric_limits<double>::infinity();
};

struct dealt_answer {
    // by kind, then by scope; where it has `towards`, by each of these
    std::vector<std::vector<dealt_refusal>> refused;
    // of the share of time in which no block is left (of an address, to a subscriber there)
    double log_exhausted = 0;
    double mean_blocks = 0;  // held in all
    // Where blocks are kept: standard error of logarithms of what is refused for want of a block,
    // as each subscriber's mean was stepped for so long and no longer.
    double log_error = 0;
    double log_fits = 0;  // that what all would hold, were there enough, is no more than the pool
};

// block >= 1, most >= 1, pool >= 1, loads >= 0; relative error about 1e-11
// of the sum, where blocks are not kept. Time: the variance of the blocks held, times a
// microsecond.
dealt_answer dealt_blocks(const block_dealing& what);

}  // namespace natbound::calculator
