#include "inversion.hpp"

#include <algorithm>
#include <cmath>
#include <natbound/model/error.hpp>

namespace natbound::calculator::detail {
namespace {

constexpr double pi = 3.14159265358979323846;
constexpr double slant = 0.5;  // the path's asymptotes lean this far (radians) to the left

// Near enough to the saddle: a third of the peak's width.
bool near_saddle(double slope, double curvature) {
    return curvature > 0 && std::abs(slope) < 0.3 * std::sqrt(curvature);
}

}  // namespace

// The slope of st + log(W/divisor) grows with s and is concave: Newton's steps from the left never
// pass the root; steps from the right are cut short.
bool inversion::saddle(double t) {
    s0_ = s0_ > 0 ? s0_ * std::min(aimed_ / t, 10.0) : 1 / t;
    for (int i = 0; i < 200; ++i) {
        jet_ = what_.settle(s0_, by_);
        if (!jet_.valid) return false;
        const double slope = s0_ * t + jet_.first;
        // Left of 1/t only what falls with t has its saddle, and may have none right of the pole.
        if (near_saddle(slope, jet_.second) || (slope > 0 && s0_ * t <= 1)) return true;
        const double step = jet_.second > 0 ? -slope / jet_.second : (slope > 0 ? -0.5 : 1);
        s0_ = std::max(s0_ * (1 + std::clamp(step, -0.75, 50.0)), 1 / t);
        if (!(s0_ > 1e-305 && s0_ < 1e150)) return false;
    }
    return true;
}

// Between the first pole and 0 the slope falls from +infinity at 0 to -infinity.
bool inversion::tail_saddle(double t, double mean) {
    double inner = 0, outer = 0;  // |s| on either side of the saddle
    if (!(s0_ < 0)) s0_ = -std::min(1 / mean, 1e150);
    for (int i = 0; i < 200; ++i) {
        jet_ = what_.settle(s0_, by_);
        const double slope = jet_.valid ? s0_ * t + jet_.first : 1;
        if (jet_.valid && near_saddle(slope, jet_.second)) return true;
        // d/dx = s d/ds, and s < 0: beyond the saddle the slope in x is positive.
        (slope > 0 ? outer : inner) = -s0_;
        double next = 0;
        if (outer == 0) {
            next = -2 * s0_;
        } else if (inner == 0) {
            next = -s0_ / 2;
        } else {
            next = outer < 1.5 * inner ? 0.5 * (inner + outer) : std::sqrt(inner * outer);
            if (jet_.valid && jet_.second > 0) {
                const double newton = -s0_ * (1 - slope / jet_.second);
                if (newton > inner && newton < outer) next = newton;
            }
            if (outer - inner < 1e-15 * outer) return jet_.valid;
        }
        s0_ = -next;
    }
    return jet_.valid;
}

// At s the saddle is that of t = -first / s, and the peak there a Gaussian, nearly: log value falls
// as s grows if s > 0, and as it nears the pole if not.
std::optional<double> inversion::guess(double want, bool tail, double mean) {
    constexpr double log_root = 0.91893853320467274178;  // of 2 pi
    double low = 0, high = 0;                            // of |s|: on either side of the answer
    double size = std::min(1 / mean, 1e150);
    double last_size = 0, last_gap = 0;
    for (int i = 0; i < 60; ++i) {
        const double s = tail ? -size : size;
        const climb_jet jet = what_.settle(s, by_);
        const double t = jet.valid ? -jet.first / s : 0;
        double gap = -1;  // beyond the pole
        if (jet.valid && jet.second > 0)
            gap = s * t + jet.log_value + std::log(size) - log_root - 0.5 * std::log(jet.second) -
                  want;
        if (jet.valid && t <= 0) gap = 1;  // next to the pole at 0
        if (std::abs(gap) < 0.05 && t > 0) {
            s0_ = s;
            jet_ = jet;
            aimed_ = t;
            return t;
        }
        (gap > 0 ? low : high) = size;
        double next = low > 0 && high > 0 ? std::sqrt(low * high) : gap > 0 ? 4 * size : size / 4;
        if (tail && low > 0 && high > 0) next = 0.5 * (low + high);
        // Straight lines in log |s|, where that stays between the ends.
        if (last_size > 0 && gap != last_gap && jet.valid) {
            const double by = gap / (gap - last_gap) * std::log(last_size / size);
            const double line = size * std::exp(std::clamp(by, -2.0, 2.0));
            if (line > low && (high == 0 || line < high)) next = line;
        }
        last_size = jet.valid && t > 0 ? size : 0;
        last_gap = gap;
        size = next;
        if (!(size > 1e-300 && size < 1e150)) break;
    }
    return {};
}

bool inversion::near(double t) const {
    return std::abs(t - aimed_) < 0.05 * aimed_ &&
           std::abs(s0_ * (t - aimed_)) < 0.1 * std::sqrt(std::max(jet_.second, 1e-300));
}

bool inversion::aim(double t, bool tail, double mean) {
    const bool found = tail ? tail_saddle(t, mean) : saddle(t);
    if (found) lay(t);
    if (!found) s0_ = 0;
    aimed_ = t;
    return found;
}

void inversion::lay(double t) {
    const double scale = std::abs(s0_);
    // Of the peak, in units of s0. Where there is none (what falls with t, at s0 = 1/t), e^(st)
    // alone sets the scale.
    const bool peaked = near_saddle(s0_ * t + jet_.first, jet_.second);
    const double width = peaked ? 1 / std::sqrt(jet_.second) : 1;
    const double leaning = std::sin(slant), upright = std::cos(slant);
    double bend = peaked ? 30 * width : 2;
    // d/dx of odd order changes sign with s0.
    const double third = s0_ > 0 ? jet_.third : -jet_.third;
    if (peaked && third < 0) {
        const double steepest = -3 * jet_.second / third * leaning / (upright * upright);
        bend = std::clamp(steepest, 0.5 * width, bend);
    }
    const auto place = [&](double u) {
        return std::complex(s0_ + scale * bend * leaning * (1 - std::cosh(u)),
                            scale * bend * upright * std::sinh(u));
    };
    const auto pace = [&](double u) {
        return scale * bend * std::complex(-leaning * std::sinh(u), upright * std::cosh(u));
    };
    nodes_.clear();
    weights_.clear();
    double total = 0, most = 0, size = 0;
    // Points first + k step until they no longer count; returns their sum.
    const auto walk = [&](double first, double step) {
        double sum = 0;
        for (int from = 0; from < 20000; from += static_cast<int>(climb::lanes)) {
            climb::points s;
            for (std::size_t k = 0; k < climb::lanes; ++k) {
                s[k] = place(first + step * (from + static_cast<double>(k)));
            }
            const auto ratios = what_.at(s, by_);
            double largest = 0;
            for (std::size_t k = 0; k < climb::lanes; ++k) {
                const double u = first + step * (from + static_cast<double>(k));
                const auto weight = ratios[k] * pace(u) * (u == 0 ? 0.5 : 1.0);
                const auto term = weight * std::exp((s[k] - s0_) * t);
                if (!std::isfinite(term.real()) || !std::isfinite(term.imag())) continue;
                nodes_.push_back(s[k]);
                weights_.push_back(weight);
                sum += term.imag();
                largest = std::max(largest, std::abs(term));
                size += std::abs(term);
            }
            most = std::max(most, largest);
            if (largest < 1e-17 * most) break;
        }
        return sum;
    };
    double step = std::min(0.3, 0.7 * width / (bend * upright));
    total = walk(0, step);
    const double enough = peaked ? 1e-8 : 1e-10;
    bool settled = false;
    for (int halving = 0; halving < 10 && !settled; ++halving) {
        const double between = walk(step / 2, step);
        const double change = std::abs(total - between);
        total += between;
        step /= 2;
        // The error of the rule squares with each halving. What lies far below the terms of its sum
        // is lost in their rounding.
        settled = change < std::max(enough * std::abs(total), 2e-13 * size);
    }
    if (!settled) throw error("the inversion of a transform did not converge");
    for (auto& w : weights_) w *= step / pi;
}

double inversion::sum(double t, bool sloped) const {
    std::complex<double> total = 0;
    for (std::size_t k = 0; k < nodes_.size(); ++k) {
        const auto term = weights_[k] * std::exp((nodes_[k] - s0_) * t);
        total += sloped ? term * nodes_[k] : term;
    }
    return total.imag();
}

double inversion::log_value(double t) const {
    return s0_ * t + jet_.log_value + std::log(std::max(sum(t, false), 0.0));
}

double inversion::lost(double t) const {
    double size = 0;
    for (std::size_t k = 0; k < nodes_.size(); ++k)
        size += std::abs(weights_[k]) * std::exp((nodes_[k].real() - s0_) * t);
    return 0x1p-50 * size / std::max(sum(t, false), 1e-300);
}

double inversion::value(double t) const {
    return std::exp(s0_ * t + jet_.log_value) * sum(t, false);
}

double inversion::slope(double t) const {
    return std::exp(s0_ * t + jet_.log_value) * sum(t, true);
}

}  // namespace natbound::calculator::detail
