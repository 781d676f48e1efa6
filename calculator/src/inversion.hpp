#pragma once
// From a climb's transform back to time, along a path through the saddle of e^(st) W(s)/divisor.
//
// The path is a hyperbola: upright where it crosses the real axis, bent to the left as fast as the
// third derivative there says. A sharp transition (all mass near one time) has a small third
// derivative and gets a straight line with a dozen points; an exponential wait gets a tight bend.
// As the integrand never much exceeds its value at the saddle, small probabilities keep their
// relative accuracy. The trapezoidal rule is halved until it no longer changes, else
// natbound::error.
//
// N. M. Temme, Asymptotic Methods for Integrals, 2015, ch. 4; J. A. C. Weideman and L. N.
// Trefethen, Math. Comp. 76 (2007) 1341; H. E. Daniels, Ann. Math. Statist. 25 (1954) 631.
#include <complex>
#include <optional>
#include <vector>

#include "climb.hpp"

namespace natbound::calculator::detail {

class inversion {
  public:
    inversion(const climb& what, divisor by) : what_(what), by_(by) {}

    // Lays the path for times near t > 0. `tail`: between the first pole and 0, so that value() is
    // what is missing to the limit, 1 - F for divisor::time; the path then needs `mean`, the mean
    // time. False if there is nothing to sum because the value underflows.
    bool aim(double t, bool tail = false, double mean = 0);

    // A time at which log_value() is about `want`, to a tenth, by the saddle's height and width
    // alone: a search along s, each of which has its own time. The path is to be laid next. Nothing
    // where none is found.
    std::optional<double> guess(double want, bool tail, double mean);

    // Is the path still good at t: near enough to the saddle there?
    bool near(double t) const;

    double log_value(double t) const;
    double value(double t) const;
    double slope(double t) const;  // d value / dt
    // About how much of it, relatively, the rounding of larger terms may have taken.
    double lost(double t) const;

  private:
    bool saddle(double t);
    bool tail_saddle(double t, double mean);
    void lay(double t);
    double sum(double t, bool sloped) const;

    climb what_;
    divisor by_;
    double s0_ = 0, aimed_ = 0;  // the saddle, and its t: where the next search starts
    climb_jet jet_;
    std::vector<std::complex<double>> nodes_, weights_;
};

}  // namespace natbound::calculator::detail
