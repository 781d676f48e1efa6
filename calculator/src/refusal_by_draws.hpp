#pragma once
// r(n): the probability that all draws find a busy port when n of N are busy, as a logarithm right
// to a few ulps for all n, so that both r and 1 - r keep their digits.
#include <algorithm>
#include <cmath>
#include <limits>

#include "poisson.hpp"

namespace natbound::calculator::detail {

// (n/N)^K, or C(n,K)/C(N,K). Both are increasing and log-concave in n. A walker of one state: `up`
// and `down` are cheaper than `to`.
class refusal_by_draws {
  public:
    refusal_by_draws(double ports, double tries, bool again)
        : ports_(ports), tries_(again ? tries : std::min(tries, ports)), again_(again) {}

    void to(double n) {
        n_ = n;
        log_ = again_ ? double_double{power(n), 0} : subsets(n);
    }
    void up() {
        if (by_itself(n_ + 1)) return to(n_ + 1);
        ++n_;
        log_ = log_ + double_double{growth(n_), 0};
    }
    void down() {
        if (by_itself(n_ - 1)) return to(n_ - 1);
        log_ = log_ - double_double{growth(n_), 0};
        --n_;
    }

    double state() const { return n_; }
    double log_refused() const { return log_.high; }
    double refused() const { return std::exp(log_.high); }
    double taken() const {
        if (log_.high < -40) return 1;
        return log_.high < -0.7 ? 1 - std::exp(log_.high) : -std::expm1(log_.high);
    }

    // log(r(n)/r(n-1)) for least() < n <= N.
    double growth(double n) const {
        return again_ ? tries_ * std::log1p(1 / (n - 1)) : -log_share(n - tries_, n);
    }
    // The first n with r(n) > 0.
    double least() const { return again_ ? 1 : tries_; }

  private:
    // Without replacement, next to r = 1, the walk would lose digits of 1 - r; there the factors
    // are few.
    bool by_itself(double n) const {
        return again_ || n < tries_ || n_ < tries_ ||
               (log_.high > -0.01 && std::min(ports_ - n, tries_) <= 32);
    }
    // log(part/whole), right to a few ulps also where it is small.
    static double log_share(double part, double whole) {
        return part < whole / 2 ? std::log(part / whole) : std::log1p((part - whole) / whole);
    }
    double power(double n) const { return tries_ * log_share(n, ports_); }
    double_double subsets(double n) const {
        if (n < tries_) return {-std::numeric_limits<double>::infinity(), 0};
        const double free = ports_ - n;
        // r = prod_{i < few} (1 - many/(N-i)), symmetric in free and tries.
        const double few = std::min(free, tries_), many = std::max(free, tries_);
        if (few > 2000) {
            return log_factorial(n) - log_factorial(n - tries_) - log_factorial(ports_) +
                   log_factorial(ports_ - tries_);
        }
        double_double sum{};
        for (double i = 0; i < few; ++i)
            sum = sum + double_double{log_share(ports_ - i - many, ports_ - i), 0};
        return sum;
    }

    double ports_, tries_;
    bool again_;
    double n_ = 0;
    double_double log_{};
};

}  // namespace natbound::calculator::detail
