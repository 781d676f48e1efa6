#pragma once
// Averaging the probability given the state over the states of a simulation, with an error from
// batch means.
//
// The number of live flows moves slowly and decides much, and its mean is known as long as hardly
// any flow is refused: the load, whatever the law of holds. So it serves as a control variate:
// regressed on, and corrected for. What is left varies fast, and batches of half a hold hardly hang
// together.
#include <functional>
#include <vector>

#include "natbound/calculator/arrival_odds.hpp"
#include "natbound/calculator/loss_curve.hpp"

namespace natbound::calculator::detail {

class state_average {
  public:
    state_average(simulation& s, arrival_odds& odds, double load)
        : simulation_(s), odds_(odds), load_(load), crossed_(s.input().kinds) {
        s.clear_counts();
    }

    // Another batch: so many states, so many arrivals apart.
    void batch(std::size_t states, double spacing, const std::function<void()>& interrupt);
    // Of each kind, over all batches so far (at least two).
    std::vector<log_odds> result() const;

  private:
    struct sums {
        double offered = 0, failing = 0;
    };
    simulation& simulation_;
    arrival_odds& odds_;
    double load_;
    std::vector<std::vector<sums>> kinds_;  // a batch's
    std::vector<double> live_, time_;       // a batch's: live flows over the load, less 1; weights
    double squared_ = 0;                    // of live
    std::vector<double> crossed_;           // a kind's: failing times live
};

}  // namespace natbound::calculator::detail
