#include "modulated_refusal.hpp"

#include <algorithm>
#include <cmath>

#include "phases.hpp"

namespace natbound::calculator::detail {
namespace {

// A value of each phase, times 2^(512 exponent).
struct values {
    std::vector<double> of;
    double exponent = 0;

    void settle() {
        const double top = *std::max_element(of.begin(), of.end());
        if (!(top > 0) || (top >= 0x1p-256 && top < 0x1p256)) return;
        exponent += top < 1 ? -1 : 1;
        for (double& x : of) x *= top < 1 ? 0x1p512 : 0x1p-512;
    }
    // One level down: `down` is G there, n its level.
    void step(const std::vector<double>& load, const matrix& down, double n,
              std::vector<double>& room) {
        for (std::size_t i = 0; i < of.size(); ++i) {
            double sum = 0;
            for (std::size_t j = 0; j < of.size(); ++j) sum += down[i][j] * of[j];
            room[i] = load[i] / n * sum;
        }
        of.swap(room);
    }
    // Less than nothing where it is beyond all doubles.
    double log(const std::vector<double>& weights) const {
        double sum = 0;
        for (std::size_t i = 0; i < of.size(); ++i) sum += weights[i] * of[i];
        return std::log(sum) + exponent * 512 * std::log(2.0);
    }
};

}  // namespace

double log_modulated_refusal(std::uint64_t ports, const world& w) {
    const std::size_t size = w.load.size();
    matrix rates(size), down(size);
    std::vector<double> room(size);
    // rates of phases, with the returns to the level from above
    const auto fill = [&](bool top) {
        for (std::size_t i = 0; i < size; ++i)
            for (std::size_t j = 0; j < size; ++j)
                rates[i][j] = i == j ? 0 : w.switching[i][j] + (top ? 0 : w.load[i] * down[i][j]);
    };
    values refused{w.load}, offered{w.load};
    for (std::uint64_t n = ports; n > 0; --n) {
        fill(n == ports);
        const auto level = static_cast<double>(n);
        phase_at_end(rates, level, down, room);
        refused.step(w.load, down, level, room);
        refused.settle();
        offered.step(w.load, down, level, room);
        const double one =
            std::ldexp(1.0, static_cast<int>(std::max(-3.0, -offered.exponent) * 512));
        for (std::size_t i = 0; i < size; ++i) offered.of[i] += w.load[i] * one;
        offered.settle();
    }
    fill(ports == 0);
    const auto bottom = stationary(rates);
    return refused.log(bottom) - offered.log(bottom);
}

}  // namespace natbound::calculator::detail
