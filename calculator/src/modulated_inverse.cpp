// The exact chains of modulated arrivals, solved for ports, for a factor on all loads and for
// sources. Two systems that meet the same phases and, of one, part of the other's arrivals, can be
// run side by side: fewer ports, or more arrivals, never leave fewer ports busy in proportion, so
// refusal falls with the ports and rises with the load. Hayward's formula says about where.
#include <algorithm>
#include <cmath>
#include <natbound/calculator/hayward.hpp>
#include <natbound/calculator/modulated.hpp>

#include "monotone.hpp"

namespace natbound::calculator {
namespace {

using detail::require;
using rows = std::vector<std::vector<double>>;

constexpr double most_load = 1e12;

double over(const modulated_answer& found, double target) {
    if (found.load == 0) return -HUGE_VAL;
    return detail::above_by_odds(found.log_refusal, target, [&] { return found.refusal; });
}

// The most ports that modulated() takes with so many phases.
std::uint64_t ports_of_chain(std::size_t phases) {
    const double n = static_cast<double>(phases);
    return static_cast<std::uint64_t>(std::min({0x1p26, 4e9 / (n * n * n), 0x1p28 / (n * n)}) - 1);
}

template <class Chain>
std::uint64_t least_ports(const char* function, double target, std::size_t phases, double load,
                          double peakedness, const Chain& chain) {
    if (load == 0) return 1;  // as ports_for
    const double guess =
        static_cast<double>(ports_for_hayward(std::fmin(load, 1e12), peakedness, target));
    const double step = 1 + std::sqrt(load * peakedness) / 8;
    return detail::least_to_meet(
        function, target,
        "needs more ports than the exact chain of so many phases can have; see ports_for_hayward",
        {0, ports_of_chain(phases), guess, step},
        [&](std::uint64_t ports) { return over(chain(ports), target); });
}

double hayward_load(std::uint64_t ports, double peakedness, double target) {
    return load_for_hayward(static_cast<double>(ports), std::clamp(peakedness, 1e-3, 1e9), target);
}

}  // namespace

std::uint64_t ports_for_modulated(const rows& switching, const std::vector<double>& load,
                                  double target) {
    constexpr const char* function = "ports_for_modulated";
    detail::require_target(function, target);
    const double mean = modulated(0, switching, load).load;
    return least_ports(function, target, load.size(), mean, modulated_peakedness(switching, load),
                       [&](std::uint64_t ports) { return modulated(ports, switching, load); });
}

double scale_for_modulated(std::uint64_t ports, const rows& switching,
                           const std::vector<double>& load, double target) {
    constexpr const char* function = "scale_for_modulated";
    detail::require_target(function, target);
    require(ports > 0, function, "ports", 0, "must be at least 1: none carry nothing");
    const double mean = modulated(0, switching, load).load;
    require(mean > 0, function, "load", mean, "must be above 0 in some phase");
    const double greatest = *std::max_element(load.begin(), load.end());
    const double guess = hayward_load(ports, modulated_peakedness(switching, load), target) / mean;
    return detail::most_real_to_meet(function, target, 1e-100 / greatest, most_load / greatest,
                                     guess, [&](double scale) {
                                         auto loads = load;
                                         for (double& a : loads)
                                             a = std::fmin(a * scale, most_load);
                                         return over(modulated(ports, switching, loads), target);
                                     });
}

std::uint64_t ports_for_on_off(std::uint64_t sources, double load, double on, double off,
                               double target) {
    constexpr const char* function = "ports_for_on_off";
    detail::require_target(function, target);
    const double mean = on_off(0, sources, load, on, off).load;
    return least_ports(function, target, sources + 1, mean, on_off_peakedness(load, on, off),
                       [&](std::uint64_t ports) { return on_off(ports, sources, load, on, off); });
}

double load_for_on_off(std::uint64_t ports, std::uint64_t sources, double on, double off,
                       double target) {
    constexpr const char* function = "load_for_on_off";
    detail::require_target(function, target);
    require(ports > 0, function, "ports", 0, "must be at least 1: none carry nothing");
    const double share = on_off(0, sources, 1, on, off).load;  // of each, with load 1 while on
    const double z = on_off_peakedness(hayward_load(ports, 1, target) / share, on, off);
    return detail::most_real_to_meet(
        function, target, 1e-100, most_load / static_cast<double>(sources),
        hayward_load(ports, z, target) / share,
        [&](double load) { return over(on_off(ports, sources, load, on, off), target); });
}

std::uint64_t sources_for_on_off(std::uint64_t ports, double load, double on, double off,
                                 double target) {
    constexpr const char* function = "sources_for_on_off";
    detail::require_target(function, target);
    require(ports > 0, function, "ports", 0, "must be at least 1: none carry nothing");
    const auto above = [&](std::uint64_t sources) {
        return over(on_off(ports, sources, load, on, off), target);
    };
    if (above(1) > 0) return 0;
    std::uint64_t most = 1023;  // and as many as the chain can have
    while (most > 1 && ports_of_chain(most + 1) < ports) --most;
    const double one = on_off(0, 1, load, on, off).load;
    const double guess =
        one > 0 ? hayward_load(ports, on_off_peakedness(load, on, off), target) / one : 0;
    const std::uint64_t found = detail::most_to_meet({1, most, guess, 2}, above);
    require(found < most, function, "target", target,
            "is met by as many sources as the exact chain can have; see hayward");
    return found;
}

std::uint64_t second_ports_for(std::uint64_t first_ports, double first_load, double target,
                               double second_load) {
    constexpr const char* function = "second_ports_for";
    detail::require_target(function, target);
    const auto above = [&](std::uint64_t ports) {
        const double refused =
            overflow_to_second(first_ports, first_load, ports, second_load).first_refusal;
        return detail::above(std::log(refused), target, [&] { return refused; });
    };
    if (above(0) <= 0) return 0;
    const auto spilled = overflow(static_cast<double>(first_ports), first_load);
    const double share = spilled.mean / first_load;  // of the target, what the second may refuse
    const double guess = static_cast<double>(ports_for_overflow(spilled.mean + second_load,
                                                                spilled.variance + second_load,
                                                                std::fmin(target / share, 0.999)));
    return detail::least_to_meet(
        function, target, "needs more ports than the exact chain of both groups can have",
        {0, ports_of_chain(first_ports + 1), guess, 1 + std::sqrt(guess) / 8}, above);
}

}  // namespace natbound::calculator
