// Hayward's formula and the equivalent random group, solved for ports and load.
#include <cmath>
#include <natbound/calculator/erlang.hpp>
#include <natbound/calculator/hayward.hpp>

#include "monotone.hpp"

namespace natbound::calculator {
namespace {

using detail::require;

constexpr const char* too_many = "needs more than 1e15 ports";
constexpr std::uint64_t most_ports = 1000000000000000;

}  // namespace

std::uint64_t ports_for_hayward(double load, double peakedness, double target) {
    constexpr const char* function = "ports_for_hayward";
    detail::require_target(function, target);
    require(load >= 0 && load <= 1e12, function, "load", load,
            "must be at least 0 and at most 1e12");
    hayward(0, load, peakedness);  // refuses a bad peakedness
    if (load == 0) return 1;       // as ports_for
    const double z = peakedness;
    const double guess = static_cast<double>(ports_for(std::fmin(load / z, 1e12), target)) * z;
    return detail::least_to_meet(function, target, too_many,
                                 {0, most_ports, guess, z + std::sqrt(load * z) / 8},
                                 [&](std::uint64_t n) {
                                     const auto ports = static_cast<double>(n);
                                     return detail::above(log_hayward(ports, load, z), target,
                                                          [&] { return hayward(ports, load, z); });
                                 });
}

double load_for_hayward(double ports, double peakedness, double target) {
    constexpr const char* function = "load_for_hayward";
    detail::require_target(function, target);
    hayward(ports, 0, peakedness);  // refuses what is bad
    return detail::a_hair_less(load_for(ports / peakedness, target) * peakedness, [&](double load) {
        return load > 1e15 || hayward(ports, load, peakedness) <= target;
    });
}

std::uint64_t ports_for_overflow(double mean, double variance, double target) {
    constexpr const char* function = "ports_for_overflow";
    detail::require_target(function, target);
    for (const auto& [what, value] : {std::pair{"mean", mean}, std::pair{"variance", variance}})
        require(value >= 0 && value <= 1e12, function, what, value,
                "must be at least 0 and at most 1e12");
    overflow_refusal(0, mean, variance);
    if (mean == 0) return 1;
    const double z = std::fmax(variance / mean, 1e-3);
    const double guess = static_cast<double>(ports_for(std::fmin(mean / z, 1e12), target)) * z;
    return detail::least_to_meet(
        function, target, too_many, {0, most_ports, guess, z + std::sqrt(variance) / 8},
        [&](std::uint64_t n) {
            const double refused = overflow_refusal(static_cast<double>(n), mean, variance);
            return detail::above(std::log(refused), target, [&] { return refused; });
        });
}

}  // namespace natbound::calculator
