#pragma once
// Traffic that comes in bursts, or more evenly than Poisson's, by its first two moments: its load
// (mean number busy if ports were without end) and peakedness z (their variance over the mean; 1
// for Poisson). W. S. Hayward's approximation refuses as Erlang's system of ports/z ports and
// load/z does (A. A. Fredericks, Bell System Technical Journal 59 (1980) 807): exact for z = 1 and
// for batches that come and leave together. Else it is good where ports/z is large and refusal not
// rare, and no bound elsewhere: 1,024 ports, batches of 2: 1 % low at 1e-2, 9 % at 1e-6; batches of
// 20: 11 % and 56 %; few slow on-off sources: 2 to 500 times high; overflow of one group with
// load/z < 1: up to 60 % low, where the equivalent random group below is within 10 % (above 1 %
// refused; 25 % above 1e-3, no bound below 1e-10). The table is in docs/calculator.md. Where
// batches.hpp and modulated.hpp reach they are exact.
#include <cstdint>

namespace natbound::calculator {

// ports 0 .. 1e15, load 0 .. 1e15, peakedness 1e-3 .. 1e9: the formula to 1e-13.
double hayward(double ports, double load, double peakedness);
double log_hayward(double ports, double load, double peakedness);

// The fewest ports, exact by the formula, and the most load, to 1e-12, at which it is at most
// `target`, 0 < target < 1; load 0 .. 1e12.
std::uint64_t ports_for_hayward(double load, double peakedness, double target);
double load_for_hayward(double ports, double peakedness, double target);

// What Erlang's system with `ports` refuses of `load`, as traffic for a second group: its mean and
// variance (J. Riordan, in R. I. Wilkinson, Bell System Technical Journal 35 (1956) 421). ports,
// load: 0 .. 1e15. Mean to 1e-13 of itself; variance to 1e-11 for up to 65,536
// ports.
struct overflow_moments {
    double mean;
    double variance;
    double peakedness;  // variance/mean; 1 where the mean is 0
};
overflow_moments overflow(double ports, double load);

// The one group whose overflow has nearly this mean and variance (Y. Rapp's formulas, Ericsson
// Technics 20 (1964): within a few % for z up to 5): Poisson load and, rarely whole, ports.
// 0 < mean <= variance <= 1e15.
struct equivalent_random_group {
    double ports;
    double load;
};
equivalent_random_group equivalent_random(double mean, double variance);

// Overflow of several groups together, and Poisson's traffic (mean = variance) with it: means and
// variances of independent streams add up. The share of it that `ports` more refuse, by the
// equivalent random group (Wilkinson 1956), and by Hayward where variance < mean. Exact for
// overflow of one group alone but for Rapp's few %.
double overflow_refusal(double ports, double mean, double variance);

// The fewest ports with which that is at most `target`, 0 < target < 1, exact by the formula; mean,
// variance 0 .. 1e12.
std::uint64_t ports_for_overflow(double mean, double variance, double target);

}  // namespace natbound::calculator
