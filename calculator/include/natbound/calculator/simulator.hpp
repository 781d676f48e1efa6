#pragma once
// Counting refusals: the scenario's traffic through the concrete design, arrival by arrival. What
// the formulas and the averages over states leave out is in here: a full table together with full
// ports, mappings that the same source has towards other destinations, addresses taken in turn.
//
// The same seed gives the same numbers. The count starts from a stationary number of flows, after a
// warm-up of 4 holds, or 30 where holds are much alike (simulation::memory), and of a connection's
// back-offs, if it tries again.
#include <cstdint>
#include <functional>
#include <limits>
#include <natbound/calculator/asked.hpp>
#include <natbound/calculator/retries.hpp>
#include <natbound/model/scenario.hpp>
#include <optional>
#include <string>
#include <vector>

namespace natbound::calculator {

struct simulate_options {
    std::uint64_t seed = 1;
    std::uint64_t arrivals = 1'000'000;
    double scale = 1;  // of all rates
    // What a client does when refused, in seconds (`hold` is not looked at); none: nothing. 1 to
    // 1,000 tries, a finite back-off; all of a connection's back-offs at most as long as 1e9
    // arrivals take.
    std::optional<retry_policy> retry = {};
    // Arrivals before the count begins, of each NAT; more are refused (unsupported).
    double most_warm_up = std::numeric_limits<double>::infinity();
    // Called with the arrivals done and to do, at least every 20 ms or so; throws to stop
    // (natbound::interrupted).
    std::function<void(std::uint64_t, std::uint64_t)> progress;
};

// A share with its 95 % interval, from batches that are long beside clusters of refusals
// (simulated_share.hpp). It covers the truth in 94 to 98 % of runs, and more where few clusters
// were seen. `independent`: as many independent failures would vary as much; with fewer than
// enough_to_judge the share says little.
struct simulated_share {
    double value = 0, low = 0, high = 0, independent = 0;
};
inline constexpr double enough_to_judge = 20;

// Where clients try again. A connection keeps its source port from its first attempt until it ends
// or gives up. Failed: refused at every try, or let in by cutting another.
struct simulated_retries {
    std::uint64_t attempts = 0, refused = 0;  // first ones among them
    std::uint64_t gave_up = 0;                // connections
    simulated_share attempt_refusal;          // (refused + cut) / attempts
    simulated_share connection_failure;       // (gave_up + cut) / arrivals
    double mean_delay = 0;  // seconds from first attempt to success, of those that came in
};

// Arrivals that were offered (their client had a free socket); those whose first attempt was
// refused; those let in by cutting an open flow. refusal_probability: (refused + cut) / arrivals;
// the rest as in simulated_share. unoffered: arrivals whose client had no free socket; not among
// the others.
struct simulated_count {
    std::uint64_t arrivals = 0, refused = 0, cut = 0, unoffered = 0;
    double refusal_probability = 0, low = 0, high = 0, independent = 0;
    std::optional<simulated_retries> retries;
};

struct simulated_kind : simulated_count {
    std::string clients, servers,
        destination;  // destination: an endpoint, or empty for all of the set
};

// Of all arrivals those whose first attempt a limit refused, the first that it met.
struct simulated_limit {
    asked limit = asked::ports;
    std::uint64_t refused = 0;
    simulated_share share;
};

struct simulate_result : simulated_count {
    std::vector<simulated_limit> refused_by;  // in the order in which they are asked
    std::vector<simulated_kind> kinds;
    // Of attempts refused: by a limit on connections or packets a second.
    std::uint64_t policed = 0;
    // Connections that were let in with a tuple that the server still kept in TIME-WAIT.
    std::uint64_t met_time_wait = 0;
    std::uint64_t packets = 0, packets_lost = 0;  // where a limit on them is simulated
    std::uint64_t events = 0;  // arrivals, closes and ends of timers that were stepped
    double mean_live = 0;      // at the ends of the batches
    std::vector<std::string> assumed;
};

// Whether a scenario is stepped connection by connection, which is ten times as slow.
bool steps_connections(const scenario& s);

// Throws unsupported for more than 1,024 pairs of an external address and a clash scope that can't
// be simulated apart, domain_error for no arrivals or a policy of retries outside of the above.
simulate_result simulate(const scenario& s, const simulate_options& options = {});

}  // namespace natbound::calculator
