#pragma once
// What a share p of attempts refused makes of a connection that makes up to `tries` of them, each
// next one with probability r; q = r p.
#include <cmath>
#include <cstdint>

namespace natbound::calculator::detail {

// sum_{k < tries} q^k, tries 0: without end.
inline double series(double q, std::uint64_t tries) {
    if (tries == 0) return 1 / (1 - q);
    const double n = static_cast<double>(tries);
    if (q >= 1) return n;
    if (q < 0.5 || n < 32) {
        double sum = 0, term = 1;
        for (std::uint64_t k = 0; k < tries && term > 1e-18 * sum; ++k, term *= q) sum += term;
        return sum;
    }
    return std::expm1(n * std::log(q)) / (q - 1);
}

// Connections that fail: p (1 - r) (q^0 + ... + q^(tries-2)) + p q^(tries-1), q = r p.
inline double failure(double p, double persistence, std::uint64_t tries) {
    const double q = persistence * p;
    if (tries == 0) return q == 1 ? 1 : p * (1 - persistence) / (1 - q);
    const double n = static_cast<double>(tries);
    const double given_up = tries > 1 ? p * (1 - persistence) * series(q, tries - 1) : 0;
    return given_up + p * std::pow(q, n - 1);
}

}  // namespace natbound::calculator::detail
