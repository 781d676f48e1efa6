// The public forms of R(c,a) = 1/B - 1 (loss_ratio.hpp).
#include <cmath>
#include <limits>
#include <natbound/calculator/erlang.hpp>

#include "argument.hpp"
#include "loss_ratio.hpp"

namespace natbound::calculator {
namespace {

// Beyond it, sums like ports + load overflow.
constexpr double most = 1e300;
constexpr const char* rule = "must be at least 0 and at most 1e300";

void check(const char* function, double ports, double load) {
    detail::require(ports >= 0 && ports <= most, function, "ports", ports, rule);
    detail::require(load >= 0 && load <= most, function, "load", load, rule);
}

double refusal(const detail::loss_ratio& r) {
    if (r.exponent.high == 0) return 1 / (1 + r.factor);
    // 1/(1 + F e^D) = e^-D / (F + e^-D); the low part of D is far below 1.
    const double shrink = std::exp(-r.exponent.high) * (1 - r.exponent.low);
    return shrink / (r.factor + shrink);
}

double log_refusal(const detail::loss_ratio& r) {
    if (r.exponent.high == 0) return -std::log1p(r.factor);
    const double shrink = std::exp(-r.exponent.high);
    return -(r.exponent.high + (std::log(r.factor) + r.exponent.low + shrink / r.factor));
}

}  // namespace

double erlang_b(double ports, double load) {
    check("erlang_b", ports, load);
    if (ports == 0) return 1;
    if (load == 0) return 0;
    return refusal(detail::loss_ratio_of(ports, load));
}

double log_erlang_b(double ports, double load) {
    check("log_erlang_b", ports, load);
    if (ports == 0) return 0;
    if (load == 0) return -std::numeric_limits<double>::infinity();
    return log_refusal(detail::loss_ratio_of(ports, load));
}

double erlang_b_load_derivative(double ports, double load) {
    check("erlang_b_load_derivative", ports, load);
    detail::require(load > 0, "erlang_b_load_derivative", "load", load, "must be above 0");
    if (ports == 0) return 0;
    if (detail::legendre_applies(ports, load)) {
        // With R = c/(a - c + 1 + T), c - a + a B = c (1 + T)/(1 + T + a): nothing cancels.
        const double tail = detail::legendre_tail(ports, load);
        const double b = (load - ports + 1 + tail) / (load + 1 + tail);
        return b / load * ports * ((1 + tail) / (load + 1 + tail));
    }
    const auto r = detail::loss_ratio_of(ports, load);
    const double b = refusal(r);
    // c - a + a B = c - a R/(1 + R), the better form where R is small with c.
    const double growth =
        ports < 1 && r.exponent.high == 0 ? ports - load * (r.factor * b) : ports - load + load * b;
    return b / load * growth;
}

}  // namespace natbound::calculator
