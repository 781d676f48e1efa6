#pragma once
// The shortest probe sequences of a design: for a client's source ports, the draws for which a flow
// sees the fewest distinct endpoints on one external address. A flow fails only if its whole
// sequence is busy, so their number bounds guaranteed from below.
#include <cstdint>
#include <vector>

#include "natbound/model/plan.hpp"

namespace natbound {

// One probe sequence with as few distinct ports as any.
struct short_sequence {
    port source = 0;                   // the source port of the flow that makes it
    std::vector<std::uint64_t> draws;  // what its rounds draw, in order
    port_set ports;  // what it probes: its own port first where that is preserved, then its rounds
};

struct shortest_sequences {
    std::uint64_t at_least = 0;         // every sequence has so many distinct ports (but holes)
    std::vector<short_sequence> found;  // the shortest found; they reach at_least unless rounds of
                                        // different kinds can't overlap
};

// For a flow from one of `sources` (all of one class, and all preserved or none), on one address;
// at most `most` of the shortest, those first that lie most in `prefer`. Ports of `holes` are taken
// already and do not count.
shortest_sequences find_shortest(const nat_plan& plan, const port_set& sources,
                                 const port_set& prefer, std::size_t most,
                                 const port_set& holes = {});

}  // namespace natbound
