#pragma once
// Arrivals whose rate changes with a state of the world (a phase): Poisson at rate load[i] while
// the phase is i, and phases change as a Markov chain (MMPP). Each connection holds one of `ports`
// for an exponential time. On-off sources are one such world (the phase: how many are on), overflow
// of a first group another (the phase: how many of its ports are busy). Solved exactly, as a
// quasi-birth-death chain with phases x (ports + 1) states, where that is small.
//
// Unit of time: the mean hold; so rates are loads, and switching[i][j] is the rate from phase i to
// phase j != i (the diagonal is not read).
#include <cstdint>
#include <vector>

namespace natbound::calculator {

struct modulated_answer {
    double refusal;                         // share of arrivals refused
    double log_refusal;                     // its natural logarithm
    double full;                            // share of time with all ports busy
    double log_full;                        // its natural logarithm
    double mean;                            // mean number busy
    double load;                            // mean offered load
    std::vector<double> full_by_phase;      // share of time in the phase with all ports busy
    std::vector<double> log_full_by_phase;  // its natural logarithm
};

// 1 .. 1024 phases, all reachable from each other; loads and rates 0 .. 1e12; ports 0 .. 2^26,
// (ports
// + 1) phases^3 at most 4e9 (about 1 ns each) and (ports + 1) phases^2 at most 2^28 (8 bytes each).
// Without subtractions: relative error about 1e-15 (ports + phases), however rare refusal is, as
// long as no phase is rarer than 1e-280. Else natbound::domain_error.
modulated_answer modulated(std::uint64_t ports, const std::vector<std::vector<double>>& switching,
                           const std::vector<double>& load);

// Variance over mean of the number busy if ports were without end: what Hayward's approximation
// (hayward.hpp) needs where the chain above is too large. 1 for one phase.
double modulated_peakedness(const std::vector<std::vector<double>>& switching,
                            const std::vector<double>& load);

// `sources` independent ones, each `load` while on, on for a mean time `on` and off for `off`, both
// exponential and in mean holds. sources 1 .. 1023; on, off: 1e-9 .. 1e9.
modulated_answer on_off(std::uint64_t ports, std::uint64_t sources, double load, double on,
                        double off);
double on_off_peakedness(double load, double on, double off);

// What meets a target of refusals, 0 < target < 1, by the chains above: the fewest ports; the most
// factor on all loads, or load of a source, to 1e-12 (or the chain's own error); the most sources,
// 0 where one is too many. natbound::domain_error where the chain is too large for it. Some ten
// times the chain's work.
std::uint64_t ports_for_modulated(const std::vector<std::vector<double>>& switching,
                                  const std::vector<double>& load, double target);
double scale_for_modulated(std::uint64_t ports, const std::vector<std::vector<double>>& switching,
                           const std::vector<double>& load, double target);
std::uint64_t ports_for_on_off(std::uint64_t sources, double load, double on, double off,
                               double target);
double load_for_on_off(std::uint64_t ports, std::uint64_t sources, double on, double off,
                       double target);
std::uint64_t sources_for_on_off(std::uint64_t ports, double load, double on, double off,
                                 double target);

// A second address: what finds all `first_ports` busy goes to a second group of `second_ports`,
// with Poisson traffic `second_load` of its own. Exact, and what of each stream the second group
// refuses.
struct overflow_answer {
    double overflow;          // mean offered to the second group by the first
    double overflow_refusal;  // share of that which the second refuses
    double own_refusal;       // share of the second group's own traffic refused
    double first_refusal;     // share of the first group's traffic refused in the end
};
overflow_answer overflow_to_second(std::uint64_t first_ports, double first_load,
                                   std::uint64_t second_ports, double second_load);

// The fewest ports of the second group with first_refusal <= target, 0 < target < 1.
std::uint64_t second_ports_for(std::uint64_t first_ports, double first_load, double target,
                               double second_load);

}  // namespace natbound::calculator
