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

namespace natbound::calculator::detail {

// live, each and hold above 0.
packet_answer packets_by_chain(double per_second, double depth, const packet_load& load);

}  // namespace natbound::calculator::detail
