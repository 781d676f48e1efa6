#pragma once
// How long the traffic of a stream is remembered.
#include "natbound/calculator/simulation.hpp"

namespace natbound::calculator::detail {

// Mean holds until how its flows were put there no longer shows (simulation::memory).
double holds_remembered(const simulated_stream& s);
// Seconds that an entry met at any moment lives in all: E[t^2] / 2 E[t].
double seen_hold(const simulated_stream& s);

}  // namespace natbound::calculator::detail
