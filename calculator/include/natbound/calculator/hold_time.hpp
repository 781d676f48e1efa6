#pragma once
// A law of holds, by what an infinite system needs of it: how much of a hold is left beyond x.
#include <array>
#include <natbound/calculator/traffic.hpp>
#include <vector>

namespace natbound::calculator {

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

    double mean() const { return mean_; }
    bool smooth() const {  // survival has no jump
        return form_ != shape::constant && form_ != shape::empirical;
    }
    double survival(double x) const;     // P(X > x)
    double excess(double x) const;       // E (X - x)+ = integral of survival from x on
    double half_square(double x) const;  // E ((X - x)+)^2 / 2 = integral of excess from x on

  private:
    enum class shape { constant, lognormal, gamma, hyperexponential, histogram, empirical };
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
};

// How long a scenario's flows are open.
hold_time law_of(const open_time& open);

}  // namespace natbound::calculator
