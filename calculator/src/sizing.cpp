// Each inverse is the forward formula, asked until the least whole number is found.
#include <algorithm>
#include <cmath>
#include <natbound/calculator/erlang.hpp>
#include <natbound/calculator/erlang_c.hpp>
#include <natbound/calculator/sizing.hpp>

#include "argument.hpp"
#include "least.hpp"
#include "load_over.hpp"

namespace natbound::calculator {
namespace {

using detail::require;

void check_positive(const char* function, const char* argument, double value) {
    require(value > 0 && detail::finite_and_not_negative(value), function, argument, value,
            "must be finite and above 0");
}

void check_ports(const char* function, double ports) {
    require(ports >= 0 && ports <= 1e15, function, "ports", ports,
            "must be at least 0 and at most 1e15");
}

void check_target(const char* function, double target, bool one) {
    require(target > 0 && (one ? target <= 1 : target < 1), function, "target", target,
            one ? "must be above 0 and at most 1" : "must lie between 0 and 1");
}

// A formula and its inverses.
struct formulas {
    const char* function;
    std::uint64_t (*ports_for)(double load, double target);
    double (*load_for)(double ports, double target);
    double (*share)(double ports, double load);
    double (*log_share)(double ports, double load);
};

std::uint64_t least_addresses(const formulas& f, double load, std::uint64_t ports, double target,
                              addresses how) {
    require(load >= 0 && load <= 1e12, f.function, "load", load,
            "must be at least 0 and at most 1e12");
    require(ports >= 1 && ports <= 1ULL << 32, f.function, "ports", static_cast<double>(ports),
            "must be at least 1 and at most 2^32");
    check_target(f.function, target, true);
    if (target == 1) return 0;
    if (load == 0) return 1;
    const double each = static_cast<double>(ports);
    if (how == addresses::shared) {
        const std::uint64_t needed = f.ports_for(load, target);
        return (needed + ports - 1) / ports;
    }
    const auto meets = [&](std::uint64_t n) {
        const double share = load / static_cast<double>(n);
        return target < 0x1p-1022 ? f.log_share(each, share) <= std::log(target)
                                  : f.share(each, share) <= target;
    };
    const double about = std::ceil(load / f.load_for(each, target));
    require(about < 9e15, f.function, "target", target, "needs more than 9e15 addresses");
    // The quotient is right but for rounding, which near a target of 1 is much.
    auto many = std::max<std::uint64_t>(1, static_cast<std::uint64_t>(about));
    if (!meets(many)) return detail::least_from(many, meets);
    std::uint64_t step = 1;
    for (; step < many && meets(many - step); step *= 2) many -= step;
    return detail::least(step < many ? many - step : 0, many, meets);
}

}  // namespace

double rate_for(double ports, double hold, double target) {
    check_ports("rate_for", ports);
    check_positive("rate_for", "hold", hold);
    check_target("rate_for", target, false);
    return detail::load_over("rate_for", "hold", load_for(ports, target), hold);
}

double hold_for(double ports, double rate, double target) {
    check_ports("hold_for", ports);
    check_positive("hold_for", "rate", rate);
    check_target("hold_for", target, false);
    return detail::load_over("hold_for", "rate", load_for(ports, target), rate);
}

double rate_for_waiting(double ports, double hold, double target) {
    check_ports("rate_for_waiting", ports);
    check_positive("rate_for_waiting", "hold", hold);
    check_target("rate_for_waiting", target, false);
    return detail::load_over("rate_for_waiting", "hold", load_for_waiting(ports, target), hold);
}

double hold_for_waiting(double ports, double rate, double target) {
    check_ports("hold_for_waiting", ports);
    check_positive("hold_for_waiting", "rate", rate);
    check_target("hold_for_waiting", target, false);
    return detail::load_over("hold_for_waiting", "rate", load_for_waiting(ports, target), rate);
}

std::uint64_t addresses_for(double load, std::uint64_t ports, double target, addresses how) {
    return least_addresses({"addresses_for", ports_for, load_for, erlang_b, log_erlang_b}, load,
                           ports, target, how);
}

std::uint64_t addresses_for_waiting(double load, std::uint64_t ports, double target,
                                    addresses how) {
    return least_addresses(
        {"addresses_for_waiting", ports_for_waiting, load_for_waiting, erlang_c, log_erlang_c},
        load, ports, target, how);
}

}  // namespace natbound::calculator
