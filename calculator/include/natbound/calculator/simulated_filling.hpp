#pragma once
// When all ports of a system are busy, and when a connection is first refused, for any law of
// holds: by histories. Poisson arrivals, a search that finds every free port.
//
// Up to the first refusal nothing has been refused, so a history is M/G/infinity: arrivals, and a
// heap of when each leaves. What exponential holds make of it is exact: first_passage_law.hpp.
#include <cstdint>
#include <functional>
#include <natbound/calculator/traffic.hpp>
#include <vector>

namespace natbound::calculator {

struct filling {
    std::uint64_t ports = 1;
    double rate = 1;  // connections a second
    open_time hold;
    std::uint64_t start = 0;              // live at first, each as a glance at any moment finds it
    std::uint64_t arrivals = 20'000'000;  // about so many are stepped in all
    std::uint64_t seed = 1;
    // Called with the part that is done, 0..1, now and then; throws to stop.
    std::function<void(double)> progress = {};
};

// In seconds, ascending; infinite where a history was left before. Histories that ended later than
// `seen` are cut there, all at the same time.
struct filling_times {
    std::vector<double> full, refusal;
    double seen = 0;
};

// As many histories as the arrivals allow, 100 to 10,000. Throws domain_error where fewer than 100
// of them fit (ports beyond a hundredth of the arrivals).
filling_times simulate_filling(const filling& of);

}  // namespace natbound::calculator
