#pragma once
// A limit on how many connections are live (a quota, a table) where they come in bursts of one law
// and are held exponentially: the exact chain of batches (batches.hpp) or of states
// (modulated.hpp).
#include <functional>
#include <natbound/calculator/traffic.hpp>
#include <optional>
#include <vector>

namespace natbound::calculator {

struct burst_law {
    arrival_process arrives;
    double hold = 0;  // seconds
};

// The one law of the streams that are chosen, Poisson among them; none where they differ, are not
// held exponentially, or are kept after the close. Batches of one law add up to batches of that
// law.
std::optional<burst_law> one_law(const std::vector<stream>& streams,
                                 const std::function<bool(const stream&)>& chosen);

// Whether the chain is small enough: 1,048,576 live, and some ms.
bool has_chain(double limit, const burst_law& law);

// log probability that a connection meets `limit` live ones. Roots may ask far beyond what is sane.
double log_burst_refusal(double limit, double load, const burst_law& law);

// The load at which that is a target, in (0, 1).
double load_for_bursts(double limit, const burst_law& law, double target);

}  // namespace natbound::calculator
