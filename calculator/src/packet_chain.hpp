#pragma once
// packet_limit.hpp where a bucket lasts so long that the number live changes while it runs empty:
// one chain of the number live and of what waits.
//
// For each number live what waits rises and falls by small cells, at rates that have the drift of
// M/D/1 and its decay by level (exponential fitting: D. Scharfetter, H. Gummel, IEEE Trans.
// Electron Devices 16 (1969) 64). The number live goes by strides, at rates that have its law at
// each place, Poisson's, and the drift of M/M/infinity: so its variance and how fast it forgets are
// exact. At the top those whose first packet is lost do not join. What the top loses and how long
// the others wait are such that for a number live that stays it is M/D/1/K.
#include <natbound/calculator/packet_limit.hpp>

#include "live_places.hpp"

namespace natbound::calculator::detail {

// How fine a chain is.
struct chain_size {
    double places;  // numbers live
    int doublings;  // of cells of what waits
};
// Beyond 2^16, a cell is nothing beside all.
inline constexpr chain_size fine_chain{most_places, 16};
// A thirteenth of the work, to find about where to ask the other.
inline constexpr chain_size coarse_chain{most_places / 2, 10};

// live, each and hold above 0. Without the delay where that is not asked for.
packet_answer packets_by_chain(double per_second, double depth, const packet_load& load,
                               bool with_delay, const chain_size& size);

}  // namespace natbound::calculator::detail
