#include <algorithm>
#include <cmath>
#include <natbound/calculator/occupancy.hpp>

#include "argument.hpp"

namespace natbound::calculator {

double occupancy::mean() const {
    double total = 0;
    for (std::size_t i = 0; i < chances.size(); ++i) total += static_cast<double>(i) * chances[i];
    double all = 0;
    for (double p : chances) all += p;
    return static_cast<double>(from) * all + total;
}

double occupancy::at_most(std::uint64_t n) const {
    double total = 0;
    for (std::size_t i = 0; i < chances.size() && from + i <= n; ++i) total += chances[i];
    return total;
}

double occupancy::at_least(std::uint64_t n) const {
    double total = 0;  // the smallest first
    for (std::size_t i = chances.size(); i-- > 0 && from + i >= n;) total += chances[i];
    return total;
}

std::uint64_t occupancy::quantile(double p) const {
    detail::require(p >= 0 && p <= 1, "quantile", "p", p, "must lie within [0, 1]");
    // From whichever end is nearer, so that a p next to 1 is not lost in the rounding of the sum.
    if (p <= 0.5) {
        double total = 0;
        for (std::size_t i = 0; i < chances.size(); ++i) {
            total += chances[i];
            if (total >= p && total > 0) return from + i;
        }
    }
    double above = 0;
    for (std::size_t i = chances.size(); i-- > 1;) {
        above += chances[i];
        if (above > 1 - p) return from + i;
    }
    return from;
}

occupancy exactly(std::uint64_t n) { return {n, {1}, 0}; }

occupancy stationary(std::uint64_t ports, double load) {
    detail::require(ports <= 1ULL << 24, "stationary", "ports", static_cast<double>(ports),
                    "must be at most 2^24");
    detail::require(detail::finite_and_not_negative(load), "stationary", "load", load,
                    detail::rule_not_negative);
    std::vector<double> p(ports + 1);
    const double most = static_cast<double>(ports);
    const auto mode = static_cast<std::size_t>(std::floor(std::min(load, most)));
    p[mode] = 1;
    for (std::size_t n = mode; n > 0; --n) p[n - 1] = p[n] * (static_cast<double>(n) / load);
    for (std::size_t n = mode; n < ports; ++n)
        p[n + 1] = p[n] * (load / static_cast<double>(n + 1));
    double total = 0;
    for (double x : p) total += x;
    for (double& x : p) x /= total;
    return {0, std::move(p), 0};
}

}  // namespace natbound::calculator
