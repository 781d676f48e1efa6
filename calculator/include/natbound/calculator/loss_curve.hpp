#pragma once
// The refusal probability of one loss system as a function of its load, by the method that its
// design's axes call for: Erlang's formula where the search is complete (for one stream of batches
// or of an on-off source the chain of that), the exact chain where the tries are independent and
// arrivals Poisson, and else the exact probability given the state, averaged over simulated
// states. Simulated points are kept, and a load near one is read off a line through them.
#include <functional>
#include <map>
#include <memory>
#include <natbound/calculator/arrival_odds.hpp>
#include <natbound/calculator/systems.hpp>
#include <string>
#include <utility>
#include <vector>

namespace natbound::calculator {

namespace detail {
class shared_sockets;
}

enum class loss_method {
    nothing_refuses,
    erlang_b,
    attempts,
    batches,
    modulated,
    paired,        // an address of a pool, to which clients are dealt
    dealt_blocks,  // counted with all that share the pool's blocks, not by its own load
    simulated_states
};

// A probability as its logarithm and that one's standard error. Not seen: none of the states that
// were looked at could refuse; the logarithm is then -infinity, and says nothing but that.
struct log_odds {
    double log = 0, error = 0;
    bool seen = true;
    double growth = 0;  // d log / d log load, as the same states have it; 0: not known
};

struct curve_point {
    double load = 0;
    std::vector<log_odds> kinds;  // in the order of loss_curve::kinds()
    double effort = 0;            // mean holds that were averaged over
};

class loss_curve {
  public:
    // Called now and then; throws to stop (natbound::interrupted).
    using callback = std::function<void()>;

    loss_curve(const scenario& s, const system_split& all, loss_system system, std::uint64_t seed,
               callback interrupt);

    loss_method method() const { return method_; }
    // Places in split.kinds.
    const std::vector<std::size_t>& kinds() const { return kinds_; }
    std::string explained() const;
    bool exact() const { return method_ != loss_method::simulated_states; }
    // Whether its connections meet on mappings: then the probability is known between two bounds.
    bool shares() const { return sharing_ != nullptr; }
    double ports() const { return ports_; }  // that a search may give, on all its addresses
    // Of each address, static mappings among them.
    const port_set& permitted() const { return permitted_; }
    // Under paired pooling the load at which a bad dealing of its clients refuses so many.
    std::optional<double> badly_dealt(double epsilon) const;
    double tries() const { return tries_; }  // where the method is attempts
    // The flow table of a NAT that has no other system: where the search is complete it refuses by
    // the smaller of the two alone, and exactly. Whether that is so; else nothing changes.
    // `of`: the NAT, for the words.
    bool takes_table(double limit, const nat& of);
    // Whether Poisson arrivals meet a search that finds every free port: then source ports, shared
    // mappings and quotas can be counted with the ports (other_limits.hpp), and `leave` leaves the
    // curve to that.
    bool complete() const { return complete_; }
    void leave(std::string why);
    // An upper bound on the logarithm without looking: a refusal needs so many live flows, and
    // there are never more than there would be without refusals. Of on-off streams also what was
    // seen by look_always_on(): no more is refused than if they were on all the time.
    double sure_bound(double load) const;
    // A lower bound on that of the worst kind, of simulated curves: what its ports have no room
    // for.
    double overflow(double load) const;
    // Looks at the same system with its on-off streams on all the time, where there are no batches:
    // that is Poisson, and soon seen.
    // False where there are none.
    bool look_always_on(double load);

    // The probability of a kind (by its place in kinds()) at a load. Simulated: from the points
    // that are there, and unseen where there are none. error: of the points alone, and where
    // mappings carry connections to several destinations of what is not known of their meetings.
    log_odds at(double load, std::size_t kind) const;
    // Whether points that refused lie so near that reading it off is fair.
    bool measured(double load, std::size_t kind) const;
    // How fast it grows there: d log probability / d log load.
    double slope(double load, std::size_t kind) const { return growth_at(load, kind).first; }
    // Simulates at that load for so many mean holds, unless the method is exact or a point within
    // `near` (of log load) has as much already. precision: goes on, up to ten times as long, until
    // the error of the logarithm is below; 0: does not. rough: after a shorter warm-up where a long
    // one is due, with a wider error: to find out where to look.
    void look(double load, double holds, double near, double precision = 0, bool rough = false);
    const std::vector<curve_point>& points() const { return points_; }
    // The load at which the worst kind reaches epsilon, found by looking; `holds` for the last
    // look. Where it was never seen to refuse: the highest load looked at.
    double solve(double epsilon, double holds);
    // Looks at lower and lower loads until one refuses less often than that, or was not seen to
    // refuse at all: short looks, for bounds. start: the share of the ports to begin at (0: its
    // own); returns the share where it ended, at which a system like this one may begin.
    double descend(double probability, double start = 0);
    // The worst kind at a load, and at the point looked at that lies nearest.
    log_odds worst(double load) const;

  private:
    void choose(const scenario& s, const system_split& all);
    double bursts_bound(double load) const;
    double kept_ports(const nat_plan& plan, const port_set& permitted) const;
    double steepest(double load) const;
    double missed(const curve_point& p, std::size_t kind) const;
    // And the standard error of that.
    std::pair<double, double> growth_at(double load, std::size_t kind) const;
    double exact_log(double load) const;
    bool one_burst() const;
    curve_point simulate(double load, double holds, double precision, bool rough);
    log_odds alone_at(double load, std::size_t kind) const;

    loss_system system_;
    simulation_input input_;
    std::vector<std::size_t> kinds_;
    std::uint64_t seed_;
    callback interrupt_;
    loss_method method_ = loss_method::simulated_states;
    double ports_ = 0, least_busy_ = 0, tries_ = 0, input_load_ = 0;
    std::string why_;
    port_set permitted_;
    bool poisson_ = true, complete_ = false;
    arrival_process arrives_;  // batches, modulated: of all parts
    double hold_ = 0;          // then, of all parts
    // by load, where each is a pass over all ports: batches, modulated, and mappings that are
    // shared; or over all clients: paired
    mutable std::map<double, double> known_;
    std::unique_ptr<loss_curve> always_on_;  // on-off streams without batches: Poisson
    double peak_ = 1;                        // its load over this one's
    std::unique_ptr<simulation> running_;
    std::unique_ptr<arrival_odds> odds_;
    double running_load_ = 0, settled_ = 0;  // arrivals since it was begun
    double crowding_ = 1;                    // load over the load of entries that do not give way
    std::vector<curve_point> points_;        // by load
    std::shared_ptr<const detail::shared_sockets> sharing_;  // where mappings are shared
};

}  // namespace natbound::calculator
