#pragma once
// Erlang's delay formula: the share of connections that wait where one that finds all ports busy
// queues until a port is free (first come, first served, exponential holds). With R = 1/B - 1 of
// erlang.hpp,
//
//     C(c,a) = 1 / (1 + (1 - a/c) R(c,a)),      mean wait = C/(c - a) mean holds.
//
// For load >= ports the queue grows without end: in the long run everybody waits, C = 1 and the
// mean wait is infinite. A. K. Erlang 1917; R. B. Cooper, Introduction to Queueing Theory, 1981,
// section 3.5. ports and load: 0 .. 1e300, ports any real number; else natbound::domain_error.
#include <cstdint>

namespace natbound::calculator {

// Relative error <= 1e-13 where the value is >= 1e-300; 0 where it is below the least double.
double erlang_c(double ports, double load);

// Its natural logarithm, right to 1e-13 of itself; -infinity for load = 0 with ports > 0.
double log_erlang_c(double ports, double load);

// Mean time waited, over all connections, in mean holds.
double erlang_c_wait(double ports, double load);

// d log erlang_c / d load and / d ports, for load > 0; times erlang_c they are its own. Relative
// error <= 1e-12. 0 for load >= ports, where C stays 1.
double log_erlang_c_load_derivative(double ports, double load);
double log_erlang_c_ports_derivative(double ports, double load);

// The most load with C(ports, load) <= target, to 1e-12 of itself; erlang_c of it meets the target
// too, unless that is next to 1. ports 0 .. 1e15, 0 < target < 1. With ports = 0 no load will do:
// 0.
double load_for_waiting(double ports, double target);

// The least whole number of ports with erlang_c(ports, load) <= target; 0 < target <= 1, load
// 0 .. 1e12.
std::uint64_t ports_for_waiting(double load, double target);

// The same as a real number above the load, to 1e-12 of itself. 1e-300 <= load <= 1e12, 0 < target
// <= 1; for target = 1 it is 0.
double real_ports_for_waiting(double load, double target);

}  // namespace natbound::calculator
