#pragma once
// packet_limit.hpp where the number live hardly changes while a bucket runs empty, or so fast that
// it is its mean: M/D/1/K averaged over the number live, whose variance is that of its mean over
// the most likely time in which a full bucket runs empty (the rate is an Ornstein-Uhlenbeck
// process; I. Norros, Queueing Systems 16 (1994) 387, for the time).
#include <algorithm>
#include <cmath>
#include <cstdint>
#include <memory>
#include <natbound/calculator/packet_limit.hpp>
#include <utility>

#include "queue_curve.hpp"
#include "two_poles.hpp"

namespace natbound::calculator::detail {

class packet_average {
  public:
    packet_average(double per_second, std::uint64_t depth, const packet_load& load)
        : limit_(per_second),
          depth_(static_cast<double>(depth)),
          curve_(curve_of(depth)),
          load_(load) {}

    // Without the delay, which takes longer, where that is not asked for.
    packet_answer at(double scale, bool with_delay) const;

    // In holds (above 0, as `live` and `each`), the time for which the number live is averaged.
    double holds_to_empty(double scale) const;
    // About the logarithm of what is refused, by a normal law, or as at the mean rate, whichever
    // refuses more: where an inverse begins. hold above 0.
    double about(double scale) const {
        const double deviations = likeliest(scale).deviations;
        const double mean = (load_.opening + load_.live * load_.each) * scale / limit_;
        // M/M/1/K loses more, and so rarely that it does not matter how much; full, all that is
        // over is lost
        const double bound = depth_ * std::log(mean), rare = -100, full = 30;
        const double at_mean = bound < rare  ? bound
                               : mean > full ? std::log1p(-1 / mean)
                                             : std::min(bound, two_poles(mean).log_loss(depth_));
        return std::max(-deviations * std::abs(deviations) / 2 - 2, at_mean);
    }

  private:
    struct emptying {
        double holds, deviations;
    };
    emptying likeliest(double scale) const;
    packet_answer of_mean(double scale, bool with_delay) const;
    packet_answer staying(double scale, bool with_delay) const;
    packet_answer changing(double scale, double holds, bool with_delay) const;
    bool smooth(double live) const;
    std::pair<double, double> integrated(double live, double opening) const;
    std::pair<double, double> summed(double live, double opening) const;

    double limit_, depth_;
    std::shared_ptr<queue_curve> curve_;
    packet_load load_;
};

}  // namespace natbound::calculator::detail
