#pragma once
// The Poisson weight a^c e^-a / Gamma(c+1) = exp(-D(c,a) - delta(c)) / sqrt(2 pi c), with the
// deviance D(c,a) = c log(c/a) - (c - a) >= 0 and Stirling's error delta. Near the diagonal the
// plain logarithms cancel to nothing; D does not (C. Loader, "Fast and accurate computation of
// binomial probabilities", 2000). It is returned in double-double: exp needs it right to 1e-15
// where it is 700.
#include <cmath>
#include <limits>

#include "double_double.hpp"

namespace natbound::calculator::detail {

inline constexpr double two_pi = 6.283185307179586477;

// D(c,a) for finite c > 0, a > 0, right to about 1e-14 while below 1000, and to 1e-16 of itself
// beyond.
inline double_double deviance(double c, double a) {
    const double_double d = two_sum(a, -c);
    const double_double s = two_sum(a, c);
    if (std::abs(d.high) <= 0.1 * s.high) {
        // With v = (a-c)/(a+c): D = (a-c) v (1 - v (1-v) (1/3 + v^2/5 + v^4/7 + ...)).
        const double v = d.high / s.high;
        const double rest = (std::fma(-v, s.high, d.high) + d.low - v * s.low) / s.high;
        const double_double p = two_product(d.high, v);
        const double low = p.low + (d.high * rest + d.low * v);
        const double y = v * v;
        const double series =
            1.0 / 3 +
            y * (1.0 / 5 +
                 y * (1.0 / 7 +
                      y * (1.0 / 9 + y * (1.0 / 11 + y * (1.0 / 13 + y * (1.0 / 15 + y / 17))))));
        const double w = v * (1 - v) * series;
        return quick_two_sum(p.high, low - w * (p.high + low));
    }
    const double quotient = c / a;
    if (!(quotient >= 1e-290 && quotient <= 1e290) || c > 1e290) {  // no room for error terms
        return {c * (std::log(c) - std::log(a)) - (c - a), 0};
    }
    const double_double ratio = double_double{c, 0} / double_double{a, 0};
    return double_double{c, 0} * log(ratio) + d;
}

// delta(c) = log Gamma(c+1) - (c + 1/2) log c + c - log(2 pi)/2, for c > 0: DLMF 5.11.1, shifted up
// to where the series is right to a double.
inline double stirling_error(double c) {
    double shifted = 0;
    for (; c < 16; ++c) shifted += (c + 0.5) * std::log1p(1 / c) - 1;
    const double x = 1 / c;
    const double y = x * x;
    return shifted +
           x * (1.0 / 12 -
                y * (1.0 / 360 -
                     y * (1.0 / 1260 - y * (1.0 / 1680 - y * (1.0 / 1188 - y * 691.0 / 360360)))));
}

// The same to some 1e-15 of itself.
inline double deviance_alone(double c, double a) {
    const double more = a - c;
    if (std::abs(more) > 0.1 * (a + c)) return more - c * std::log(a / c);
    const double_double d = deviance(c, a);
    return d.high + d.low;
}

// log of Poisson's weight of n >= 0, also between whole numbers; to 1e-14 of itself or absolutely.
inline double log_poisson_weight(double n, double mean) {
    if (n == 0) return -mean;
    if (mean == 0) return -std::numeric_limits<double>::infinity();
    return -deviance_alone(n, mean) - stirling_error(n) - 0.5 * std::log(two_pi * n);
}

// log(n!) for n >= 0, right to about 1e-15 absolutely up to n = 1e7.
inline double_double log_factorial(double n) {
    if (n < 2) return {};
    constexpr double_double half_log_two_pi{0x1.d67f1c864beb5p-1, -0x1.65b5a1b7ff5dfp-55};
    return double_double{n + 0.5, 0} * log(n) - double_double{n, 0} + half_log_two_pi +
           double_double{stirling_error(n), 0};
}

}  // namespace natbound::calculator::detail
