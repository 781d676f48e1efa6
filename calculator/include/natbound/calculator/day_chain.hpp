#pragma once
// The day's refusals without approximation, for exponential holds: the chain M_t/M/c/c is followed
// through the day until it repeats. What day::refused() is checked against.
#include <cstdint>
#include <natbound/calculator/day.hpp>

namespace natbound::calculator {

struct day_chain_answer {
    double share;    // of the day's connections refused
    double at_peak;  // the most that all ports are busy with at any time, and when
    double peak_time;
    int days;  // until it repeated
};

// ports 1 .. 4,194,304. `steps` a day (100 to 1e6), spread over the pieces of the rates; second
// order, stable however stiff: at 17,280 steps (5 s) within 1e-6 of the limit for holds of a
// minute. Only those hours are followed in which more is refused than 1e-12 of the most, and of the
// numbers live those within 10 standard deviations below the mean: some 30 ns x steps in these
// hours x states; 64,512 ports with a peak hour take 1 s. Chances below the least double are 0. R.
// E. Bank et al., IEEE Trans. CAD 4 (1985) 436 (TR-BDF2).
day_chain_answer day_chain(const day_rates& rates, double mean_hold, std::uint64_t ports,
                           int steps = 17280);

}  // namespace natbound::calculator
