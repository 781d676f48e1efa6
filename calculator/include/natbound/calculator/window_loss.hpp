#pragma once
// How often a search of windows is refused: rounds that each start at a port drawn uniformly from
// the range (and going round it) and probe so many successive ports. Linux without a preserved port
// makes windows of 128, 64, 32, 16 and 8.
//
// Successive probing piles busy ports up into runs, so that a window is full far more often than
// u^window for a share u of busy ports. Three steps give the share refused:
//
// 1. The runs that a search of one window w leaves at a share u: pi(k; u, w), how many of k ports
//    in a row are all busy. It does not depend on the number of ports. There is no closed form; it
//    was simulated once, for both laws of holds, and is kept as a polynomial
//    (window_patterns.inc). Several rounds leave the runs of one window of a size between them
//    (window_shares.hpp).
// 2. The share of states in which all rounds fail, given how often each does. Rounds that end in
//    one run hang together: a run of length n has (n - w + 1)+ starts that a window w finds full.
//    Rounds in different runs do so by the room that runs take, by how free ports follow one
//    another, and by what is busy in all, which fluctuates. So the sum goes over all ways to put
//    the rounds into runs (set partitions; window_rounds.hpp).
// 3. u = load x (1 - refused) / ports, solved together with 1 and 2.
//
// Holds that are exponential or constant differ: what was taken one after another is freed one
// after another, and constant holds are refused 1.4 to 10 times as often.
#include <cstdint>
#include <vector>

namespace natbound::calculator {

enum class window_hold { exponential, constant };

// windows: 1 to 6 rounds, in descending order, the first of 8 to 256 ports and each at least 1.
// ports: at least 4 times the window, with several rounds 30 times all windows together; at most
// 2^22. load (Erlang) = 0.3 to 1.25 a port. Throws domain_error outside, and where the refused
// share is below 1e-8, that of full first windows below 1e-6, or made more than 1.8 times as large
// by the fluctuation of what is busy in all (wide windows, many rounds): window_refusal()
// simulates there. Relative error at most 20 %, see docs/calculator.md. Below 1 ms.
double window_loss(double ports, double load, const std::vector<std::uint64_t>& windows,
                   window_hold hold);

// The most load, to 1e-12, and the fewest ports with window_loss() <= target: 1e-8 and up. Throws
// domain_error where that lies outside of its domain.
double load_for_window(double ports, const std::vector<std::uint64_t>& windows, double target,
                       window_hold hold);
std::uint64_t ports_for_window(double load, const std::vector<std::uint64_t>& windows,
                               double target, window_hold hold);

}  // namespace natbound::calculator
