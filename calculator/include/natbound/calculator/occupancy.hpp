#pragma once
// A law of the number of live flows, as something to start from or as an answer.
#include <cstdint>
#include <vector>

namespace natbound::calculator {

// chances[i] is the probability of from + i live flows.
struct occupancy {
    std::uint64_t from = 0;
    std::vector<double> chances{1};
    double error_bound = 0;  // of any sum of chances, beside rounding

    double mean() const;
    double at_most(std::uint64_t n) const;
    double at_least(std::uint64_t n) const;
    // The least n with at_most(n) >= p, 0 <= p <= 1.
    std::uint64_t quantile(double p) const;
};

// Surely n flows.
occupancy exactly(std::uint64_t n);

// Erlang's stationary law: chances in proportion to load^n / n!, n = 0 .. ports. ports <= 2^24,
// load finite and >= 0. Relative error of a chance about 1e-16 x its distance from the mode; those
// below the least double are 0.
occupancy stationary(std::uint64_t ports, double load);

}  // namespace natbound::calculator
