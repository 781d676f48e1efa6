// Histories, one after the other.
#include <algorithm>
#include <limits>
#include <natbound/calculator/open_time_draws.hpp>
#include <natbound/calculator/simulated_filling.hpp>
#include <natbound/calculator/timed_queue.hpp>

#include "argument.hpp"

namespace natbound::calculator {
namespace {

constexpr std::uint64_t fewest = 100, most = 10000;
constexpr double never = std::numeric_limits<double>::infinity();

struct history {
    double full = never, refusal = never;
    std::uint64_t arrivals = 0;
};

history stepped(const filling& of, const open_time_draws& draws, double until,
                random_bits& random) {
    history out;
    timed_heap leaving;
    std::uint64_t live = of.start;
    for (std::uint64_t i = 0; i < live; ++i) leaving.push({draws.left(random)});
    if (live == of.ports) out.full = 0;
    double now = 0;
    for (;; ++out.arrivals) {
        now += exponential(random) / of.rate;
        if (now > until) return out;
        for (; !leaving.empty() && leaving.front().at <= now; --live) leaving.pop();
        if (live == of.ports) {
            out.refusal = now;
            return out;
        }
        leaving.push({now + draws.whole(random)});
        if (++live == of.ports) out.full = std::min(out.full, now);
    }
}

}  // namespace

filling_times simulate_filling(const filling& of) {
    constexpr const char* name = "simulate_filling";
    detail::require(of.ports >= 1 && of.ports <= of.arrivals / fewest / 2, name, "ports",
                    static_cast<double>(of.ports),
                    "must be at least 1 and at most a 200th of the arrivals");
    detail::require(of.start <= of.ports, name, "start", static_cast<double>(of.start),
                    "must be at most the ports");
    const open_time_draws draws(of.hold);
    random_bits random(of.seed);
    filling_times out;
    // Each history may take its share: one that is cut says as much as all that would be cut there.
    const std::uint64_t of_each = of.arrivals / fewest;
    out.seen = static_cast<double>(of_each) / of.rate;
    double spent = 0;
    const auto all = static_cast<double>(of.arrivals);
    // How many there are in all is fixed by the first ones: to go on until so much is spent would
    // favour long histories.
    for (std::uint64_t i = 0, histories = fewest; i < histories; ++i) {
        const history one = stepped(of, draws, out.seen, random);
        out.full.push_back(one.full);
        out.refusal.push_back(one.refusal);
        spent += static_cast<double>(one.arrivals + of.start + 1);
        if (i + 1 == fewest) {
            const double fit = all * static_cast<double>(fewest) / spent;
            histories = std::clamp(static_cast<std::uint64_t>(fit), fewest, most);
        }
        if (of.progress) of.progress(static_cast<double>(i + 1) / static_cast<double>(histories));
    }
    std::sort(out.full.begin(), out.full.end());
    std::sort(out.refusal.begin(), out.refusal.end());
    return out;
}

}  // namespace natbound::calculator
