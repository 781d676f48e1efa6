#pragma once
// How much load a scenario can be offered before a connection of its worst kind fails with more
// than a given probability, and how likely that is at the scenario's own traffic.
//
// Load is the mean number of live flows if nothing were refused: the sum of rate times mean hold
// over all traffic, scaled by one factor. A kind is a client set with a destination endpoint.
#include <cmath>
#include <functional>
#include <limits>
#include <map>
#include <memory>
#include <natbound/calculator/asked.hpp>
#include <natbound/calculator/packet_limit.hpp>
#include <natbound/calculator/systems.hpp>
#include <optional>
#include <string>
#include <vector>

namespace natbound::calculator {

class loss_curve;
// Simulated curves by what they depend on, for studies of scenarios that differ in something else:
// what one looked at the next need not simulate.
using known_curves = std::map<std::string, std::shared_ptr<loss_curve>>;

struct study_options {
    std::uint64_t seed = 1;
    // Mean holds that the deciding loads are averaged over; the error goes down with its root. Up
    // to 4: a first look (loss_curve.hpp).
    double holds = 20;
    // Of the logarithms of what risk() looks at: up to three times as many holds where that is not
    // reached. 0: just as many.
    double precision = 0;
    // Whether likely also looks for a bound where a kind of traffic was not seen to fail.
    bool bounds = true;
    // Where no state that was looked at could refuse: how low a bound risk() goes and looks for.
    double lowest = 1e-9;
    // Whether risk() tells the time to the first refusal, a law of its own.
    bool first = true;
    // Shared with other studies, which must not run at the same time; null: nothing is.
    std::shared_ptr<known_curves> known = nullptr;
    // Called at least every 20 ms or so of work; throws to stop (natbound::interrupted).
    std::function<void()> interrupt;
};

// A refusal probability. `at_most`: none of the states looked at could refuse; `value` is then an
// upper bound, and low is 0. A value of 0 means that nothing can refuse.
struct refusal_odds {
    double value = 0, low = 0, high = 0;  // 95 %
    double log = 0;                       // natural logarithm of value
    bool at_most = false;
};

struct kind_result {
    traffic_kind kind;
    std::string clients, servers, destination, protocol, nat;
    std::string address;  // of the pool, where this kind fails most
    refusal_odds odds;    // at the load in question
    std::optional<double>
        likely;  // the load (of everything) at which this kind reaches epsilon; none: never
};

struct load_point {
    double load = 0;
    refusal_odds worst;
};

struct likely_result {
    double epsilon = 0;
    std::optional<double> load;  // none: nothing refuses
    double low = 0, high = 0;    // 95 %; equal to load where the method is exact
    bool exact = false;
    // So low a probability was not seen: load is where the line through what was seen reaches
    // epsilon, and high is the lowest load that was measured.
    bool extrapolated = false;
    std::string method;
    std::vector<std::string> assumed;
    std::vector<kind_result> kinds;  // the first to fail first
    std::optional<double>
        average;  // the load at which the average over all connections reaches epsilon
    std::optional<double>
        worst_assignment;  // hash not known: the load in the worst 5 % of random assignments
    std::vector<load_point> points;  // by load; what was looked at
};

// The depth of a NAT's token bucket as it is computed with: at most 4,096, since a deeper one only
// matters within 1e-3 of its rate, and refuses less.
std::uint64_t policer_depth(const rate_limits& limits);
std::uint64_t packet_depth(const rate_limits& limits);  // as it is

// What the streams through a NAT send: those that say how many packets a connection has.
packet_load packets_through(const scenario& s, const filled_traffic& traffic, const nat& n);

// A limit on new connections, or on packets, a second at the NAT's own traffic.
struct rate_result {
    std::string nat;
    bool packets = false;
    double offered = 0, limit = 0;  // a second
    std::uint64_t depth = 1;
    double refusal = 0, log_refusal = 0;  // of a connection, by it alone
    double packet_loss = 0;               // of packets: the share of all that are lost
    double delay = 0;                     // of packets: mean seconds, where they queue
};

// A flow table that drops its least recently used entry when it is full: nobody is refused by it,
// and somebody is cut.
struct cut_result {
    std::string nat;
    double probability = 0;  // that a connection is cut before it ends
    // Without a packet for so long an entry is dropped (eviction.hpp); known where the traffic says
    // how many packets a connection has. Infinite: the table is hardly ever full.
    std::optional<double> silence;
};

// Beside the average over simulated states: the formula for searches of windows (window_loss.hpp),
// and what of the scenario it leaves out.
struct window_formula {
    double refusal = 0;
    std::vector<std::string> leaves_out;
};

// Of all connections those that one limit refuses, being the first that does in the order of
// asked.hpp; `where`: the NAT, or the server set. All values add up to what is refused. Where
// limits meet that are not counted together (risk_result::bounds) low and high are bounds.
struct refused_by_limit {
    asked limit = asked::ports;
    std::string where;
    double value = 0, low = 0, high = 0;
};

// Mean seconds to the first refusal; infinite: none, or not known.
struct first_time {
    double at_least = std::numeric_limits<double>::infinity();
    double at_most = std::numeric_limits<double>::infinity();
    bool from_empty = false;  // else from any moment: the mean time between refusals

