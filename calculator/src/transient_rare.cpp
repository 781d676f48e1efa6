#include "transient_rare.hpp"

#include <algorithm>
#include <cmath>
#include <vector>

#include "scaled.hpp"

namespace natbound::calculator::detail {
namespace {

constexpr double most_work = 3e8;  // jumps times states
constexpr double negligible = 1e-18;

// e^-x for any x >= 0.
scaled decay(double x) {
    scaled out(1.0);
    for (; x > 300; x -= 300) out = out * std::exp(-300.0);
    return out * std::exp(-x);
}

}  // namespace

std::optional<double> log_full_by_steps(std::uint64_t ports, double load, const occupancy& start,
                                        double t) {
    const double full = static_cast<double>(ports), rate = load + full, jumps = rate * t;
    const double most = jumps + 17 * std::sqrt(jumps) + 100 + full;
    if (most * full > most_work || load / rate < 1e-100) return {};
    const std::size_t states = static_cast<std::size_t>(ports) + 1;
    std::vector<scaled> p(states), next(states);
    for (std::size_t i = 0; i < start.chances.size(); ++i)
        p[start.from + i] = scaled(start.chances[i]);
    // Poisson chances of so many jumps; of p[ports] after them the sum.
    scaled chance = decay(jumps), sum;
    for (double k = 0; k <= most; ++k) {
        const scaled now = chance * p[ports];
        sum += now;
        if (k > jumps && now.log() < sum.log() + std::log(negligible)) break;
        for (std::size_t n = 0; n < states; ++n) {
            const auto count = static_cast<double>(n);
            scaled in = p[n] * (n == ports ? load / rate : (full - count) / rate);
            if (n > 0) in += p[n - 1] * (load / rate);
            if (n < ports) in += p[n + 1] * ((count + 1) / rate);
            next[n] = in;
        }
        // None leaves the full state by an arrival, and as many as there are ports by a departure.
        p.swap(next);
        chance = chance * (jumps / (k + 1));
    }
    return sum.log();
}

}  // namespace natbound::calculator::detail
