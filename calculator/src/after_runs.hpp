#pragma once
// One part of a network through a change, run by run, and what is counted around each time.
#include <algorithm>
#include <cmath>
#include <cstdint>
#include <limits>
#include <map>
#include <random>
#include <vector>

#include "after_parts.hpp"
#include "natbound/calculator/simulation.hpp"

namespace natbound::calculator::detail {

inline constexpr double never = std::numeric_limits<double>::infinity();

// Of whole networks, where eight take much longer than that, four: long runs are of many
// connections.
inline double fewest_runs_of(double arrivals, double work) {
    return 8 * arrivals > 2.5 * work ? 4 : 8;
}

// So many runs of so many arrivals each as come to `work` in all.
inline std::uint64_t affordable_runs(double arrivals, double work, double most_runs = 1000,
                                     double fewest_runs = 8) {
    return static_cast<std::uint64_t>(std::clamp(work / (arrivals + 1), fewest_runs, most_runs));
}

// What so many runs leave open in which none was refused: with more, such an outcome is 1 in 20.
inline double none_refused_of(double runs) { return -std::expm1(std::log(0.05) / runs); }

// Lets a run's clock go on; rate: arrivals a second, of which so many lie between two calls of
// progress.
template <class Run, class Progress>
void advance_in_slices(Run& run, double until, double rate, double slice,
                       const Progress& progress) {
    const double step = std::max(slice / std::max(rate, 1e-9), 1e-9);
    for (double at = run.now() + step; at < until; at += step) {
        run.advance_to(at);
        progress();
    }
    run.advance_to(until);
    progress();
}

// Connections that arrived around a time and those that failed, by run.
struct by_run {
    std::vector<double> arrivals, failed;
    explicit by_run(std::size_t runs) : arrivals(runs), failed(runs) {}
    void add(std::size_t run, double offered, double refused) {
        arrivals[run] += offered;
        failed[run] += refused;
    }
    // The ratio of means over runs, and the error of its logarithm by the delta method. Where none
    // failed, what so many independent runs leave open: of one run all that come at one time meet
    // nearly the same state.
    refusal_odds odds() const {
        double offered = 0, failing = 0, squares = 0;
        const auto n = static_cast<double>(arrivals.size());
        for (std::size_t i = 0; i < arrivals.size(); ++i) {
            offered += arrivals[i];
            failing += failed[i];
        }
        if (failing == 0)
            return as_odds({-never, 0, false}, none_refused_of(std::clamp(offered, 1.0, n)),
                           arrivals.size());
        const double p = failing / offered;
        for (std::size_t i = 0; i < arrivals.size(); ++i)
            squares += std::pow(failed[i] - p * arrivals[i], 2);
        return as_odds({std::log(p), std::sqrt(squares * n / (n - 1)) / failing, true}, 0,
                       arrivals.size());
    }
};

// What all parts of a network have in common.
struct course_of_all {
    const after_options& options;
    double wide = 0;                 // seconds around each
    double most_warm_up = never;     // seconds, where the number of runs leaves no more
    double came = 0, unoffered = 0;  // connections, in all; those without a port of their own
    std::size_t runs = 0;
    double parts = 1;
    std::vector<by_run> overall = {};  // by time
    std::vector<double> live = {}, first = {};
};

// The streams before the change, the first so many, and those after it.
struct changed_streams {
    std::size_t before = 0;
    std::vector<std::size_t> becomes;  // SIZE_MAX: none
    std::vector<double> rates, holds;

    double rate(bool old) const {
        double sum = 0;
        for (std::size_t i = 0; i < rates.size(); ++i) sum += (i < before) == old ? rates[i] : 0;
        return sum;
    }
    std::vector<double> factors(bool old) const {
        std::vector<double> out;
        for (std::size_t i = 0; i < rates.size(); ++i) out.push_back((i < before) == old ? 1 : 0);
        return out;
    }
    double longest() const {
        double out = 0;
        for (std::size_t i = 0; i < before; ++i) out = std::max(out, holds[i]);
        return out;
    }
    template <class Run>
    double warm_up(const Run& run, const after_options& options) const {
        return options.live || rate(true) == 0 ? 0 : run.memory() * longest();
    }
};

// One part through the change, run by run. share: of the flows that are live at it.
template <class Run, class Input>
std::vector<std::vector<by_run>> follow(const Input& input, const changed_streams& streams,
                                        double share, std::uint64_t seed, double done,
                                        course_of_all& all) {
    const auto& times = all.options.times;
    const auto advance = [&](Run& run, double until, double rate, double part) {
        constexpr double slice = 5000;  // of networks, which are slow
        advance_in_slices(run, until, rate, slice, [&] {
            if (all.options.progress) all.options.progress(part);
        });
    };
    std::vector<std::vector<by_run>> out;  // by kind and time
    std::mt19937_64 draws(seed);
    for (std::size_t r = 0; r < all.runs; ++r) {
        const double part =
            (done + static_cast<double>(r) / static_cast<double>(all.runs)) / all.parts;
        Run run(input, seed * 1000003 + r);
        run.rates(streams.factors(true));
        if (all.options.live) {
            std::binomial_distribution<std::uint64_t> mine(
                static_cast<std::uint64_t>(std::llround(*all.options.live)), std::min(share, 1.0));
            run.fill(mine(draws));
        } else if (streams.rate(true) > 0) {
            run.fill();
            const double warm_up = std::min(streams.warm_up(run, all.options), all.most_warm_up);
            advance(run, run.now() + warm_up, streams.rate(true), part);
        }
        run.change(all.options.cut);
        run.rates(streams.factors(false));
        for (std::size_t i = 0; i < streams.before; ++i)
            if (streams.becomes[i] != SIZE_MAX) run.go_on_as(i, streams.becomes[i]);
        run.clear_counts();
        const double begin = run.now();
        // counts where each time's surroundings begin and end; those of two may overlap
        std::map<double, std::vector<kind_counts>> at;
        std::map<double, double> live;
        for (const double t : times) {
            at[std::max(0.0, t - all.wide)];
            at[t + all.wide];
            live[t];
            at[t];
        }
        for (auto& [time, counts] : at) {
            advance(run, begin + time, streams.rate(false), part);
            counts = run.counts();
            if (const auto it = live.find(time); it != live.end())
                it->second = static_cast<double>(run.live());
        }
        if (out.empty())
            out.assign(run.counts().size(), std::vector<by_run>(times.size(), by_run(all.runs)));
        for (std::size_t i = 0; i < times.size(); ++i) {
            const auto& from = at[std::max(0.0, times[i] - all.wide)];
            const auto& to = at[times[i] + all.wide];
            for (std::size_t k = 0; k < to.size(); ++k) {
                const auto offered = static_cast<double>(to[k].arrivals - from[k].arrivals);
                const auto failed = static_cast<double>(to[k].failed() - from[k].failed());
                out[k][i].add(r, offered, failed);
                all.overall[i].add(r, offered, failed);
            }
            all.live[i] += live[times[i]] / static_cast<double>(all.runs);
        }
        for (const auto& kind : run.counts()) {
            all.came += static_cast<double>(kind.arrivals + kind.unoffered);
            all.unoffered += static_cast<double>(kind.unoffered);
        }
        all.first[r] = std::min(all.first[r], run.first_refused() - begin);
    }
    return out;
}

}  // namespace natbound::calculator::detail
