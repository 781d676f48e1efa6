#pragma once
// The whole law of the number of live flows at time t after a change, by uniformization: the chain
// is stepped at its jumps, and the number of jumps is Poisson. Every term is positive, so chances
// keep their relative accuracy (1e-6 and far better down to 1e-30), and what is cut away is counted
// in error_bound. Shares nothing with transient.hpp; each checks the other.
//
// A. Jensen, Skand. Aktuarietidskr. 36 (1953) 87; B. L. Fox and P. W. Glynn, CACM 31 (1988) 440.
#include <cstdint>
#include <natbound/calculator/birth_death.hpp>
#include <natbound/calculator/occupancy.hpp>

namespace natbound::calculator {

// Unit of time: the mean hold. Arrivals at rate `load` are admitted while fewer than `ports` flows
// are live; the start may hold more (ports were taken away), and those above end in their own time.
// A connection at t is refused with probability at_least(ports). time x (load + ports or the most
// at the start) must be at most 1e8; about 1 ns a step and state within reach: 65,536 ports take
// some 0.3 s a hold.
occupancy occupancy_at(std::uint64_t ports, double load, const occupancy& start, double time);

// The same where a flow is refused with probability refusal(n) when n < ports are live, and surely
// when all ports are busy; an empty function: only then. until_refused: the chances of n live and
// none refused so far, which add up to the chance of the latter.
occupancy occupancy_at(std::uint64_t ports, double load, const refusal_law& refusal,
                       const occupancy& start, double time, bool until_refused = false);

}  // namespace natbound::calculator
