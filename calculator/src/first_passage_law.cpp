// Both events are the first time that an M/M/infinity system, which equals Erlang's until then,
// holds `top` flows: top = ports, or ports + 1 for the first refusal.
#include <algorithm>
#include <cmath>
#include <limits>
#include <natbound/calculator/first_passage_law.hpp>
#include <utility>

#include "argument.hpp"
#include "check_start.hpp"
#include "inversion.hpp"
#include "scaled_total.hpp"

namespace natbound::calculator {
namespace {

constexpr double infinite = std::numeric_limits<double>::infinity();
constexpr const char* name = "first_passage_law";
constexpr double settled = 100;  // mean holds

void check_time(const char* function, double t) {
    detail::require(t >= 0, function, "time", t, "must be at least 0");
}

}  // namespace

first_passage_law::first_passage_law(std::uint64_t ports, double load, passage event,
                                     occupancy start)
    : top_(event == passage::full ? ports : ports + 1), load_(load), from_(start.from) {
    detail::require(ports <= 1ULL << 22, name, "ports", static_cast<double>(ports),
                    "must be at most 4,194,304");
    detail::require(load > 0 && load <= 1e12, name, "load", load,
                    "must be above 0 and at most 1e12");
    detail::check_start(name, start, ports);
    start_ = std::move(start.chances);
    if (event == passage::full && from_ + start_.size() == ports + 1) {
        atom_ = start_.back();
        start_.pop_back();
        if (atom_ >= 1) start_.clear();
    }
    // Mean: each step n -> n + 1 counts with the chance that the start is at n or below.
    detail::scaled_total sum, from_empty;
    double reached = 0;
    for (std::uint64_t n = 0; n < top_ && !start_.empty(); ++n) {
        sum.step(static_cast<double>(n), load);
        if (n >= from_ && n - from_ < start_.size()) reached += start_[n - from_];
        sum.total += reached * sum.last;
        from_empty.step(static_cast<double>(n), load);
        from_empty.total += from_empty.last;
    }
    longest_ = from_empty.time().mean;
    if (start_.empty()) {
        mean_ = {0, -infinite};
    } else {
        mean_ = sum.time();
    }
}

// Beyond some holds what is left waits without memory, with a mean of 1e14 holds and more: the
// start is forgotten as e^-t. early: the chance by then.
bool first_passage_law::memoryless(double t) const { return mean_.log_mean > 34 && t > settled; }

// No more than the chance that so many arrive by then as the fullest start misses, which may be
// none that a double holds.
double first_passage_law::early() const {
    const double missing = static_cast<double>(top_ - from_ - start_.size() + 1);
    const double most = missing * std::log(settled * load_) - std::lgamma(missing + 1);
    return most < -745 ? atom_ : atom_ + below(settled);
}

// How many of the mean waits that follow lie between then and t.
double first_passage_law::waits(double t, double early) const {
    return std::exp(std::log(t - settled) + std::log1p(-early) - mean_.log_mean);
}

// Where the chance of not yet is the smaller one.
bool first_passage_law::late(double t) const { return t > 3 * mean_.mean; }

// From any state the chance of not yet after e times the longest mean is at most 1/e (Markov), and
// begins anew there: after so many it is below the least double.
bool first_passage_law::surely(double t) const { return t > 2100 * longest_; }

double first_passage_law::below(double t) const {
    detail::inversion path(detail::climb(top_, detail::way::up(load_), from_, start_),
                           detail::divisor::time);
    return path.aim(t) ? path.value(t) : 0;
}

double first_passage_law::above(double t) const {
    detail::inversion path(detail::climb(top_, detail::way::up(load_), from_, start_),
                           detail::divisor::time);
    return path.aim(t, true, mean_.mean / (1 - atom_)) ? path.value(t) : 0;
}

double first_passage_law::cdf(double t) const {
    check_time("cdf", t);
    if (start_.empty() || surely(t) || t == infinite) return 1;
    if (t == 0) return atom_;
    if (memoryless(t)) {
        const double first = early();
        return first - (1 - first) * std::expm1(-waits(t, first));
    }
    if (late(t)) return 1 - above(t);
    return std::min(atom_ + below(t), 1.0);
}

double first_passage_law::survival(double t) const {
    check_time("survival", t);
    if (start_.empty() || surely(t) || t == infinite) return 0;
    if (t == 0) return 1 - atom_;
    if (memoryless(t)) {
        const double first = early();
        return (1 - first) * std::exp(-waits(t, first));
    }
    if (!late(t)) {
        const double p = below(t);
        if (p < 0.999 * (1 - atom_)) return 1 - atom_ - p;
    }
    return above(t);
}

// A time so short that nothing but the arrivals that are missing is likely in it, from the start
// that misses the fewest: F = atom + P(start) (load t)^missing / missing!, to about t (load + top)
// of itself; and to as much for the starts below, whose chances count for no more than 1.
std::optional<double> first_passage_law::log_at_once(double p) const {
    constexpr double enough = 1e-13;
    std::size_t last = start_.size() - 1;
    while (last > 0 && start_[last] == 0) --last;
    const double missing = static_cast<double>(top_ - from_ - last);
    const double log_t =
        (std::log(p - atom_) - std::log(start_[last]) + std::lgamma(missing + 1)) / missing -
        std::log(load_);
    const double busy = log_t + std::log(load_ + static_cast<double>(top_) + 1);
    if (busy - std::min(0.0, std::log(start_[last])) > std::log(enough)) return {};
    return log_t;
}

double first_passage_law::quantile(double p) const { return std::exp(log_quantile(p)); }

// Newton's method on log F as a function of log t, or, beyond the middle, on log(1 - F) as a
// function of t, which is a line for a wait without memory: from a guess by the saddle, along a
// path that is laid anew where t leaves it, within a bracket that grows.
double first_passage_law::log_quantile(double p) const {
    detail::require(p >= 0 && p < 1, "quantile", "p", p, "must be at least 0 and below 1");
    if (start_.empty() || p <= atom_) return -infinite;
    const bool tail = p > 0.5;
    if (const auto soon = log_at_once(p)) return *soon;
    if (const double first = mean_.log_mean > 34 ? early() : 1; p > first) {
        const double log_wait =
            mean_.log_mean - std::log1p(-first) + std::log(std::log1p(-first) - std::log1p(-p));
        return log_wait > 600 ? log_wait : std::log(settled + std::exp(log_wait));
    }
    const double want = tail ? std::log1p(-p) : std::log(p - atom_);
    const double remaining = mean_.mean / (1 - atom_);  // mean of those that have not begun full
    double low = -infinite, high = infinite;            // of log t
    detail::inversion path(detail::climb(top_, detail::way::up(load_), from_, start_),
                           detail::divisor::time);
    const auto guess = path.guess(want, tail, remaining);
    double at = guess ? std::log(*guess) : std::min(mean_.log_mean, 13.0);
    bool aimed = false, upper = tail;
    for (int i = 0; i < 400; ++i) {
        const double t = std::exp(at);
        if (!aimed || !path.near(t)) {
            // The path through the tail is ill-placed while next to nothing has happened.
            upper = tail && t > mean_.mean;
            aimed = path.aim(t, upper, remaining);
            if (!aimed) {
                const bool early = !upper;  // the chance underflows on the side that was asked for
                (early ? low : high) = at;
                at = std::isinf(early ? high : low) ? at + (early ? 1 : -1) : 0.5 * (low + high);
                continue;
            }
        }
        const double got = path.value(t), slope = path.slope(t) * t;
        double gap = 0, rate = 0;  // log value - want, and its slope in log t
        if (upper || !tail) {
            gap = path.log_value(t) - want;
            rate = slope / got;
        } else {
            gap = std::log1p(-std::min(atom_ + got, 1 - 1e-16)) - want;
            rate = -slope / (1 - atom_ - got);
        }
        const bool before = (rate < 0 || tail) ? gap > 0 : gap < 0;
        (before ? low : high) = at;
        const double step = -gap / rate;
        double next = tail && step > -0.9 ? at + std::log1p(step) : at + step;
        // Before the bracket's ends, which rounding may put on the wrong side of so small a step.
        if (std::abs(next - at) < 1e-11) return next;
        if (!(next > low && next < high)) {
            next = std::isinf(low) ? at - 1 : std::isinf(high) ? at + 1 : 0.5 * (low + high);
        }
        next = std::clamp(next, at - 3, at + 3);
        if (high - low < 1e-13) return next;
        at = next;
    }
    return at;
}

}  // namespace natbound::calculator
