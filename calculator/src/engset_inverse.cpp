// Engset's congestions solved for ports, load and sources. Sources that carry what the target lets
// through give the middle of the search, the normal law its width.
#include <algorithm>
#include <cmath>
#include <natbound/calculator/engset.hpp>

#include "argument.hpp"
#include "crossing.hpp"
#include "load_over.hpp"
#include "poisson.hpp"

namespace natbound::calculator {
namespace {

using detail::require;

constexpr std::uint64_t most_sources = 10000000;

void check_target(const char* function, double target) {
    require(target > 0 && target < 1, function, "target", target, "must lie between 0 and 1");
}

void check_positive(const char* function, const char* argument, double value) {
    require(value > 0 && detail::finite_and_not_negative(value), function, argument, value,
            "must be finite and above 0");
}

// How much the logarithm of what is refused lies above that of the target.
double over(std::uint64_t sources, std::uint64_t ports, double alpha, double target,
            congestion of) {
    const bool call = of == congestion::call;
    const double log_refused = call ? log_engset_call_congestion(sources, ports, alpha)
                                    : log_engset_time_congestion(sources, ports, alpha);
    return detail::above(log_refused, target, [&] {
        return call ? engset_call_congestion(sources, ports, alpha)
                    : engset_time_congestion(sources, ports, alpha);
    });
}

struct law {
    double mean, deviation;
};

// Of the number busy where the share `target` of attempts is refused.
law carried(double sources, double alpha, double target) {
    const double let_in = alpha * (1 - target);
    const double mean = sources * (let_in / (1 + let_in));
    return {mean, std::sqrt(mean / (1 + let_in)) + 1};
}

// How many deviations above the mean the ports lie.
double deviations(double deviation, double target) {
    return std::sqrt(std::fmax(0, -2 * std::log(target * deviation * std::sqrt(detail::two_pi))));
}

}  // namespace

std::uint64_t ports_for_engset(std::uint64_t sources, double alpha, double target, congestion of) {
    constexpr const char* name = "ports_for_engset";
    check_target(name, target);
    require(sources >= 1 && sources <= most_sources, name, "sources", static_cast<double>(sources),
            "must be at least 1 and at most 1e7");
    require(alpha >= 0 && alpha <= 1e100, name, "alpha", alpha,
            "must be at least 0 and at most 1e100");
    const law busy = carried(static_cast<double>(sources), alpha, target);
    return detail::least_crossing(
        0, sources + 1, busy.mean + deviations(busy.deviation, target) * busy.deviation,
        busy.deviation / 8 + 1,
        [&](std::uint64_t ports) { return over(sources, ports, alpha, target, of); });
}

double load_for_engset(std::uint64_t sources, std::uint64_t ports, double target, congestion of) {
    constexpr const char* name = "load_for_engset";
    check_target(name, target);
    require(sources >= 1 && sources <= most_sources, name, "sources", static_cast<double>(sources),
            "must be at least 1 and at most 1e7");
    if (ports == 0) return 0;
    require(ports < sources + (of == congestion::time ? 1 : 0), name, "ports",
            static_cast<double>(ports),
            of == congestion::time
                ? "is more than there are sources: the ports are never all busy, at any load"
                : "is a port for each source: none is ever refused, at any load");
    // Newton on the log odds of what is refused, as a function of log alpha: d log E / d log alpha
    // is c less the mean number busy, which the balance of opens and closes gives.
    const double seen = static_cast<double>(sources - (of == congestion::call ? 1 : 0));
    const double c = static_cast<double>(ports);
    const double wanted = std::log(target) - std::log1p(-target);
    const auto step = [&](double alpha) {
        const double log_refused = of == congestion::call
                                       ? log_engset_call_congestion(sources, ports, alpha)
                                       : log_engset_time_congestion(sources, ports, alpha);
        const double let_in = -std::expm1(log_refused);
        const double slope = (c - alpha * (seen - c) * let_in) / (1 + alpha) / let_in;
        return (wanted - (log_refused - std::log(let_in))) / std::fmax(slope, 1);
    };
    const double deviation = std::sqrt(c * (1 - c / (seen + 1)) + 1);
    const double mean = std::fmax(c - deviations(deviation, target) * deviation, c * 0.02);
    double load = mean / (seen + 1 - mean) / (1 - target);
    for (int i = 0; i < 200; ++i) {
        const double change = std::clamp(step(load), -3.0, 3.0);
        load = std::fmin(load * std::exp(change), 1e100);
        if (std::abs(change) < 1e-9) break;  // the next would be below 1e-16
    }
    require(load < 1e100 || over(sources, ports, load, target, of) > 0, name, "target", target,
            "is met by the most load there is, 1e100");
    // The last bits.
    for (double back = 0x1p-53; back < 1e-12 && over(sources, ports, load, target, of) > 0;
         back *= 2)
        load *= 1 - back;
    return load;
}

double rate_for_engset(std::uint64_t sources, std::uint64_t ports, double hold, double target,
                       congestion of) {
    check_positive("rate_for_engset", "hold", hold);
    return detail::load_over("rate_for_engset", "hold", load_for_engset(sources, ports, target, of),
                             hold);
}

double hold_for_engset(std::uint64_t sources, std::uint64_t ports, double rate, double target,
                       congestion of) {
    check_positive("hold_for_engset", "rate", rate);
    return detail::load_over("hold_for_engset", "rate", load_for_engset(sources, ports, target, of),
                             rate);
}

std::uint64_t sources_for_engset(std::uint64_t ports, double alpha, double target, congestion of) {
    constexpr const char* name = "sources_for_engset";
    check_target(name, target);
    require(ports <= 1ULL << 32, name, "ports", static_cast<double>(ports), "must be at most 2^32");
    require(alpha >= 0 && alpha <= 1e100, name, "alpha", alpha,
            "must be at least 0 and at most 1e100");
    require(over(1, ports, alpha, target, of) <= 0, name, "target", target,
            "is not met by one source alone");
    require(over(most_sources, ports, alpha, target, of) > 0, name, "target", target,
            "is met by the most sources there are, 1e7");
    const double c = static_cast<double>(ports), let_in = alpha * (1 - target);
    const double deviation = std::sqrt(c / (1 + let_in)) + 1;
    const double mean = std::fmax(c - deviations(deviation, target) * deviation, c * 0.02);
    // The first number of sources that is too many, less one.
    return detail::least_crossing(1, most_sources, mean * (1 + let_in) / let_in,
                                  deviation / 8 * (1 + let_in) / let_in + 1,
                                  [&](std::uint64_t sources) {
                                      const double refused =
                                          over(sources, ports, alpha, target, of);
                                      return refused > 0 ? -refused : std::fmax(-refused, 1e-300);
                                  }) -
           1;
}

}  // namespace natbound::calculator
