// Batches solved for ports and load; the search starts where Hayward's approximation would have it.
#include <algorithm>
#include <cmath>
#include <natbound/calculator/batches.hpp>
#include <natbound/calculator/erlang.hpp>

#include "argument.hpp"
#include "crossing.hpp"

namespace natbound::calculator {
namespace {

using detail::require;

constexpr std::uint64_t most_ports = 1ULL << 26;

void check_target(const char* function, double target) {
    require(target > 0 && target < 1, function, "target", target, "must lie between 0 and 1");
}

}  // namespace

std::uint64_t ports_for_batches(double load, double mean_size, double target, batch_law law,
                                batch_loss loss) {
    constexpr const char* name = "ports_for_batches";
    check_target(name, target);
    require(load == 0 || (load >= 1e-100 && load <= 1e12), name, "load", load,
            "must be 0, or at least 1e-100 and at most 1e12");
    const double z = batch_peakedness(mean_size, law);
    const auto refused = [&](std::uint64_t ports) {
        const batch_answer found = batches(ports, load, mean_size, law, loss);
        return detail::above(found.log_refusal, target, [&] { return found.refusal; });
    };
    // No more than all ports carry, so fewer than these lose more.
    const double least = std::floor(load * (1 - target) * (1 - 1e-9)) - 1;
    constexpr const char* too_many = "needs more than 2^26 ports";
    require(least < static_cast<double>(most_ports), name, "target", target, too_many);
    const double guess = static_cast<double>(ports_for(load / z, target)) * z;
    const double step = std::sqrt(load * z) / 8 + mean_size;
    // Above: by steps from the guess, since all of 2^26 ports are seconds of work.
    std::uint64_t few = least > 0 ? static_cast<std::uint64_t>(least) : 0;
    std::uint64_t many = most_ports;
    const double reach = std::fmax(guess, static_cast<double>(few)) + 64 * step;
    if (reach < static_cast<double>(most_ports)) many = static_cast<std::uint64_t>(reach);
    while (refused(many) > 0) {
        require(many < most_ports, name, "target", target, too_many);
        few = many;
        many = std::min(2 * many, most_ports);
    }
    return detail::least_crossing(few, many, guess, step, refused);
}

double load_for_batches(std::uint64_t ports, double mean_size, double target, batch_law law,
                        batch_loss loss) {
    constexpr const char* name = "load_for_batches";
    check_target(name, target);
    require(ports <= most_ports, name, "ports", static_cast<double>(ports), "must be at most 2^26");
    constexpr double least = 1e-100, most = 1e12;
    const double z = batch_peakedness(mean_size, law);
    const auto refused = [&](double load) {
        if (load > most) return HUGE_VAL;
        const batch_answer found = batches(ports, std::fmax(load, least), mean_size, law, loss);
        const double decided =
            detail::above(found.log_refusal, target, [&] { return found.refusal; });
        // The log odds: nearly a line in the logarithm of the load.
        const double odds =
            decided - std::log(-std::expm1(found.log_refusal)) + std::log1p(-target);
        return decided > 0 ? std::fmax(odds, 1e-300) : std::fmin(odds, 0);
    };
    require(refused(least) <= 0, name, "target", target,
            "is met at no load: what is left of a batch larger than all ports is refused");
    require(refused(most) > 0, name, "target", target, "is met by the most load there is, 1e12");
    const double guess = load_for(static_cast<double>(ports) / z, target) * z;
    return std::fmin(detail::most_crossing(std::clamp(guess, least, most), refused), most);
}

}  // namespace natbound::calculator
