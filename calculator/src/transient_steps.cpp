#include <algorithm>
#include <cmath>
#include <natbound/calculator/transient_steps.hpp>

#include "argument.hpp"
#include "check_start.hpp"
#include "poisson.hpp"

namespace natbound::calculator {
namespace {

constexpr const char* name = "occupancy_at";
constexpr double least = 1e-60;  // chances below it at the edges of the window are cut

// The chances p of states first .. last (inclusive), one zero kept on either side.
struct window {
    std::vector<double> p, next, stay, up, down;
    std::size_t first, last;
    double lost = 0;

    void step() {
        // One state further on either side, where there is one.
        const std::size_t low = first > 1 ? first - 1 : 1;
        const std::size_t high = std::min(last + 1, p.size() - 2);
        for (std::size_t n = low; n <= high; ++n) {
            next[n] = p[n] * stay[n] + (p[n - 1] * up[n - 1] + p[n + 1] * down[n + 1]);
        }
        p.swap(next);
        first = low;
        last = high;
        while (first < last && p[first] < least) drop(first++);
        while (last > first && p[last] < least) drop(last--);
        next[first] = next[last] = 0;
    }
    void drop(std::size_t n) {
        lost += p[n];
        p[n] = next[n] = 0;
    }
};

}  // namespace

occupancy occupancy_at(std::uint64_t ports, double load, const occupancy& start, double time) {
    return occupancy_at(ports, load, {}, start, time);
}

occupancy occupancy_at(std::uint64_t ports, double load, const refusal_law& refusal,
                       const occupancy& start, double time, bool until_refused) {
    detail::require(ports <= 1ULL << 22, name, "ports", static_cast<double>(ports),
                    "must be at most 4,194,304");
    detail::require(detail::finite_and_not_negative(load), name, "load", load,
                    detail::rule_not_negative);
    detail::require(detail::finite_and_not_negative(time), name, "time", time,
                    detail::rule_not_negative);
    detail::check_start(name, start, 1ULL << 22);
    const std::uint64_t most = start.from + start.chances.size() - 1;
    const std::size_t states = static_cast<std::size_t>(std::max(ports, most)) + 1;
    const double rate = load + static_cast<double>(states - 1);
    const double jumps = rate * time;
    detail::require(
        jumps <= 1e8, name, "time", time,
        "times (load + ports) must be at most 1e8; the chance to be full, the mean and quantiles "
        "have no such limit (transient_full_probability and others)");
    if (jumps == 0) return start;

    window w;
    for (auto* v : {&w.p, &w.next, &w.stay, &w.up, &w.down}) v->assign(states + 2, 0);
    for (std::size_t n = 0; n < states; ++n) {
        const double refused = n >= ports ? 1 : refusal ? refusal(n) : 0;
        detail::require(refused >= 0 && refused <= 1, name, "refusal", refused,
                        "must lie within [0, 1]");
        const double births = load * (1 - refused), deaths = static_cast<double>(n);
        w.up[n + 1] = births / rate;
        w.down[n + 1] = deaths / rate;
        w.stay[n + 1] = (rate - (until_refused ? load : births) - deaths) / rate;
    }
    std::copy(start.chances.begin(), start.chances.end(),
              w.p.begin() + static_cast<std::ptrdiff_t>(start.from) + 1);
    w.first = static_cast<std::size_t>(start.from) + 1;
    w.last = static_cast<std::size_t>(most) + 1;
    const double reach = 17 * std::sqrt(jumps) + 100;  // beyond it less than 1e-60 of the law
    const double from = std::floor(std::max(0.0, jumps - reach));
    const double to = std::ceil(jumps + reach);
    std::vector<double> sum(states + 2, 0.0);
    double weight = 0, weights = 0;
    for (double k = 0; k <= to; ++k) {
        if (k >= from) {
            // Anew now and then, so that rounding does not pile up.
            const bool anew = k == from || std::fmod(k, 256) == 0;
            weight = anew ? std::exp(detail::log_poisson_weight(k, jumps)) : weight * (jumps / k);
            weights += weight;
            for (std::size_t n = w.first; n <= w.last; ++n) sum[n] += weight * w.p[n];
        }
        w.step();
    }
    occupancy out;
    std::size_t low = 1, high = states;
    while (low < high && sum[low] == 0) ++low;
    while (high > low && sum[high] == 0) --high;
    out.from = low - 1;
    out.chances.assign(sum.begin() + static_cast<std::ptrdiff_t>(low),
                       sum.begin() + static_cast<std::ptrdiff_t>(high) + 1);
    for (double& p : out.chances) p /= weights;
    out.error_bound = w.lost + 1e-60;
    return out;
}

}  // namespace natbound::calculator
