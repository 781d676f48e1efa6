#pragma once
// How long until it happens for the first time: mean times from an empty system until all ports are
// busy and until the first connection is refused. Unit: the mean hold; holds are exponential,
// arrivals Poisson.
#include <cstdint>
#include <natbound/calculator/birth_death.hpp>

namespace natbound::calculator {

struct passage_time {
    double mean;      // infinity where it is beyond the largest double, or never happens
    double log_mean;  // its natural logarithm, finite wherever it happens
};

// Erlang's loss system: sum_{k<c} 1/(a B(k,a)), and with the term k = c as well. ports <= 2^32,
// load > 0. About 5 ns a port; relative error about 1e-16 sqrt(ports) (of the logarithm where it is
// large).
passage_time time_to_full(std::uint64_t ports, double load);
passage_time time_to_first_refusal(std::uint64_t ports, double load);

// The same where a flow is refused with probability refusal(n) when n < ports flows are live, and
// surely when all ports are busy. Time to full counts on past refusals.
passage_time time_to_full(std::uint64_t ports, double load, const refusal_law& refusal);
passage_time time_to_first_refusal(std::uint64_t ports, double load, const refusal_law& refusal);

}  // namespace natbound::calculator
