#pragma once
// Random numbers of the laws that traffic needs, the same on every machine up to the last digit of
// the C library's logarithm and cosine. (Two draws never stand in one expression: which operand
// comes first is the compiler's affair.)
#include <algorithm>
#include <cmath>
#include <natbound/model/random.hpp>
#include <vector>

namespace natbound::calculator {

// Of mean 1.
inline double exponential(random_bits& random) { return -std::log(1 - random.unit()); }

// Of mean 0 and variance 1 (Box and Muller 1958).
inline double normal(random_bits& random) {
    const double radius = std::sqrt(2 * exponential(random));
    return radius * std::cos(6.283185307179586477 * random.unit());
}

// Gamma of that shape and scale 1 (G. Marsaglia and W. W. Tsang, ACM Trans. Math. Softw. 26 (2000)
// 363); of a shape below 1 as that of one more times U^(1/shape).
inline double gamma_variate(double shape, random_bits& random) {
    if (shape < 1) {
        const double more = gamma_variate(shape + 1, random);
        return more * std::exp(-exponential(random) / shape);
    }
    const double d = shape - 1.0 / 3, c = 1 / std::sqrt(9 * d);
    for (;;) {
        const double x = normal(random), v = std::pow(1 + c * x, 3);
        if (v > 0 && -exponential(random) < 0.5 * x * x + d - d * v + d * std::log(v)) return d * v;
    }
}

// Poisson: by counting exponential gaps where the mean is small, else a rounded normal number,
// which is near enough for the place where a simulation starts.
inline std::uint64_t about_poisson(double mean, random_bits& random) {
    if (mean > 200)
        return static_cast<std::uint64_t>(
            std::max(0.0, std::round(mean + std::sqrt(mean) * normal(random))));
    std::uint64_t n = 0;
    for (double sum = exponential(random); sum < mean; sum += exponential(random)) ++n;
    return n;
}

// A place drawn by cumulated weights; the last one is their sum.
inline std::size_t pick(const std::vector<double>& cumulated, random_bits& random) {
    const double at = random.unit() * cumulated.back();
    const auto it = std::upper_bound(cumulated.begin(), cumulated.end(), at);
    return std::min<std::size_t>(static_cast<std::size_t>(it - cumulated.begin()),
                                 cumulated.size() - 1);
}

}  // namespace natbound::calculator
