#pragma once
// How far a number live can come in a change. Without refusals a system would have no fewer live at
// any moment (the same arrivals and holds in both), and that number is Poisson's, or below it
// (flows live at the change: each is still there with some chance): so Chernoff's bound holds for
// any law of holds, at every time after the change.
#include <cstddef>
#include <vector>

#include "natbound/calculator/traffic.hpp"

namespace natbound::calculator::detail {

// log P(that many live at a moment) at most, where the mean is never above `mean`; 0: it may.
double log_reached(double number, double mean);

// What a refusal is left with where the number live is stepped or bounded: below it the bound is
// told, and nothing is stepped.
inline constexpr double bound_is_enough = 1e-4;
// A bound that is as good as never.
inline constexpr double as_good_as_never = 1e-290;

// Of streams or parts of systems: of each law of holds the larger load of both sides, for what is
// left of the one is no more than what has come of the other leaves.
template <class Part>
double most_mean(const std::vector<Part>& old, const std::vector<Part>& now) {
    struct law {
        const Part* of;
        double before = 0, after = 0;
    };
    std::vector<law> laws;
    const auto of = [&](const Part& p) -> law& {
        for (auto& one : laws)
            if (one.of->open == p.open && one.of->closing == p.closing) return one;
        laws.push_back({&p});
        return laws.back();
    };
    for (const auto& p : old) of(p).before += p.load();
    for (const auto& p : now) of(p).after += p.load();
    double sum = 0;
    for (const auto& one : laws) sum += one.before > one.after ? one.before : one.after;
    return sum;
}

}  // namespace natbound::calculator::detail
