// 1/C - 1 = (1 - a/c) R = S, all factors positive: nothing cancels, and C keeps its digits down to
// where doubles end. Its slopes: d log C = -S/(1 + S) d log S, with
//
//     d log S/da = -1/(c - a) - steepness/a,     d log S/dc = a/(c (c - a)) - (1 + R)/R d log B/dc,
//
// where S/(c - a) = R/c, so that no factor is lost as a nears c.
#include <cmath>
#include <limits>
#include <natbound/calculator/erlang.hpp>
#include <natbound/calculator/erlang_c.hpp>

#include "argument.hpp"
#include "loss_ratio.hpp"

namespace natbound::calculator {
namespace {

void check(const char* function, double ports, double load) {
    constexpr const char* rule = "must be at least 0 and at most 1e300";
    detail::require(ports >= 0 && ports <= 1e300, function, "ports", ports, rule);
    detail::require(load >= 0 && load <= 1e300, function, "load", load, rule);
}

void check_positive(const char* function, double ports, double load) {
    check(function, ports, load);
    detail::require(load > 0, function, "load", load, "must be above 0");
}

// 0 < load < ports.
double waits(double ports, double load) {
    const auto r = detail::loss_ratio_of(ports, load);
    const double spare = (ports - load) / ports * r.factor;
    if (r.exponent.high == 0) return 1 / (1 + spare);
    const double shrink = std::exp(-r.exponent.high) * (1 - r.exponent.low);
    return shrink / (spare + shrink);
}

}  // namespace

double erlang_c(double ports, double load) {
    check("erlang_c", ports, load);
    if (load >= ports) return 1;
    if (load == 0) return 0;
    return waits(ports, load);
}

double log_erlang_c(double ports, double load) {
    check("log_erlang_c", ports, load);
    if (load >= ports) return 0;
    if (load == 0) return -std::numeric_limits<double>::infinity();
    const auto r = detail::loss_ratio_of(ports, load);
    const double spare = (ports - load) / ports * r.factor;
    if (r.exponent.high == 0) return -std::log1p(spare);
    return -(r.exponent.high +
             (std::log(spare) + r.exponent.low + std::exp(-r.exponent.high) / spare));
}

double erlang_c_wait(double ports, double load) {
    check("erlang_c_wait", ports, load);
    if (load >= ports) return std::numeric_limits<double>::infinity();
    if (load == 0) return 0;
    return waits(ports, load) / (ports - load);
}

double log_erlang_c_load_derivative(double ports, double load) {
    check_positive("log_erlang_c_load_derivative", ports, load);
    if (load >= ports) return 0;
    const auto r = detail::loss_ratio_of(ports, load);
    const double steep = detail::steepness(ports, load, r) / load;
    if (r.exponent.high != 0) return 1 / (ports - load) + steep;
    const double spare = (ports - load) / ports * r.factor;
    return (r.factor / ports + spare * steep) / (1 + spare);
}

double log_erlang_c_ports_derivative(double ports, double load) {
    check_positive("log_erlang_c_ports_derivative", ports, load);
    if (load >= ports) return 0;
    const auto r = detail::loss_ratio_of(ports, load);
    const double in_b = log_erlang_b_ports_derivative(ports, load);
    if (r.exponent.high != 0) return in_b - load / ports / (ports - load);
    const double share = (ports - load) / ports;
    return (share * (1 + r.factor) * in_b - r.factor * (load / ports) / ports) /
           (1 + share * r.factor);
}

}  // namespace natbound::calculator
