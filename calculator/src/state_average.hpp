#pragma once
// Averaging the probability given the state over the states of a simulation.
//
// The number of live flows moves slowly and decides much, so few holds say little about its law;
// but its law is known. So the states tell only what a number of live flows means: the probability
// to fail given that number is fitted, and averaged over the law. Without refusals that is Poisson
// for any law of holds. With exponential holds of one mean it is the birth-death chain whose births
// are what is let in: the flow across a cut between n and n + 1 is exact, since departures are n
// over the hold in every state. Else, where refusals bend the law, the plain average remains.
//
// So it does where connections come in bursts. What comes in batches sees neither time averages nor
// what another would see: some batches are looked at between the states, and the state is read
// before each of their connections, one after the other.
//
// The error is that of the states' residuals from the fit, by batch means that allow for neighbours
// to hang together (W. Newey and K. West, Econometrica 55 (1987) 703). Where a fit would have to be
// read far from what was seen, the plain average remains too.
#include <functional>
#include <vector>

#include "natbound/calculator/arrival_odds.hpp"
#include "natbound/calculator/loss_curve.hpp"

namespace natbound::calculator::detail {

class state_average {
  public:
    // most: flows that can be live at once (then every search fails).
    state_average(simulation& s, arrival_odds& odds, double load, double most);

    // Another batch: so many states, so many arrivals apart.
    void batch(std::size_t states, double spacing, const std::function<void()>& interrupt);
    // Whether no state so far could refuse anything.
    bool nothing_fails() const;
    // Of each kind, over all batches so far (at least two).
    std::vector<log_odds> result() const;

  private:
    // A number that goes with the number of live flows: linear, or (is_log) the exponential of a
    // parabola, and of its tangents beyond the states that were seen. z is live flows less the
    // load, in standard deviations.
    struct fit {
        bool is_log = false;
        double center = 0, a = 0, b = 0, c = 0;
        double low = 0, high = 0;  // z seen
        double at(double z) const;
    };
    fit linear(const std::vector<double>& values) const;
    fit exponential(const std::vector<double>& values) const;
    double mean(const std::vector<double>& values) const;
    double z(double live) const { return (live - load_) / deviation_; }
    std::vector<double> law(const fit& offered, const fit& failing, double lowest) const;
    // What each state's residual moves the average over a law by (the delta method), for a fit.
    std::vector<double> influence(const fit& f, const std::vector<double>& chances,
                                  double lowest) const;
    void advance_through_batches(double spacing);
    // How many flows fail at that number of live ones, of all that are offered.
    double failing_at(const fit& failing, double n, double offered) const;
    double error(const std::vector<double>& off) const;

    simulation& simulation_;
    arrival_odds& odds_;
    double load_, deviation_, most_;
    double rate_;    // of the arrivals that offered_ and failing_ are shares of
    bool one_hold_;  // exponential, of one mean, and nothing is kept after a close
    bool law_known_ = true;
    bool singles_ = false;     // some stream comes one by one
    double batches_rate_ = 0;  // batches a second, of the streams that come in them
    double arrivals_ = 0;      // over all batches
    std::vector<double> batch_offered_, batch_failing_;  // a kind's, since the last state
    std::vector<double> z_, weight_;  // weights as they come; their mean is not 1
    std::vector<std::vector<double>> offered_, failing_;  // a kind's, by state
    std::vector<std::size_t> ends_;                       // of batches
};

}  // namespace natbound::calculator::detail
