#pragma once
// A law of holds, by what an infinite system needs of it: how much of a hold is left beyond x.
#include <array>
#include <natbound/calculator/traffic.hpp>
#include <vector>

namespace natbound::calculator {

struct hold_part;

class hold_time {
  public:
    // mean > 0 and finite, in any unit; cv = standard deviation / mean, > 0 and at most 100.
    static hold_time exponential(double mean);
    static hold_time constant(double mean);
    static hold_time lognormal(double mean, double cv);
    static hold_time gamma(double mean, double cv);
    // Exponential with means[i] with probability weights[i]; the weights are scaled to sum to 1.
    static hold_time hyperexponential(std::vector<double> weights, std::vector<double> means);

    // Samples, each as likely or by its weight; some may be 0. At most 65,536.
    static hold_time empirical(const std::vector<double>& samples,
                               const std::vector<double>& weights = {});

    // Even within each bin; edges ascend from 0 or later, one weight a bin. At most 4,096 edges.
    static hold_time histogram(const std::vector<double>& edges,
                               const std::vector<double>& weights);

    // Of one of the parts, each by its weight (>= 0; scaled to sum to 1).
    static hold_time of_parts(const std::vector<hold_part>& parts);

    double mean() const { return mean_; }
    double survival(double x) const;     // P(X > x)
    double excess(double x) const;       // E (X - x)+ = integral of survival from x on
    double half_square(double x) const;  // E ((X - x)+)^2 / 2 = integral of excess from x on
    double ragged() const;               // from there on it has a density that only falls

  private:
    enum class shape { constant, lognormal, gamma, hyperexponential, histogram, empirical, parts };
    hold_time(shape form, double mean, double cv);
    double moment_beyond(int order, double x) const;  // E X^order; X > x

    shape form_;
    double mean_;
    double a_ = 0, b_ = 0;  // lognormal: mu, sigma; gamma: shape, scale
    double sample_moment_beyond(int order, double x) const;
    double bins_beyond(int order, double x) const;

    std::vector<double> weights_, means_;
    std::vector<double> samples_;                // ascending; or edges
    std::array<std::vector<double>, 3> beyond_;  // [k][i]: the k-th moment of samples i and on
    std::vector<hold_part> parts_;
};

// Flows that are open by one law, and then kept for a time (>= 0) that is always the same.
struct hold_part {
    double weight;
    hold_time open;
    double kept = 0;
};

// How long a scenario's flows are open.
hold_time law_of(const open_time& open);

// How long they hold what they have: open, then in one of the closing phases.
hold_time hold_of(const open_time& open, const std::vector<closing_phase>& closing);

// That of any connection of the traffic, each stream's by its rate.
hold_time hold_of(const filled_traffic& traffic);

}  // namespace natbound::calculator
