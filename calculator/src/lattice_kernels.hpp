#pragma once
// What a law's generating function is multiplied by, so that a coefficient is a sum of chances
// (lattice.hpp).
#include <cmath>
#include <complex>
#include <limits>
#include <utility>
#include <vector>

#include "lattice.hpp"

namespace natbound::calculator::detail {

inline constexpr double no_end = std::numeric_limits<double>::infinity();

// 1 / (1 - q z) for q z != 1: with q <= 1, the sum over j <= c of p(j) q^(c-j). Where z > 1 = q,
// the chance of more than c, of the other sign.
class decaying_sum {
  public:
    explicit decaying_sum(double log_q, bool beyond = false) : log_q_(log_q), beyond_(beyond) {}

    double least() const { return beyond_ ? 0 : -no_end; }
    double most() const { return beyond_ ? no_end : -log_q_; }
    tilted at(double theta) const {
        const double x = theta + log_q_;
        if (beyond_) {
            const double g = 1 + 1 / std::expm1(x);
            return {-std::log(std::expm1(x)), -g, g * (g - 1)};
        }
        const double g = 1 / std::expm1(-x);
        return {-std::log(-std::expm1(x)), g, g * (1 + g)};
    }
    void to(double theta) {
        const double x = theta + log_q_;
        over_ = std::exp(x) / std::expm1(x);
    }
    std::complex<double> node(double t) const { return 1.0 / (1.0 + over_ * complex_expm1(0, t)); }

  private:
    double log_q_;
    bool beyond_;
    double over_ = 0;
};

// 1 + z + ... + z^(s-1): the chance of c - s + 1 .. c.
class window_kernel {
  public:
    explicit window_kernel(double length) : s_(length) {}

    double least() const { return -no_end; }
    double most() const { return no_end; }
    tilted at(double theta) const {
        const tilted a = bulge(s_ * theta), b = bulge(theta);
        const double half = (s_ - 1) / 2;
        return {std::log(s_) + half * theta + a.value - b.value, half + s_ * a.first - b.first,
                s_ * s_ * a.second - b.second};
    }
    void to(double theta) {
        theta_ = theta;
        all_ = ratio(0);
    }
    std::complex<double> node(double t) const { return ratio(t) / all_; }

  private:
    // (e^(s u) - 1) / (e^u - 1) e^(-s theta) for theta > 0
    std::complex<double> ratio(double t) const {
        if (theta_ == 0 && t == 0) return s_;
        if (theta_ <= 0) return complex_expm1(s_ * theta_, s_ * t) / complex_expm1(theta_, t);
        const auto turned = std::polar(1.0, (s_ - 1) * t);
        return turned * complex_expm1(-s_ * theta_, -s_ * t) / complex_expm1(-theta_, -t);
    }
    // log(sinh(x/2) / (x/2))
    static tilted bulge(double x) {
        const double y = x * x;
        if (y < 0.01)
            return {y / 24 * (1 - y / 120), x / 12 * (1 - y / 60), 1.0 / 12 * (1 - y / 20)};
        const double a = std::abs(x), shrink = std::exp(-a), gap = -std::expm1(-a);
        const double slope = 0.5 * (1 + shrink) / gap - 1 / a;
        return {a / 2 + std::log(gap / a), x > 0 ? slope : -slope, 1 / y - shrink / (gap * gap)};
    }

    double s_, theta_ = 0;
    std::complex<double> all_;
};

// sum of w(i) z^i, w >= 0.
class polynomial_kernel {
  public:
    explicit polynomial_kernel(std::vector<double> weights) : w_(std::move(weights)), u_(w_) {}

    double least() const { return -no_end; }
    double most() const { return no_end; }
    tilted at(double theta) const {
        double all = 0, first = 0, second = 0;
        const double top = static_cast<double>(w_.size() - 1);
        const double z = std::exp(-std::abs(theta));
        double power = 1;
        for (std::size_t k = 0; k < w_.size(); ++k) {
            const std::size_t i = theta > 0 ? w_.size() - 1 - k : k;
            const double weight = w_[i] * power, n = static_cast<double>(i);
            all += weight;
            first += weight * n;
            second += weight * n * n;
            power *= z;
        }
        const double mean = first / all;
        return {std::log(all) + (theta > 0 ? top * theta : 0), mean,
                std::fmax(second / all - mean * mean, 0)};
    }
    void to(double theta) {
        const double z = std::exp(-std::abs(theta));
        double power = 1, all = 0;
        for (std::size_t k = 0; k < w_.size(); ++k) {
            const std::size_t i = theta > 0 ? w_.size() - 1 - k : k;
            u_[i] = w_[i] * power;
            all += u_[i];
            power *= z;
        }
        for (double& u : u_) u /= all;
    }
    std::complex<double> node(double t) const {
        const double c = std::cos(t), s = std::sin(t);
        double re = 0, im = 0;
        for (std::size_t i = u_.size(); i-- > 0;) {
            const double next = re * c - im * s + u_[i];
            im = re * s + im * c;
            re = next;
        }
        return {re, im};
    }

  private:
    std::vector<double> w_, u_;
};

// log P(N <= c), and how it grows; from the side on which the sum is the smaller.
template <class Law>
std::optional<coefficient> at_most(Law& law, double c, double dearest) {
    const double spread = std::sqrt(law.at(0).second);
    if (c < law.mean()) {
        decaying_sum below(0);
        return coefficient_of(law, below, c, -1 / (spread + 1), dearest);
    }
    // A chance of more than c is wanted to some last bits of 1: no nearer to the pole than here.
    decaying_sum beyond(0, true);
    const double far = 3 / (spread + 1);
    double theta = saddle(law, beyond, c, far);
    if (dearest > 0) theta = std::fmax(theta, std::min(far, law.most() / 2));
    const double bound =
        law.at(theta).value + (law.mean() - c) * theta + beyond.at(theta).value;  // Chernoff's
    if (bound < -lattice_last_bit - 2) return coefficient{0, 0, theta, 1, true};
    const auto found = coefficient_at(law, beyond, c, theta, dearest);
    if (!found) return {};
    const double more = std::exp(found->log);
    if (!(more < 0.9)) return {};
    return coefficient{std::log1p(-more), -more / (1 - more) * found->growth, theta,
                       1 + more * found->doubt, found->smooth};
}

// A kernel's share of P(N <= c), what is refused: its logarithm falls by about theta a port.
template <class Law, class Kernel>
std::optional<coefficient> refused_share(Law& law, Kernel& kernel, double c, double guess,
                                         double dearest) {
    const auto lost = coefficient_of(law, kernel, c, guess, dearest);
    if (!lost) return {};
    const auto all = at_most(law, c, dearest);
    constexpr double most_doubt = 100;  // two digits
    if (!all || !(lost->doubt + all->doubt < most_doubt)) return {};
    return coefficient{lost->log - all->log, lost->growth - all->growth, lost->theta,
                       lost->doubt + all->doubt, lost->smooth};
}

}  // namespace natbound::calculator::detail
