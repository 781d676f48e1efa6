#include <algorithm>
#include <boost/math/special_functions/erf.hpp>
#include <cmath>
#include <limits>
#include <natbound/calculator/erlang.hpp>
#include <natbound/calculator/transient.hpp>
#include <utility>

#include "argument.hpp"
#include "check_start.hpp"
#include "inversion.hpp"
#include "transient_rare.hpp"

namespace natbound::calculator {
namespace {

constexpr const char* name = "transient_law";

// After so many holds nothing is left of the start: the slowest mode of M/M/c/c dies at rate 1 or
// faster (the zeros of Charlier polynomials lie more than 1 apart), from at most 2^22 flows.
constexpr double forgotten = 1e4;
constexpr double known_to = 1e-10;  // at_least
// What rounding may take of a chance of being full: of more, another way is tried; of still more,
// its logarithm is not known.
constexpr double settled = 1e-10, unsettled = 1e-6;

}  // namespace

transient_law::transient_law(std::uint64_t ports, double load, occupancy start)
    : ports_(ports), load_(load), start_(std::move(start)) {
    detail::require(ports >= 1 && ports <= 1ULL << 22, name, "ports", static_cast<double>(ports),
                    "must be at least 1 and at most 4,194,304");
    detail::require(load > 0 && load <= 1e12, name, "load", load,
                    "must be above 0 and at most 1e12");
    detail::check_start(name, start_, ports);
}

transient_law::rare transient_law::summed(const char* function, double t) const {
    detail::require(t >= 0, function, "time", t, "must be at least 0");
    if (t == 0) return {std::log(start_.at_least(ports_)), 0};
    const double ports = static_cast<double>(ports_);
    if (t > forgotten) return {log_erlang_b(ports, load_), 0};
    detail::inversion path(
        detail::climb(ports_, detail::way::up(load_), start_.from, start_.chances),
        detail::divisor::full);
    if (!path.aim(t)) return {-std::numeric_limits<double>::infinity(), 0};
    return {path.log_value(t), path.lost(t)};
}

transient_law::full_chance transient_law::full(double t) const {
    const auto found = summed("full_probability", t);
    return {found.log, found.log + std::log(found.lost)};
}

transient_law::rare transient_law::full_at(const char* function, double t) const {
    const auto found = summed(function, t);
    if (found.lost < settled) return found;
    const auto stepped = detail::log_full_by_steps(ports_, load_, start_, t);
    return stepped ? rare{*stepped, 0} : found;
}

double transient_law::log_full_probability(double t) const {
    constexpr const char* function = "log_full_probability";
    const auto found = full_at(function, t);
    detail::require(found.lost < unsettled, function, "time", t,
                    "leaves too little, after a fall of so many ports, for its logarithm to be "
                    "known; full_probability is right to 1e-11");
    return found.log;
}

double transient_law::full_probability(double t) const {
    return std::exp(full_at("full_probability", t).log);
}

// dM/dt = load (1 - full) - M: what M/M/infinity would have, less what was refused and would still
// live.
double transient_law::mean(double t) const {
    detail::require(t >= 0, "mean", "time", t, "must be at least 0");
    if (t == 0) return start_.mean();
    if (t > forgotten) {
        return load_ * (1 - erlang_b(static_cast<double>(ports_), load_));
    }
    const double unlimited = start_.mean() * std::exp(-t) - load_ * std::expm1(-t);
    detail::inversion path(
        detail::climb(ports_, detail::way::up(load_), start_.from, start_.chances),
        detail::divisor::shortfall);
    return unlimited - (path.aim(t) ? load_ * path.value(t) : 0);
}

// Starts below n reach it from below; of those from n on, the ones that are below at t are taken
// off, by the same transform of the free ports.
double transient_law::at_least(std::uint64_t n, double t) const {
    detail::require(t >= 0, "at_least", "time", t, "must be at least 0");
    if (n == 0) return 1;
    if (n > ports_) return 0;
    if (t == 0) return start_.at_least(n);
    t = std::min(t, forgotten);
    const double ports = static_cast<double>(ports_);
    const auto up = detail::way::up(load_), down = detail::way::down(ports, load_);
    std::vector<double> below, above;  // the latter by free ports
    for (std::size_t i = 0; i < start_.chances.size(); ++i) {
        (start_.from + i < n ? below : above).push_back(start_.chances[i]);
    }
    const std::uint64_t room = ports_ - n + 1;
    double total = 0;
    const auto some = [](const std::vector<double>& p) {
        return std::any_of(p.begin(), p.end(), [](double x) { return x > 0; });
    };
    if (some(below)) {
        detail::climb rise(n, up, start_.from, below);
        rise.way_back(down, room);
        detail::inversion path(rise, detail::divisor::beyond);
        if (path.aim(t)) total += path.value(t);
    }
    if (some(above)) {
        for (double p : above) total += p;
        std::reverse(above.begin(), above.end());
        const std::uint64_t most = start_.from + start_.chances.size() - 1;
        detail::climb fall(room, down, ports_ - most, above);
        fall.way_back(up, n);
        detail::inversion path(fall, detail::divisor::beyond);
        if (path.aim(t)) total -= path.value(t);
    }
    return std::clamp(total, 0.0, 1.0);
}

// Between bounds; the next n from a normal law through what is known.
std::uint64_t transient_law::quantile(double p, double t) const {
    detail::require(p >= 0 && p <= 1, "quantile", "p", p, "must lie within [0, 1]");
    if (t == 0 || p == 0) return t == 0 ? start_.quantile(p) : 0;
    if (p == 1) return ports_;
    detail::require(p >= known_to, "quantile", "p", p,
                    "must be 0, or at least 1e-10 and at most 1: the law is known to 1e-10");
    const double centre = mean(t);
    const double width = std::sqrt(std::max(centre, 1.0));
    const double want =
        boost::math::erfc_inv(std::max(2 * (1 - p), 1e-300)) * 1.41421356237309504880;
    // at_least(low + 1) > 1 - p >= at_least(high + 1)
    double low = -1, high = static_cast<double>(ports_);
    double next = std::floor(centre + want * width), step = 0.05 * width + 1;
    double known = std::nan(""), known_score = 0;
    while (high - low > 1) {
        next = std::clamp(next, low + 1, high - 1);
        const double tail = at_least(static_cast<std::uint64_t>(next) + 1, t);
        (tail > 1 - p ? low : high) = next;
        const double score = tail > 1e-15 && tail < 1 - 1e-15
                                 ? boost::math::erfc_inv(2 * tail) * 1.41421356237309504880
                                 : std::nan("");
        double slope = 1 / width;
        if (std::abs(next - known) > 0.5 && std::abs(score - known_score) > 1e-9) {
            slope = (score - known_score) / (next - known);
        }
        known = next;
        known_score = score;
        if (std::isfinite(score)) {
            next = std::round(next + (want - score) / slope + (tail > 1 - p ? 0.3 : -0.3));
        } else {
            next = std::floor(0.5 * (low + high));
        }
        // Alternate with the neighbour when the guess only creeps along one side.
        if (!(next > low && next < high)) next = tail > 1 - p ? low + step : high - step;
        step *= 2;
    }
    return static_cast<std::uint64_t>(high);
}

}  // namespace natbound::calculator
