#pragma once
// Numbers as an unevaluated sum of two doubles (about 106 bits), for the few places where an
// exponent of some hundreds must be right to 1e-15: T. J. Dekker, Numer. Math. 18 (1971) 224; D. E.
// Knuth, TAOCP 2, 4.2.2. Needs round-to-nearest doubles and no re-association of sums.
#include <cmath>

#ifdef __FAST_MATH__
#error "natbound's calculator needs IEEE arithmetic: compile it without -ffast-math"
#endif

namespace natbound::calculator::detail {

struct double_double {
    double high = 0;
    double low = 0;
};

inline double_double quick_two_sum(double a, double b) {  // |a| >= |b| or a == 0
    const double s = a + b;
    return {s, b - (s - a)};
}

inline double_double two_sum(double a, double b) {
    const double s = a + b;
    const double t = s - a;
    return {s, (a - (s - t)) + (b - t)};
}

inline double_double two_product(double a, double b) {
    const double p = a * b;
    return {p, std::fma(a, b, -p)};
}

inline double_double operator+(double_double a, double_double b) {
    const double_double s = two_sum(a.high, b.high);
    const double_double t = two_sum(a.low, b.low);
    const double_double u = quick_two_sum(s.high, s.low + t.high);
    return quick_two_sum(u.high, u.low + t.low);
}

inline double_double operator-(double_double a) { return {-a.high, -a.low}; }
inline double_double operator-(double_double a, double_double b) { return a + (-b); }

inline double_double operator*(double_double a, double_double b) {
    const double_double p = two_product(a.high, b.high);
    return quick_two_sum(p.high, p.low + (a.high * b.low + a.low * b.high));
}

inline double_double operator/(double_double a, double_double b) {
    const double q = a.high / b.high;
    const double_double p = two_product(q, b.high);
    const double rest = ((a.high - p.high) - p.low) + a.low - q * b.low;
    return quick_two_sum(q, rest / b.high);
}

inline double value(double_double a) { return a.high + a.low; }

// log(x) for finite x > 0, right to about 1e-24 of max(1, |log x|): x = m 2^e, log m = 2 atanh(v)
// with v = (m - 1)/(m + 1), |v| <= 0.172; the terms beyond v^5 are small enough for doubles.
inline double_double log(double_double x) {
    int exponent = 0;
    double m = std::frexp(x.high, &exponent);
    if (m < 0.70710678118654752) {
        m *= 2;
        --exponent;
    }
    const double_double mantissa{m, std::ldexp(x.low, -exponent)};
    const double_double one{1, 0};
    const double_double v = (mantissa - one) / (mantissa + one);
    const double_double w = v * v;
    const double y = w.high;
    double series = 1.0 / 29;  // 1/7 + y/9 + y^2/11 + ...
    for (int k = 27; k >= 7; k -= 2) series = series * y + 1.0 / k;
    constexpr double_double third{0x1.5555555555555p-2, 0x1.5555555555555p-56};
    constexpr double_double fifth{0x1.999999999999ap-3, -0x1.999999999999ap-57};
    const double_double cubed = w * (third + w * (fifth + double_double{y * series, 0}));
    const double_double twice{2 * v.high, 2 * v.low};
    constexpr double_double log_two{0x1.62e42fefa39efp-1, 0x1.abc9e3b39803fp-56};
    return log_two * double_double{static_cast<double>(exponent), 0} + twice + twice * cubed;
}

inline double_double log(double x) { return log(double_double{x, 0}); }

}  // namespace natbound::calculator::detail
