// The exact chains of modulated arrivals, solved for ports, for a factor on all loads and for
// sources. Two systems that meet the same phases and, of one, part of the other's arrivals, can be
// run side by side: fewer ports, or more arrivals, never leave fewer ports busy in proportion, so
// refusal falls with the ports and rises with the load. Hayward's formula says about where.
#include <algorithm>
#include <cmath>
#include <natbound/calculator/hayward.hpp>
#include <natbound/calculator/modulated.hpp>

#include "modulated_refusal.hpp"
#include "monotone.hpp"

namespace natbound::calculator {
namespace {

using detail::require;
using rows = std::vector<std::vector<double>>;

constexpr double most_load = 1e12;

// How far what is refused lies above the target. The whole chain decides near to it, and where it
// may have to say that it can't.
double over(std::uint64_t ports, const detail::world& w, double target) {
    constexpr double near = 1e-6;
    detail::check_modulated(ports, w);
    if (*std::max_element(w.load.begin(), w.load.end()) == 0) return -HUGE_VAL;
    const double log = detail::log_modulated_refusal(ports, w);
    const double above = detail::above_by_odds(log, target, [&] { return std::exp(log); });
    if (std::abs(above) > near && (log > std::log(1e-240) || !detail::has_rare_phases(w)))
        return above;
    const auto found = modulated(ports, w.switching, w.load);
    return detail::above_by_odds(found.log_refusal, target, [&] { return found.refusal; });
}

// The most ports that modulated() takes with so many phases.
std::uint64_t ports_of_chain(std::size_t phases) {
    const double n = static_cast<double>(phases);
    return static_cast<std::uint64_t>(std::min({0x1p26, 4e9 / (n * n * n), 0x1p28 / (n * n)}) - 1);
}

std::uint64_t least_ports(const char* function, double target, const detail::world& w, double load,
                          double peakedness) {
    if (load == 0) return 1;  // as ports_for
    const double guess =
        static_cast<double>(ports_for_hayward(std::fmin(load, 1e12), peakedness, target));
    const double step = 1 + std::sqrt(load * peakedness) / 8;
    return detail::least_to_meet(
        function, target,
        "needs more ports than the exact chain of so many phases can have; see ports_for_hayward",
        {0, ports_of_chain(w.load.size()), guess, step},
        [&](std::uint64_t ports) { return over(ports, w, target); });
}

double hayward_load(std::uint64_t ports, double peakedness, double target) {
    return load_for_hayward(static_cast<double>(ports), std::clamp(peakedness, 1e-3, 1e9), target);
}

// About how many sources meet the target: what is refused of few and large ones hangs on how many
// are on together, and little on how finely ports are counted. So pools that are smaller by the
// same factor as the loads say it, for a fraction of the work, each the guess of the next.
double about_sources(std::uint64_t ports, double load, double on, double off, double target,
                     std::uint64_t most) {
    constexpr std::uint64_t step = 8, few = 1024;
    const double one = load * on / (on + off);  // of a source
    if (!(one > 0)) return 0;
    double guess = hayward_load(ports, on_off_peakedness(load, on, off), target) / one;
    std::uint64_t part = 1;
    while (ports / part / step >= few && one / static_cast<double>(part * step) > 1) part *= step;
    for (double reach = 2; part > 1; part /= step, reach = 1) {
        const double less = load / static_cast<double>(part);
        guess = static_cast<double>(
            detail::most_to_meet({1, most, guess, reach}, [&](std::uint64_t sources) {
                return over(ports / part, detail::on_off_world(sources, less, on, off), target);
            }));
    }
    return guess;
}

}  // namespace

std::uint64_t ports_for_modulated(const rows& switching, const std::vector<double>& load,
                                  double target) {
    constexpr const char* function = "ports_for_modulated";
    detail::require_target(function, target);
    const double mean = modulated(0, switching, load).load;
    return least_ports(function, target, {switching, load}, mean,
                       modulated_peakedness(switching, load));
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
                                         detail::world w{switching, load};
                                         for (double& a : w.load)
                                             a = std::fmin(a * scale, most_load);
                                         return over(ports, w, target);
                                     });
}

std::uint64_t ports_for_on_off(std::uint64_t sources, double load, double on, double off,
                               double target) {
    constexpr const char* function = "ports_for_on_off";
    detail::require_target(function, target);
    const double mean = on_off(0, sources, load, on, off).load;
    return least_ports(function, target, detail::on_off_world(sources, load, on, off), mean,
                       on_off_peakedness(load, on, off));
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
        hayward_load(ports, z, target) / share, [&](double load) {
            return over(ports, detail::on_off_world(sources, load, on, off), target);
        });
}

std::uint64_t sources_for_on_off(std::uint64_t ports, double load, double on, double off,
                                 double target) {
    constexpr const char* function = "sources_for_on_off";
    detail::require_target(function, target);
    require(ports > 0, function, "ports", 0, "must be at least 1: none carry nothing");
    const auto above = [&](std::uint64_t sources) {
        return over(ports, detail::on_off_world(sources, load, on, off), target);
    };
    if (above(1) > 0) return 0;
    std::uint64_t most = 1023;  // and as many as the chain can have
    while (most > 1 && ports_of_chain(most + 1) < ports) --most;
    const std::uint64_t found = detail::most_to_meet(
        {1, most, about_sources(ports, load, on, off, target, most), 1}, above);
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
