// Erlang's formulas solved for real-valued ports: between the least whole number that meets the
// target and the one below, by Newton's steps on the logarithm within that bracket.
#include <algorithm>
#include <cmath>
#include <natbound/calculator/erlang.hpp>
#include <natbound/calculator/erlang_c.hpp>

#include "argument.hpp"

namespace natbound::calculator {
namespace {

using forward = double (*)(double ports, double load);

void check(const char* function, double load, double target) {
    detail::require(load >= 1e-300 && load <= 1e12, function, "load", load,
                    "must be at least 1e-300 and at most 1e12");
    detail::require(target > 0 && target <= 1, function, "target", target,
                    "must be above 0 and at most 1");
}

// log_value falls with the ports, is above log_target at `low` (or not defined there), not at
// `high`.
double solve(forward log_value, forward slope, double load, double log_target, double low,
             double high) {
    double ports = high;
    for (int i = 0; i < 200; ++i) {
        const double above = log_value(ports, load) - log_target;
        (above > 0 ? low : high) = ports;
        if (above == 0) break;
        double next = ports - above / slope(ports, load);
        if (std::abs(next - ports) < 2e-16 * ports) break;
        if (!(next > low && next < high)) next = low + (high - low) / 2;
        if (next <= low || next >= high) break;
        ports = next;
    }
    // The last bits: at most 1e-13 in all.
    for (double step = 0x1p-53; step < 1e-13 && log_value(ports, load) > log_target; step *= 2)
        ports = std::min(std::max(ports * (1 + step), std::nextafter(ports, high)), high);
    return ports;
}

}  // namespace

double real_ports_for(double load, double target) {
    check("real_ports_for", load, target);
    if (target == 1) return 0;
    const double whole = static_cast<double>(ports_for(load, target));
    return solve(log_erlang_b, log_erlang_b_ports_derivative, load, std::log(target),
                 std::max(whole - 1, 0.0), whole);
}

double real_ports_for_waiting(double load, double target) {
    check("real_ports_for_waiting", load, target);
    if (target == 1) return 0;
    const double whole = static_cast<double>(ports_for_waiting(load, target));
    return solve(log_erlang_c, log_erlang_c_ports_derivative, load, std::log(target),
                 std::max(whole - 1, load), whole);
}

}  // namespace natbound::calculator
