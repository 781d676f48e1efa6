// 1/C - 1 = (1 - a/c) R, all factors positive: nothing cancels, and C keeps its digits down to
// where doubles end.
#include <cmath>
#include <limits>
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
    return -(r.exponent.high + (std::log(spare) + r.exponent.low +
                                std::exp(-r.exponent.high) / spare));
}

double erlang_c_wait(double ports, double load) {
    check("erlang_c_wait", ports, load);
    if (load >= ports) return std::numeric_limits<double>::infinity();
    if (load == 0) return 0;
    return waits(ports, load) / (ports - load);
}

}  // namespace natbound::calculator