    // The two agree to a hundredth.
    bool known() const { return std::isfinite(at_most) && at_most <= at_least * 1.01; }
};

struct risk_result {
    bool hash_known = true;     // false: of a median assignment of clients to addresses
    double load = 0, rate = 0;  // of everything, scaled
    refusal_odds worst, overall;
    refusal_odds failing;  // of the worst kind, with what a full table cuts to make room
    bool exact = false;
    std::string method;
    std::vector<std::string> assumed;
    std::vector<kind_result> kinds;            // the most likely to fail first
    std::vector<refused_by_limit> refused_by;  // in the order in which they are asked
    std::vector<rate_result> rates;
    std::vector<cut_result> cuts;  // the odds of kinds, and all else, leave these out
    std::optional<double>
        full_probability;       // time congestion of the worst kind's ports, where it is known
    double refusals_a_day = 0;  // at most, where overall is
    first_time first;
    bool bursty = false;   // some arrivals are not Poisson; the first refusal is then not known
    bool counted = false;  // in a simulation, by no method
    bool bounds = false;   // several limits, not counted together: intervals are bounds
    // Of such, where a simulation has told since where between the bounds the truth lies.
    std::optional<std::pair<double, double>> within = {};
};

// What refuses, by itself: `what` is ports, table, quota, rate, packets, subscribers, servers or
// blocks; `where` the NAT, or the server set.
struct refusing_limit {
    std::string what, where;
    double log = 0;  // of the probability, at the worst kind for it; of ports a bound where unseen
};

namespace detail {
struct cascade_shares;
}

// Both questions of one scenario, sharing what was simulated. The scenario must outlive it.
//
// Of a cascade each NAT is looked at by itself, offered what the clients behind it offer: no less
// than what comes through the NATs inside it. A connection fails with at most the sum of what it
// fails with at its stages, and at least with the largest.
class loss_study {
  public:
    explicit loss_study(const scenario& s, study_options options = {});
    ~loss_study();
    loss_study(loss_study&&) noexcept;
    loss_study& operator=(loss_study&&) noexcept;

    // 0 < epsilon < 1.
    likely_result likely(double epsilon);
    // The same of connections that are refused, or find no free port of the client's own, where
    // clients keep TIME-WAIT (own_ports.hpp; not where NATs follow one another): less where those
    // run out first.
    likely_result with_own_ports(likely_result nats) const;
    // The most likely to find none, at that scale; nothing where no client keeps TIME-WAIT.
    std::optional<refusing_limit> short_of_own_ports(double scale) const;
    // At the scenario's traffic times `scale` > 0.
    risk_result risk(double scale = 1);
    // Each limit by itself at the scenario's traffic times `scale`, the one that refuses most
    // first; after risk(scale), which looks at the loads.
    std::vector<refusing_limit> refusing(double scale = 1) const;
    // The formula beside risk(scale), where every search is one of windows, of few systems.
    std::optional<window_formula> windows(double scale = 1) const;
    // The worst kind's refusal probability at these scales, for a picture.
    std::vector<load_point> curve(const std::vector<double>& scales);

  private:
    class state;
    std::unique_ptr<const detail::cascade_shares> cascade_;  // none where no NAT is inside another
    std::unique_ptr<state> state_;
};

likely_result likely(const scenario& s, double epsilon, study_options options = {});
risk_result risk(const scenario& s, double scale = 1, study_options options = {});

}  // namespace natbound::calculator
