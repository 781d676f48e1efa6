#include <cmath>
#include <limits>
#include <natbound/calculator/erlang.hpp>
#include <natbound/calculator/transient.hpp>
#include <utility>

#include "argument.hpp"
#include "inversion.hpp"

namespace natbound::calculator {
namespace {

constexpr const char* name = "transient_law";

// After so many holds nothing is left of the start: the slowest mode of M/M/c/c dies at rate 1 or
// faster (the zeros of Charlier polynomials lie more than 1 apart), from at most 2^22 flows.
constexpr double forgotten = 1e4;

}  // namespace

transient_law::transient_law(std::uint64_t ports, double load, occupancy start)
    : ports_(ports), load_(load), start_(std::move(start)) {
    detail::require(ports >= 1 && ports <= 1ULL << 22, name, "ports", static_cast<double>(ports),
                    "must be at least 1 and at most 4,194,304");
    detail::require(load > 0 && load <= 1e12, name, "load", load,
                    "must be above 0 and at most 1e12");
    detail::require(!start_.chances.empty() && start_.from + start_.chances.size() <= ports + 1,
                    name, "start", static_cast<double>(start_.from + start_.chances.size()) - 1,
                    "must be at most the number of ports");
}

double transient_law::log_full_probability(double t) const {
    detail::require(t >= 0, "full_probability", "time", t, "must be at least 0");
    if (t == 0) return std::log(start_.at_least(ports_));
    const double ports = static_cast<double>(ports_);
    if (t > forgotten) return log_erlang_b(ports, load_);
    detail::inversion path(detail::climb(ports_, load_, start_.from, start_.chances),
                           detail::divisor::full);
    if (!path.aim(t)) return -std::numeric_limits<double>::infinity();
    return path.log_value(t);
}

double transient_law::full_probability(double t) const { return std::exp(log_full_probability(t)); }

// dM/dt = load (1 - full) - M: what M/M/infinity would have, less what was refused and would still
// live.
double transient_law::mean(double t) const {
    detail::require(t >= 0, "mean", "time", t, "must be at least 0");
    if (t == 0) return start_.mean();
    if (t > forgotten) {
        return load_ * (1 - erlang_b(static_cast<double>(ports_), load_));
    }
    const double unlimited = start_.mean() * std::exp(-t) - load_ * std::expm1(-t);
    detail::inversion path(detail::climb(ports_, load_, start_.from, start_.chances),
                           detail::divisor::shortfall);
    return unlimited - (path.aim(t) ? load_ * path.value(t) : 0);
}

}  // namespace natbound::calculator
