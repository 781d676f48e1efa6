#pragma once
// Sums and Poisson weights of logarithms, where right to some units of 1e-16 of the logarithm will
// do (poisson.hpp is right to so much of the weight).
#include <algorithm>
#include <cmath>
#include <limits>

namespace natbound::calculator::detail {

inline constexpr double log_zero = -std::numeric_limits<double>::infinity();

// log(e^a + e^b)
inline double log_sum(double a, double b) {
    const double most = std::max(a, b);
    return most == log_zero ? log_zero : most + std::log1p(std::exp(std::min(a, b) - most));
}

// The share q = f(q) that is refused where the refused add no load: f falls with q. Within that
// part of itself, from below; `first` is f(0).
template <class F>
double self_thinned(double first, double part, F&& f) {
    double low = 0, high = first;
    while (high - low > part * high) {
        const double middle = high > 100 * low && high < 0.1
                                  ? std::sqrt(std::max(low, 1e-3 * high) * high)
                                  : (low + high) / 2;
        (f(middle) > middle ? low : high) = middle;
    }
    return low;
}

}  // namespace natbound::calculator::detail
