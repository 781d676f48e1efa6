// The recursion at real s with three derivatives, and at eight complex s side by side.
#include "climb.hpp"

#include <cmath>
#include <utility>

namespace natbound::calculator::detail {
namespace {

constexpr double log_2 = 0.69314718055994530942;

// W' / W and so on after a factor r, given r' / r and so on.
struct moments {
    double w1 = 0, w2 = 0, w3 = 0;
    void times(double r1, double r2, double r3) {
        w3 += 3 * (w2 * r1 + w1 * r2) + r3;
        w2 += 2 * w1 * r1 + r2;
        w1 += r1;
    }
    void shrink(double by) {
        w1 *= by;
        w2 *= by;
        w3 *= by;
    }
};

}  // namespace

climb::climb(std::uint64_t top, double load, std::uint64_t from, std::vector<double> start)
    : top_(top), load_(load), from_(from), start_(std::move(start)) {
    while (start_.size() > 1 && start_.back() == 0) start_.pop_back();
    std::size_t none = 0;
    while (none + 1 < start_.size() && start_[none] == 0) ++none;
    start_.erase(start_.begin(), start_.begin() + static_cast<std::ptrdiff_t>(none));
    from_ += none;
    grow_.resize(top_ - from_);
    join_.resize(top_ - from_);
}

climb_jet climb::settle(double s, divisor by) {
    climb_jet out;
    moments sum;
    double e0 = 0, e1 = 0, e2 = 0, e3 = 0;
    double u0 = s, u1 = s, u2 = 0, u3 = 0;
    double w = start_[0];
    int exponent = 0;  // the true W is w 2^exponent
    for (std::uint64_t n = 0; n <= top_; ++n) {
        const double deaths = static_cast<double>(n);
        u0 = s + deaths * e0;
        u1 = s + deaths * e1;
        u2 = deaths * e2;
        u3 = deaths * e3;
        if (n == top_) break;
        const double d = load_ + u0;
        if (!(d > 0)) return out;
        const double q = 1 / d, v1 = u1 * q, v2 = u2 * q, v3 = u3 * q;
        const double r = load_ * q;
        e0 = u0 * q;
        e1 = r * v1;
        e2 = r * (v2 - 2 * v1 * v1);
        e3 = r * (v3 - 6 * v1 * v2 + 6 * v1 * v1 * v1);
        if (n < from_) continue;
        const std::size_t i = static_cast<std::size_t>(n - from_);
        sum.times(-v1, 2 * v1 * v1 - v2, 6 * v1 * (v2 - v1 * v1) - v3);
        const double carried = w * r;
        const double joined = i + 1 < start_.size() ? std::ldexp(start_[i + 1], -exponent) : 0;
        w = carried + joined;
        const double kept = joined == 0 ? 1 : carried / w;
        grow_[i] = kept / r;
        join_[i] = joined == 0 ? 0 : joined / w;
        if (joined != 0) sum.shrink(kept);
        if (w < 0x1p-300 || w > 0x1p300) {
            const int shift = std::ilogb(w);
            w = std::ldexp(w, -shift);
            exponent += shift;
        }
    }
    settled_ = s;
    out.log_value = std::log(w) + exponent * log_2;
    out.first = sum.w1;
    out.second = sum.w2 - sum.w1 * sum.w1;
    out.third = sum.w3 - 3 * sum.w1 * sum.w2 + 2 * sum.w1 * sum.w1 * sum.w1;
    if (by == divisor::time) {
        settled_divisor_ = s;
        out.log_value -= std::log(std::abs(s));
        out.first -= 1;
        out.second += 1;
        out.third -= 2;
    } else {
        if (!(u0 > 0)) return out;
        settled_divisor_ = u0;
        const double v1 = u1 / u0, v2 = u2 / u0, v3 = u3 / u0;
        out.log_value -= std::log(u0);
        out.first -= v1;
        out.second -= v2 - v1 * v1;
        out.third -= v3 - 3 * v1 * v2 + 2 * v1 * v1 * v1;
    }
    if (by == divisor::shortfall) {
        settled_divisor_ *= s + 1;
        const double v = s / (s + 1);
        out.log_value -= std::log1p(s);
        out.first -= v;
        out.second += v * v;
        out.third -= 2 * v * v * v;
    }
    out.valid = true;
    return out;
}

climb::points climb::at(const points& s, divisor by) const {
    alignas(64) double sr[lanes], si[lanes], er[lanes], ei[lanes], ur[lanes], ui[lanes];
    alignas(64) double vr[lanes], vi[lanes];
    for (std::size_t k = 0; k < lanes; ++k) {
        sr[k] = s[k].real();
        si[k] = s[k].imag();
        er[k] = ei[k] = vi[k] = 0;
        vr[k] = 1;
    }
    const double a = load_;
    const auto step = [&](double deaths, double grow, double join) {
        for (std::size_t k = 0; k < lanes; ++k) {
            const double u_r = sr[k] + deaths * er[k], u_i = si[k] + deaths * ei[k];
            const double d_r = a + u_r;
            const double inverse = 1 / (d_r * d_r + u_i * u_i);
            const double q_r = d_r * inverse, q_i = -u_i * inverse;
            er[k] = u_r * q_r - u_i * q_i;
            ei[k] = u_r * q_i + u_i * q_r;
            const double f_r = grow * q_r, f_i = grow * q_i;
            const double v_r = vr[k] * f_r - vi[k] * f_i + join;
            vi[k] = vr[k] * f_i + vi[k] * f_r;
            vr[k] = v_r;
        }
    };
    for (std::uint64_t n = 0; n < from_; ++n) {
        step(static_cast<double>(n), 0, 1);  // V stays 1
    }
    for (std::uint64_t n = from_; n < top_; ++n) {
        const std::size_t i = static_cast<std::size_t>(n - from_);
        step(static_cast<double>(n), a * grow_[i], join_[i]);
    }
    for (std::size_t k = 0; k < lanes; ++k) {
        ur[k] = sr[k] + static_cast<double>(top_) * er[k];
        ui[k] = si[k] + static_cast<double>(top_) * ei[k];
    }
    points out;
    for (std::size_t k = 0; k < lanes; ++k) {
        std::complex<double> divided = by == divisor::time ? s[k] : std::complex(ur[k], ui[k]);
        if (by == divisor::shortfall) divided *= s[k] + 1.0;
        out[k] = std::complex(vr[k], vi[k]) * (settled_divisor_ / divided);
    }
    return out;
}

}  // namespace natbound::calculator::detail
