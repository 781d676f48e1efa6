#pragma once
// A NAT that draws a port at random, looks whether it is busy, and gives up after `tries` draws:
// refused with ports free. With n of N ports busy a flow is refused with probability r(n) =
// (n/N)^tries, or C(n,tries)/C(N,tries) where a port is not drawn twice; so the number of live
// flows is a birth-death chain with births at load x (1 - r(n)), and (Poisson arrivals see time
// averages, R. W. Wolff 1982) the share of flows refused is its mean of r. Of the law of holds only
// the mean counts (F. P. Kelly, Reversibility and Stochastic Networks, 1979, chapter 3).
#include <cstdint>

namespace natbound::calculator {

enum class draws { with_replacement, without_replacement };

struct attempts_answer {
    double refusal;      // share of flows refused (call congestion); 0 if below the least double
    double log_refusal;  // its natural logarithm
    double mean;         // mean number of live flows
    double left_out;     // proven bound on the relative error from states that were not summed
    double rounding;     // bound on the relative error of refusal from rounding, to first order
    double growth;       // d log refusal / d log load
};

// ports <= 2^32, tries >= 1, load finite and >= 0; ports = 0 refuses everything. Sums only where
// the mass is: time grows as sqrt(load) (1,048,576 ports: about 2 ms). Relative error about 1e-12
// (see `rounding`).
attempts_answer attempts(std::uint64_t ports, std::uint64_t tries, double load,
                         draws how = draws::with_replacement);

double refusal_probability(std::uint64_t ports, std::uint64_t tries, double load,
                           draws how = draws::with_replacement);
double log_refusal_probability(std::uint64_t ports, std::uint64_t tries, double load,
                               draws how = draws::with_replacement);

// The load at which the refusal probability is `target`, 0 < target < 1, ports >= 1; to 1e-11 of
// itself.
double load_for_attempts(std::uint64_t ports, std::uint64_t tries, double target,
                         draws how = draws::with_replacement);

}  // namespace natbound::calculator
