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

// A value and its derivatives by x.
struct jet {
    double d0 = 0, d1 = 0, d2 = 0, d3 = 0;

    // For the logarithm of a divisor.
    void take_from(climb_jet& out) const {
        const double v1 = d1 / d0, v2 = d2 / d0, v3 = d3 / d0;
        out.log_value -= std::log(std::abs(d0));
        out.first -= v1;
        out.second -= v2 - v1 * v1;
        out.third -= v3 - 3 * v1 * v2 + 2 * v1 * v1 * v1;
    }
};

// u(n) from e(n-1), and e(n) from u(n): v of u / (b + u), q = 1 / (b + u).
struct rung {
    jet e{}, u{};
    double q = 0, v1 = 0, v2 = 0, v3 = 0;

    void meet(double s, double deaths) {
        u = {s + deaths * e.d0, s + deaths * e.d1, deaths * e.d2, deaths * e.d3};
    }
    bool pass(double births) {
        const double d = births + u.d0;
        if (!(d > 0)) return false;
        q = 1 / d;
        v1 = u.d1 * q;
        v2 = u.d2 * q;
        v3 = u.d3 * q;
        const double r = births * q;
        e = {u.d0 * q, r * v1, r * (v2 - 2 * v1 * v1), r * (v3 - 6 * v1 * v2 + 6 * v1 * v1 * v1)};
        return true;
    }
};

// 1 - e + e / b
jet beyond_factor(const jet& e, const jet& b) {
    const double q0 = e.d0 / b.d0, q1 = (e.d1 - q0 * b.d1) / b.d0;
    const double q2 = (e.d2 - 2 * q1 * b.d1 - q0 * b.d2) / b.d0;
    const double q3 = (e.d3 - 3 * q2 * b.d1 - 3 * q1 * b.d2 - q0 * b.d3) / b.d0;
    return {1 - e.d0 + q0, q1 - e.d1, q2 - e.d2, q3 - e.d3};
}

}  // namespace

climb::climb(std::uint64_t top, way rates, std::uint64_t from, std::vector<double> start)
    : top_(top), rates_(rates), from_(from), start_(std::move(start)) {
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
    rung at;
    double w = start_[0];
    int exponent = 0;  // the true W is w 2^exponent
    for (std::uint64_t n = 0; n <= top_; ++n) {
        const double count = static_cast<double>(n);
        at.meet(s, rates_.deaths(count));
        if (n == top_) break;
        const double births = rates_.births(count);
        if (!at.pass(births)) return out;
        const double r = births * at.q, v1 = at.v1, v2 = at.v2, v3 = at.v3;
        if (n < from_) continue;
        const std::size_t i = static_cast<std::size_t>(n - from_);
        sum.times(-v1, 2 * v1 * v1 - v2, 6 * v1 * (v2 - v1 * v1) - v3);
        const double carried = w * r;
        const double joined = i + 1 < start_.size() ? std::ldexp(start_[i + 1], -exponent) : 0;
        w = carried + joined;
        const double kept = joined == 0 ? 1 : carried / w;
        grow_[i] = kept / at.q;
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
    if (by == divisor::time || by == divisor::beyond) {
        settled_divisor_ = s;
        jet{s, s, 0, 0}.take_from(out);
    } else {
        if (!(at.u.d0 > 0)) return out;
        settled_divisor_ = at.u.d0;
        at.u.take_from(out);
    }
    if (by == divisor::shortfall) {
        settled_divisor_ *= s + 1;
        jet{s + 1, s, 0, 0}.take_from(out);
    }
    if (by == divisor::beyond) {
        rung back;
        for (std::uint64_t n = 0; n < back_top_; ++n) {
            back.meet(s, back_.deaths(static_cast<double>(n)));
            if (!back.pass(back_.births(static_cast<double>(n)))) return out;
        }
        const jet factor = beyond_factor(at.e, back.e);
        settled_divisor_ *= factor.d0;
        factor.take_from(out);
    }
    out.valid = true;
    return out;
}

namespace {

// Eight rungs at complex s, and V.
struct lanes_of {
    static constexpr std::size_t count = climb::lanes;
    alignas(64) double sr[count], si[count], er[count], ei[count], vr[count], vi[count];

    explicit lanes_of(const climb::points& s) {
        for (std::size_t k = 0; k < count; ++k) {
            sr[k] = s[k].real();
            si[k] = s[k].imag();
            er[k] = ei[k] = vi[k] = 0;
            vr[k] = 1;
        }
    }
    void step(double births, double deaths, double grow, double join) {
        for (std::size_t k = 0; k < count; ++k) {
            const double u_r = sr[k] + deaths * er[k], u_i = si[k] + deaths * ei[k];
            const double d_r = births + u_r;
            const double inverse = 1 / (d_r * d_r + u_i * u_i);
            const double q_r = d_r * inverse, q_i = -u_i * inverse;
            er[k] = u_r * q_r - u_i * q_i;
            ei[k] = u_r * q_i + u_i * q_r;
            const double f_r = grow * q_r, f_i = grow * q_i;
            const double v_r = vr[k] * f_r - vi[k] * f_i + join;
            vi[k] = vr[k] * f_i + vi[k] * f_r;
            vr[k] = v_r;
        }
    }
    std::complex<double> e(std::size_t k) const { return {er[k], ei[k]}; }
    std::complex<double> v(std::size_t k) const { return {vr[k], vi[k]}; }
};

}  // namespace

climb::points climb::at(const points& s, divisor by) const {
    lanes_of x(s);
    for (std::uint64_t n = 0; n < top_; ++n) {
        const double count = static_cast<double>(n);
        const bool started = n >= from_;  // before, V stays 1
        const std::size_t i = started ? static_cast<std::size_t>(n - from_) : 0;
        x.step(rates_.births(count), rates_.deaths(count), started ? grow_[i] : 0,
               started ? join_[i] : 1);
    }
    lanes_of back(s);
    for (std::uint64_t n = 0; by == divisor::beyond && n < back_top_; ++n) {
        const double count = static_cast<double>(n);
        back.step(back_.births(count), back_.deaths(count), 0, 1);
    }
    const double deaths = rates_.deaths(static_cast<double>(top_));
    points out;
    for (std::size_t k = 0; k < lanes; ++k) {
        std::complex<double> divided = s[k];
        if (by == divisor::beyond) divided *= 1.0 - x.e(k) + x.e(k) / back.e(k);
        if (by == divisor::full || by == divisor::shortfall) divided += deaths * x.e(k);
        if (by == divisor::shortfall) divided *= s[k] + 1.0;
        out[k] = x.v(k) * (settled_divisor_ / divided);
    }
    return out;
}

}  // namespace natbound::calculator::detail
