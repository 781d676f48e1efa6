#pragma once
// How long the traffic of a stream is remembered.
#include "natbound/calculator/simulation.hpp"

namespace natbound::calculator::detail {

// Mean holds until how its flows were put there no longer shows (simulation::memory).
double holds_remembered(const simulated_stream& s);
// Holds to warm up for, of a run that then counts for `counted` holds, where so many are
// remembered. What the start is off by falls at least as e^-holds (from at most 0.4 of a share of
// refusals: NATs that deal out port sets, whose sets it fills one after the other), and what the
// run itself is off by is no less than the root of 1 / counted: a tenth of that is left.
double holds_before(double remembers, double counted);
// Seconds that an entry met at any moment lives in all: E[t^2] / 2 E[t].
double seen_hold(const simulated_stream& s);

}  // namespace natbound::calculator::detail
