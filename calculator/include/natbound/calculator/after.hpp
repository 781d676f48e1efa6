#pragma once
// What a change does over time: a flood, a failover, another version, a shorter timeout. From what
// was live before it, the probability that a connection arriving at time t after it is refused, and
// when the first one is.
//
// Where the search is complete or its tries are independent, and holds are exponential with one
// mean, a system is a birth-death chain, followed exactly (transient.hpp, first_passage_law.hpp,
// transient_steps.hpp). Of other holds, where the search is complete, the number live is stepped
// from Erlang's law on, or bounded by what it would be without refusals. Else the concrete design
// is stepped from before the change, over and over, and the exact probability given the state
// (arrival_odds.hpp) is averaged over the runs. Where one system is not all that matters (NATs
// inside others or side by side, batches, limits on rates, subscribers and servers, time-wait,
// tables and quotas beside bursts) everything is stepped, and what is refused is counted among the
// connections that arrive within 1 % of a mean hold of a time. Where a NAT becomes another, what is
// live stays where it lies: a chain begins with the flows on ports that the NAT still gives, by
// their law or as simulated states of the former design have it.
#include <array>
#include <cstdint>
#include <functional>
#include <natbound/calculator/likely.hpp>
#include <natbound/model/scenario.hpp>
#include <optional>
#include <string>
#include <vector>

namespace natbound::calculator {

struct after_options {
    // Seconds after the change, each at least 0, in any order; none: some, up to five mean holds.
    std::vector<double> times;
    // Flows live at the change, spread as the traffic is; none: what is live in the long run under
    // the scenario before it.
    std::optional<double> live = {};
    std::vector<double> quantiles = {0.05, 0.5, 0.95};  // of the first refusal, in (0, 1)
    std::uint64_t runs = 0;                             // of a simulation; 0: as time allows
    std::uint64_t seed = 1;
    // Flows on ports or addresses that the NAT no longer gives end at the change; else they stay
    // until they end, and count in its table and quotas alone.
    bool cut = false;
    // Called with the part that is done, 0..1, now and then; throws to stop.
    std::function<void(double)> progress = {};
};

struct after_kind {
    kind_result who;               // its odds are the worst of all times
    std::vector<refusal_odds> at;  // by time
};

// Of a refusal anywhere, counted from the change. Nothing where it is not known.
struct first_refusal_law {
    std::vector<std::optional<double>> quantiles;  // seconds
    std::vector<std::optional<double>> by;         // the probability that it has come, by time
    // 95 %, of the same, where runs were counted; those of several systems are taken together.
    std::vector<std::optional<std::array<double, 2>>> by_interval = {};
    std::optional<double> mean;  // of one exact system
    bool at_most = false;  // limits that hang together were taken for independent: it comes no
                           // earlier than this says
    std::string unknown;   // why it is not known
};

struct after_result {
    std::vector<double> times;
    std::vector<refusal_odds> overall, worst;  // by time: of all connections, of the worst kind
    std::vector<double> live;                  // mean number, by time
    std::vector<after_kind> kinds;             // the worst first
    first_refusal_law first;
    double rate = 0, load = 0;  // after the change
    double load_before = 0;     // or live flows that were given
    bool exact = false;         // nothing is simulated, approximated or a bound
    std::uint64_t runs = 0;     // fewest of a system that was simulated; 0: none was
    std::string method;
    std::vector<std::string> assumed;
    std::vector<std::string> notes = {};  // of these what a reader of the numbers has to know
};

// `before` is not looked at where options.live is given. Throws unsupported for what simulate()
// does not step; domain_error for times and quantiles outside of the
// above.
after_result after(const scenario& before, const scenario& now, const after_options& options);

}  // namespace natbound::calculator
