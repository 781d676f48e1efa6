#pragma once
// Erlang's loss formula: what share of connections finds all `ports` busy when nothing but
// exhaustion refuses. With R = 1/B - 1, everything here is a form of
//
//     B(c,a) = (a^c/c!) / sum_{k<=c} a^k/k!,   1/B(c,a) = integral_0^inf e^-t (1 + t/a)^c dt,
//
// c = ports (any real number >= 0), a = load = arrival rate x mean hold (Poisson arrivals, any law
// of holds, refused connections gone). A. K. Erlang 1917; the integral: D. L. Jagerman, Bell System
// Technical Journal 53 (1974) 525. Bad arguments (NaN, negative, beyond 1e300) throw
// natbound::domain_error with the function, the argument, its value and the rule.
#include <cstdint>

namespace natbound::calculator {

// Probability that a connection is refused. Relative error <= 1e-13 wherever the value is >= 1e-300
// (measured for ports <= 4,194,304 and loads 1e-3 .. 1e8); 0 where it is below the least double.
// erlang_b(0, load) = 1 and erlang_b(ports > 0, 0) = 0.
double erlang_b(double ports, double load);

// Its natural logarithm, right to 1e-13 of itself, also where erlang_b is 0 or next to 1.
// -infinity for load = 0 with ports > 0.
double log_erlang_b(double ports, double load);

// d erlang_b / d load = B (c - a + a B) / a, without its cancellation in overload. load > 0.
double erlang_b_load_derivative(double ports, double load);

// d log erlang_b / d load, which has its digits where erlang_b is 0 too. load > 0.
double log_erlang_b_load_derivative(double ports, double load);

// d log erlang_b / d ports = -E[log(G/a) | G > a], G gamma-distributed with shape c + 1 (the
// integral above, differentiated), and d erlang_b / d ports = B times that: what a port more is
// worth. load > 0; relative error <= 1e-12.
double log_erlang_b_ports_derivative(double ports, double load);
double erlang_b_ports_derivative(double ports, double load);

// The most load with B(ports, load) <= target, to 1e-12 of itself; erlang_b of it meets the target
// too, unless that is next to 1, where erlang_b's own last bit decides. ports <= 1e15, 0 < target
// < 1. With ports = 0 no load will do: 0.
double load_for(double ports, double target);

// The least whole number of ports with erlang_b(ports, load) <= target; 0 < target, load <= 1e12.
std::uint64_t ports_for(double load, double target);

// The same as a real number, to 1e-12 of itself: for what is rounded later, or not at all. 1e-300
// <= load <= 1e12, 0 < target <= 1. ports_for is this rounded up.
double real_ports_for(double load, double target);

}  // namespace natbound::calculator
