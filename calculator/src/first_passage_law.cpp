// Both events are the first time that an M/M/infinity system, which equals Erlang's until then,
// holds `top` flows: top = ports, or ports + 1 for the first refusal.
#include <algorithm>
#include <cmath>
#include <limits>
#include <natbound/calculator/first_passage_law.hpp>
#include <utility>

#include "argument.hpp"
#include "inversion.hpp"
#include "scaled_total.hpp"

namespace natbound::calculator {
namespace {

constexpr double infinite = std::numeric_limits<double>::infinity();
constexpr const char* name = "first_passage_law";

void check_time(const char* function, double t) {
    detail::require(t >= 0, function, "time", t, "must be at least 0");
}

}  // namespace

first_passage_law::first_passage_law(std::uint64_t ports, double load, passage event,
                                     occupancy start)
    : top_(event == passage::full ? ports : ports + 1),
      load_(load),
      from_(start.from),
      start_(std::move(start.chances)) {
    detail::require(ports <= 1ULL << 22, name, "ports", static_cast<double>(ports),
                    "must be at most 4,194,304");
    detail::require(load > 0 && load <= 1e12, name, "load", load,
                    "must be above 0 and at most 1e12");
    detail::require(!start_.empty() && from_ + start_.size() <= ports + 1, name, "start",
                    static_cast<double>(from_ + start_.size()) - 1,
                    "must be at most the number of ports");
    if (event == passage::full && from_ + start_.size() == ports + 1) {
        atom_ = start_.back();
        start_.pop_back();
    }
    // Mean: each step n -> n + 1 counts with the chance that the start is at n or below.
    detail::scaled_total sum;
    double reached = 0;
    for (std::uint64_t n = 0; n < top_ && !start_.empty(); ++n) {
        sum.last = (sum.unit + static_cast<double>(n) * sum.last) / load;
        if (n >= from_ && n - from_ < start_.size()) reached += start_[n - from_];
        sum.total += reached * sum.last;
        sum.settle();
    }
    if (start_.empty()) {
        mean_ = {0, -infinite};
    } else {
        mean_ = sum.time();
    }
}

// Where the chance of not yet is the smaller one.
bool first_passage_law::late(double t) const { return t > 3 * mean_.mean; }

double first_passage_law::below(double t) const {
    detail::inversion path(detail::climb(top_, load_, from_, start_), detail::divisor::time);
    return path.aim(t) ? path.value(t) : 0;
}

double first_passage_law::above(double t) const {
    detail::inversion path(detail::climb(top_, load_, from_, start_), detail::divisor::time);
    return path.aim(t, true, mean_.mean / (1 - atom_)) ? path.value(t) : 0;
}

double first_passage_law::cdf(double t) const {
    check_time("cdf", t);
    if (start_.empty() || t == infinite) return 1;
    if (t == 0) return atom_;
    if (late(t)) return 1 - above(t);
    return std::min(atom_ + below(t), 1.0);
}

double first_passage_law::survival(double t) const {
    check_time("survival", t);
    if (start_.empty() || t == infinite) return 0;
    if (t == 0) return 1 - atom_;
    if (!late(t)) {
        const double p = below(t);
        if (p < 0.9 * (1 - atom_)) return 1 - atom_ - p;
    }
    return above(t);
}

double first_passage_law::quantile(double p) const { return std::exp(log_quantile(p)); }

// Newton's method on log F (or, beyond the middle, on log(1 - F)) as a function of log t, along a
// path that is laid anew when t has moved by more than a hundredth, within a bracket that grows.
double first_passage_law::log_quantile(double p) const {
    detail::require(p >= 0 && p < 1, "quantile", "p", p, "must be at least 0 and below 1");
    if (start_.empty() || p <= atom_) return -infinite;
    const bool tail = p > 0.5;
    // Times beyond the largest double are waits without memory, after a first part that is over
    // long before 1e6 holds (or is not: then both are far off).
    if (mean_.log_mean > 600) {
        const double early = atom_ + below(1e6);
        if (p > early) {
            return mean_.log_mean - std::log1p(-early) +
                   std::log(std::log1p(-early) - std::log1p(-p));
        }
    }
    const double want = tail ? std::log1p(-p) : std::log(p - atom_);
    double low = -infinite, high = infinite;  // of log t
    double at = std::min(mean_.log_mean, 13.0);
    detail::inversion path(detail::climb(top_, load_, from_, start_), detail::divisor::time);
    double aimed = infinite;
    bool upper = tail;
    for (int i = 0; i < 400; ++i) {
        const double t = std::exp(at);
        if (!(std::abs(at - aimed) < 0.01)) {
            // The path through the tail is ill-placed while next to nothing has happened.
            upper = tail && t > mean_.mean;
            if (!path.aim(t, upper, mean_.mean / (1 - atom_))) {
                const bool early = !upper;  // the chance underflows on the side that was asked for
                (early ? low : high) = at;
                at = std::isinf(early ? high : low) ? at + (early ? 1 : -1) : 0.5 * (low + high);
                aimed = infinite;
                continue;
            }
            aimed = at;
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
        double next = at - gap / rate;
        if (!(next > low && next < high)) {
            next = std::isinf(low) ? at - 1 : std::isinf(high) ? at + 1 : 0.5 * (low + high);
        }
        next = std::clamp(next, at - 3, at + 3);
        if (std::abs(next - at) < 1e-12 || high - low < 1e-13) return next;
        at = next;
    }
    return at;
}

}  // namespace natbound::calculator
