#pragma once
// Where a refusal meets a target, for formulas that come with their slopes, and roughly for less:
// share(x, false) leads to where two or three of share(x, true) decide.
#include <algorithm>
#include <cmath>
#include <cstdint>
#include <limits>
#include <optional>

#include "lattice.hpp"

namespace natbound::calculator::detail {

// The most load with share(load), a coefficient by load, at most the target; from a guess. Newton
// on the log odds by the logarithm of the load, within a bracket. A hair less than the root, as the
// forward formula may be off by its last bits. Nothing where `share` has none.
template <class Share>
std::optional<double> most_by_newton(double guess, double target, const Share& share) {
    const double log_target = std::log(target), wanted = log_target - std::log1p(-target);
    bool exact = false;
    double x = std::log(guess), low = -std::numeric_limits<double>::infinity(), high = -low;
    for (int i = 0; i < 60; ++i) {
        const auto found = share(std::exp(x), exact);
        if (!found || !(found->log < 0) || !(found->growth > 0)) {
            if (exact) return {};
            exact = true;
            continue;
        }
        const double kept = -std::expm1(found->log), slope = found->growth / kept;
        const double above = found->log - std::log(kept) - wanted;
        const double change = std::clamp(-above / slope, -1.0, 1.0);
        if (!exact) {
            x += change;
            exact = i > 10 || std::abs(above) < 0.1;
            continue;
        }
        (above > 0 ? high : low) = x;
        if (std::abs(change) < 1e-9)  // the next would be below 1e-15
            return std::exp(x + change) *
                   (1 - 4e-16 - (4e-13 + 4e-15 * std::abs(found->log)) / std::fmax(slope, 4));
        x += change;
        if (!(x > low && x < high)) x = low + (high - low) / 2;
        if (!std::isfinite(x)) return {};
    }
    return {};
}

// The least n > few that meets the target, where share(n), a coefficient by ports, falls; from a
// guess. meets(n) decides where the share lies within 1e-9 of the target. Nothing where `share`
// has none, or ripples, so that the first of all that meet need not be the one found.
template <class Share, class Meets>
std::optional<std::uint64_t> least_by_newton(std::uint64_t few, double guess, double target,
                                             const Share& share, const Meets& meets) {
    constexpr double most = 0x1p53;
    const double log_target = std::log(target);
    double below = static_cast<double>(few), many = most, n = std::ceil(guess);
    for (int i = 0; i < 10; ++i) {
        n = std::fmax(std::ceil(n), below + 1);
        const auto found = share(n, false);
        if (!found || !(found->theta > 0)) break;
        const double above = found->log - log_target;
        n += above / found->theta;
        if (std::abs(above) < 0.1) break;
    }
    n = std::ceil(n);
    for (int i = 0; i < 100; ++i) {
        n = std::clamp(n, below + 1, std::fmax(many - 1, below + 1));
        const auto found = share(n, true);
        if (!found || !found->smooth) return {};
        double above = found->log - log_target;
        if (std::abs(above) < 1e-9) above = meets(static_cast<std::uint64_t>(n)) ? -1e-300 : 1e-300;
        (above > 0 ? below : many) = n;
        if (many - below <= 1) return static_cast<std::uint64_t>(many);
        const double slope = found->theta;
        const double root = slope > 0 ? std::ceil(n + above / slope) : above > 0 ? 2 * n : n / 2;
        // one step further where the root was only just hit, to close the bracket
        n = root == n ? (above > 0 ? n + 1 : n - 1) : root;
        if (i > 20) n = many < most ? below + std::floor((many - below) / 2) : 2 * n;
        n = std::fmin(n, 1e9);
    }
    return {};
}

}  // namespace natbound::calculator::detail
