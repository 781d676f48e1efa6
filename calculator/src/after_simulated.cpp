// The concrete design through a change, run by run.
#include <algorithm>
#include <cmath>
#include <limits>
#include <memory>
#include <numeric>
#include <random>

#include "after_course.hpp"
#include "after_runs.hpp"
#include "natbound/calculator/arrival_odds.hpp"
#include "natbound/calculator/simulation.hpp"

namespace natbound::calculator::detail {
namespace {

constexpr double infinite = std::numeric_limits<double>::infinity();
constexpr double most_work = 3e6;  // arrivals in all, where the number of runs is free

// A run's odds at each time, of each kind: what is offered and what fails of it, a second.
struct reading {
    std::vector<double> offered, failing;
};

// The ratio of means over runs, and the standard error of its logarithm by the delta method.
log_odds ratio_of(const std::vector<reading>& runs, std::size_t kind) {
    double offered = 0, failing = 0;
    for (const auto& r : runs) {
        offered += r.offered[kind];
        failing += r.failing[kind];
    }
    if (!(failing > 0)) return {-infinite, 0, false};
    const double p = failing / offered;
    double squares = 0;
    for (const auto& r : runs) {
        const double off = r.failing[kind] - p * r.offered[kind];
        squares += off * off;
    }
    const auto n = static_cast<double>(runs.size());
    return {std::log(std::min(p, 1.0)), std::sqrt(squares * n / (n - 1)) / failing, true};
}

}  // namespace

system_course simulated_course(const simulation_input& input, const course_start& start,
                               const std::vector<double>& times, std::uint64_t runs,
                               std::uint64_t seed, const std::function<void(double)>& progress) {
    std::vector<std::size_t> order(times.size());
    std::iota(order.begin(), order.end(), std::size_t{0});
    std::sort(order.begin(), order.end(), [&](auto a, auto b) { return times[a] < times[b]; });
    const double horizon = times[order.back()];
    std::vector<double> old(input.streams.size()), changed(input.streams.size());
    double old_rate = 0, new_rate = 0, longest = 0;
    for (std::size_t i = 0; i < input.streams.size(); ++i) {
        const bool is_old = i < start.before;
        (is_old ? old : changed)[i] = 1;
        (is_old ? old_rate : new_rate) += input.streams[i].rate;
        if (is_old) longest = std::max(longest, input.streams[i].hold());
    }
    const auto advance = [&](simulation& s, double until, double rate, double done) {
        advance_in_slices(s, until, rate, 20000, [&] { progress(done); });
    };
    double warm_up = 0;
    if (!start.live && old_rate > 0) {
        simulation s(input, seed);
        s.rates(old);
        warm_up = s.memory() * longest;
    }
    if (runs == 0)
        runs = affordable_runs(warm_up * old_rate + horizon * new_rate,
                               start.share_of_work * most_work);
    std::vector<std::vector<reading>> seen(times.size(), std::vector<reading>(runs));
    system_course out;
    out.live.assign(times.size(), 0);
    std::vector<double> first(runs, infinite);
    std::mt19937_64 draws(seed);
    for (std::uint64_t run = 0; run < runs; ++run) {
        const double done = static_cast<double>(run) / static_cast<double>(runs);
        simulation s(input, seed * 1000003 + run);
        if (start.live) {
            s.rates(old);
            std::binomial_distribution<std::uint64_t> mine(
                static_cast<std::uint64_t>(std::llround(*start.live)), start.share);
            s.fill(mine(draws));
        } else {
            s.rates(old);
            s.fill();
            advance(s, warm_up, old_rate, done);
        }
        s.change(start.cut);
        s.rates(changed);
        for (std::size_t i = 0; i < start.before; ++i)
            if (start.becomes[i] != SIZE_MAX) s.go_on_as(i, start.becomes[i]);
        s.clear_counts();
        const double begin = s.now();
        arrival_odds odds(s, start.before);
        for (const auto i : order) {
            advance(s, begin + times[i], new_rate, done);
            odds.read(s);
            seen[i][run] = {odds.offered(), odds.failing()};
            out.live[i] += static_cast<double>(s.table().live()) / static_cast<double>(runs);
        }
        first[run] = s.first_refused() - begin;
    }
    for (std::uint32_t k = 0; k < input.kinds; ++k) {
        out.refused.emplace_back();
        for (const auto& at : seen) out.refused.back().push_back(ratio_of(at, k));
    }
    std::sort(first.begin(), first.end());
    const auto many = static_cast<double>(runs);
    out.log_none = [first, many](double t) {
        const auto come = std::upper_bound(first.begin(), first.end(), t) - first.begin();
        return std::log1p(-static_cast<double>(come) / many);
    };
    out.known_until = horizon;
    out.runs = runs;
    return out;
}

}  // namespace natbound::calculator::detail
