#pragma once
// Counting refusals: the scenario's traffic through the concrete design, arrival by arrival. What
// the formulas and the averages over states leave out is in here: a full table together with full
// ports, mappings that the same source has towards other destinations, addresses taken in turn.
//
// The same seed gives the same numbers. The count starts from a stationary number of flows, after a
// warm-up of 4 holds, or 30 where holds are much alike (simulation::memory).
#include <cstdint>
#include <functional>
#include <natbound/model/scenario.hpp>
#include <string>
#include <vector>

namespace natbound::calculator {

struct simulate_options {
    std::uint64_t seed = 1;
    std::uint64_t arrivals = 1'000'000;
    double scale = 1;  // of all rates
    // Called with the arrivals done and to do, at least every 20 ms or so; throws to stop
    // (natbound::interrupted).
    std::function<void(std::uint64_t, std::uint64_t)> progress;
};

// Arrivals that were offered (their client had a free socket); those refused; those let in by
// cutting an open flow. `low` and `high` are the 95 % interval of (refused + cut) / arrivals: from
// 32 batches, or where fewer than ten failed from the Poisson law of a count, if that is wider.
struct simulated_kind {
    std::string clients, servers,
        destination;  // destination: an endpoint, or empty for all of the set
    std::uint64_t arrivals = 0, refused = 0, cut = 0;
    double refusal_probability = 0, low = 0, high = 0;
};

struct simulate_result {
    std::uint64_t arrivals = 0, refused = 0, cut = 0;
    double refusal_probability = 0, low = 0, high = 0;
    std::vector<simulated_kind> kinds;
    std::uint64_t policed = 0;  // of the refused: by a limit on connections or packets a second
    std::uint64_t packets = 0, packets_lost = 0;  // where a limit on them is simulated
    std::uint64_t unoffered = 0;  // arrivals whose client had no free socket; not among the others
    std::uint64_t events = 0;     // arrivals, closes and ends of timers that were stepped
    double mean_live = 0;         // at the ends of the batches
    std::vector<std::string> assumed;
};

// Throws unsupported for more than 1,024 pairs of an external address and a clash scope that can't
// be simulated apart, domain_error for no arrivals.
simulate_result simulate(const scenario& s, const simulate_options& options = {});

}  // namespace natbound::calculator
