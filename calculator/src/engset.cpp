// With p(k) the binomial weight, R = 1/E - 1 = sum_{k<c} p(k)/p(c). Below the mode it is that sum,
// whose terms fall; above it, 1/p(c) - sum_{k>=c} p(k)/p(c), whose terms fall too and come to at
// most half of 1/p(c). p(c) itself by logarithms of factorials in double-double.
#include <cmath>
#include <limits>
#include <natbound/calculator/engset.hpp>

#include "argument.hpp"
#include "poisson.hpp"

namespace natbound::calculator {
namespace {

using detail::double_double;

constexpr double infinite = std::numeric_limits<double>::infinity();

struct value_and_log {
    double value;
    double log;
};

// log of binom(n,c) alpha^c / (1 + alpha)^n.
double_double log_weight(double n, double c, double alpha) {
    const double_double choose =
        detail::log_factorial(n) - detail::log_factorial(c) - detail::log_factorial(n - c);
    return choose + double_double{c, 0} * detail::log(alpha) -
           double_double{n, 0} * detail::log(detail::two_sum(1, alpha));
}

// n >= 0 sources, any number of ports.
value_and_log time_congestion(double n, double c, double alpha) {
    if (c == 0) return {1, 0};
    if (c > n || alpha == 0) return {0, -infinite};
    // all sources live: (1 + 1/alpha)^-n, near to 1 where the general way has no digits for it
    if (c == n && alpha > 1e10) {
        const double log = -n * std::log1p(1 / alpha);
        return {std::exp(log), log};
    }
    constexpr double negligible = 1e-18;
    double sum = 0, term = 1;
    if ((n - c) * alpha >= c + 1) {
        for (double k = c; k > 0; --k) {
            term *= k / ((n - k + 1) * alpha);
            sum += term;
            if (term < negligible * sum) break;
        }
        return {1 / (1 + sum), -std::log1p(sum)};
    }
    for (double k = c; k <= n; ++k) {
        sum += term;
        term *= (n - k) * alpha / (k + 1);
        if (term < negligible * sum) break;
    }
    const double_double weight = log_weight(n, c, alpha);
    const double p = std::exp(weight.high) * (1 + weight.low);
    // E = p/(1 - p (sum - 1)); the last factor is the chance of at most c busy without a limit.
    const double beyond = p * (sum - 1);
    const double value = p / (1 - beyond);
    return {value, weight.high + (weight.low - std::log1p(-beyond))};
}

void check(const char* function, std::uint64_t sources, std::uint64_t ports, double alpha) {
    detail::require(sources >= 1 && sources <= 10000000, function, "sources",
                    static_cast<double>(sources), "must be at least 1 and at most 1e7");
    detail::require(ports <= 1ULL << 32, function, "ports", static_cast<double>(ports),
                    "must be at most 2^32");
    detail::require(alpha >= 0 && alpha <= 1e100, function, "alpha", alpha,
                    "must be at least 0 and at most 1e100");
}

value_and_log of(const char* function, std::uint64_t sources, std::uint64_t ports, double alpha,
                 std::uint64_t seen) {
    check(function, sources, ports, alpha);
    return time_congestion(static_cast<double>(seen), static_cast<double>(ports), alpha);
}

}  // namespace

double engset_time_congestion(std::uint64_t sources, std::uint64_t ports, double alpha) {
    return of("engset_time_congestion", sources, ports, alpha, sources).value;
}

double engset_call_congestion(std::uint64_t sources, std::uint64_t ports, double alpha) {
    return of("engset_call_congestion", sources, ports, alpha, sources - 1).value;
}

double log_engset_time_congestion(std::uint64_t sources, std::uint64_t ports, double alpha) {
    return of("log_engset_time_congestion", sources, ports, alpha, sources).log;
}

double log_engset_call_congestion(std::uint64_t sources, std::uint64_t ports, double alpha) {
    return of("log_engset_call_congestion", sources, ports, alpha, sources - 1).log;
}

}  // namespace natbound::calculator
