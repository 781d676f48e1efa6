#pragma once
// The loss and the delay of M/D/1/K by its load, interpolated: where many loads are asked for.
#include <cstdint>
#include <memory>
#include <utility>
#include <vector>

namespace natbound::calculator::detail {

// x of load (e^x - 1) = x other than 0: M/D/1 has weights by e^-x from level to level, far out.
double decay(double load);

// Of levels 0 .. last with weights e^(-fall i): the highest's, and their mean.
struct falling {
    double log_top, mean;
};
falling falling_levels(double fall, double last);

// Between points at equal steps of y = asinh(K log load): there the loss is smooth both where it
// falls steeply and at load 1. Beyond a depth of 512 what more depth makes of it is known by the
// decay.
class queue_curve {
  public:
    explicit queue_curve(std::uint64_t depth);

    // The logarithm of the loss; the mean time in the system in services, which takes longer.
    double log_loss(double load) { return log_loss(place_of(load), load); }
    double delay(double load);
    // The former at y.
    double log_loss(double y, double load);
    double depth() const { return deep_; }

    static constexpr double step = 0.125;  // of y, between two points

  private:
    using computed = double (queue_curve::*)(double) const;

    double place_of(double load) const;
    bool full(double load) const;  // all tokens are taken
    double between(std::vector<double>& points, computed each, double y) const;
    double loss_at(double load) const;
    double delay_at(double load) const;

    double deep_;
    int farthest_;  // beyond, load is below 1e-9 or over 90
    // From -farthest; 1, or a delay of 0: not known yet.
    std::vector<double> losses_, delays_;
};

// Curves are kept, some of them: most of the work is in their points.
std::shared_ptr<queue_curve> curve_of(std::uint64_t depth);

}  // namespace natbound::calculator::detail
