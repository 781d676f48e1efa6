// How long a simulation remembers: its warm-up, and how many refusals are one event.
#include <algorithm>
#include <cmath>

#include "natbound/calculator/hold_time.hpp"
#include "simulation_memory.hpp"

namespace natbound::calculator {
namespace {

// E[t^2] of a time.
double second_moment(const open_time& open) {
    switch (open.law) {
        case hold_law::exponential:
            return 2 * open.mean * open.mean;
        case hold_law::constant:
            return open.mean * open.mean;
        case hold_law::lognormal:
        case hold_law::gamma:
            return open.mean * open.mean * (1 + open.cv * open.cv);
        case hold_law::mixture:
        case hold_law::histogram:
        case hold_law::empirical:
            return 2 * law_of(open).half_square(0);
    }
    return 0;
}

// Of the whole time that an entry of that stream lives.
double variance_of_hold(const simulated_stream& s) {
    double kept = 0, kept_second = 0;
    for (const auto& phase : s.closing) {
        kept += phase.share * phase.seconds;
        kept_second += phase.share * phase.seconds * phase.seconds;
    }
    return second_moment(s.open) - s.open.mean * s.open.mean +
           std::max(0.0, kept_second - kept * kept);
}

}  // namespace

namespace detail {

constexpr double forgotten = 4;  // holds, where these are not alike

double holds_remembered(const simulated_stream& s) {
    constexpr double remembers = 30, alike = 0.5;
    const double mean = s.hold();
    return variance_of_hold(s) < alike * alike * mean * mean ? remembers : forgotten;
}

double holds_before(double remembers, double counted) {
    constexpr double fewest = 1.6;
    if (remembers > forgotten) return remembers;
    return std::min(remembers, fewest + 0.5 * std::log(std::max(counted, 1.0)));
}

double seen_hold(const simulated_stream& s) {
    const double mean = s.hold();
    return s.rate > 0 && mean > 0 ? (variance_of_hold(s) + mean * mean) / (2 * mean) : 0;
}

}  // namespace detail

double simulation::memory() const {
    double forgotten = 0;
    for (const auto& s : switches_)
        forgotten = std::max(forgotten, 8 * s.of->longest_memory() / mean_hold());
    for (const auto& s : input_->streams)
        forgotten = std::max(forgotten, detail::holds_remembered(s));
    return forgotten;
}

double simulation::forgets() const {
    double longest = mean_hold();
    for (const auto& s : input_->streams) longest = std::max(longest, detail::seen_hold(s));
    for (const auto& s : switches_) longest = std::max(longest, s.of->longest_memory());
    return longest + (input_->retry ? all_backoffs(*input_->retry) : 0);
}

double simulation::likely_cluster(double beyond_mean) const {
    double batch = 1, state = 0;
    for (const auto& s : input_->streams) {
        batch = std::max(batch, s.arrives.batch);
        if (s.arrives.changes())
            state += s.rate * factor_ * s.arrives.peak() * s.arrives.longest_memory();
    }
    double packets = 0, bucket = 0;
    for (const auto& s : input_->streams) packets += s.rate * factor_ * s.packets;
    const auto emptied = [&](const token_bucket& of, double offered) {
        if (of.per_second > offered) bucket += offered / (of.per_second - offered);
    };
    emptied(input_->connections, mean_rate_);
    emptied(input_->packets, packets);
    return batch * (1 + mean_rate_ * forgets() / std::max(beyond_mean, 1.0)) + state + bucket;
}

double simulation::longest_phase() const {
    double longest = 0;
    for (const auto& s : input_->streams) {
        longest = std::max(longest, s.open.mean);
        for (const auto& phase : s.closing)
            if (phase.share > 0) longest = std::max(longest, phase.seconds);
    }
    return longest;
}

}  // namespace natbound::calculator
