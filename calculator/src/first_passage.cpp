// Forward elimination of the chain's equations, in which every term is positive, with a common
// power of two taken out as the times grow.
//
// To full: h(n), the mean time from n to n + 1, is (1 + n h(n-1)) / (load (1 - r(n))).
// To the first refusal from n: u(n) (load + n) = 1 + load (1 - r(n)) u(n+1) + n u(n-1). With
// u(n) = alpha(n) + (1 - gamma(n)) u(n+1): alpha = (1 + n alpha(n-1)) / d, gamma = (load r + n
// gamma(n-1)) / d, d = load + n gamma(n-1); gamma is the chance that a refusal comes before n + 1.
#include <cmath>
#include <limits>
#include <natbound/calculator/first_passage.hpp>
#include <natbound/model/work.hpp>

#include "argument.hpp"
#include "scaled_total.hpp"

namespace natbound::calculator {
namespace {

constexpr double infinite = std::numeric_limits<double>::infinity();

using detail::scaled_total;

void check(const char* function, std::uint64_t ports, double load) {
    detail::require(ports <= 1ULL << 32, function, "ports", static_cast<double>(ports),
                    "must be at most 2^32");
    detail::require(load > 0 && detail::finite_and_not_negative(load), function, "load", load,
                    "must be finite and above 0");
}

double checked(const char* function, double r) {
    detail::require(r >= 0 && r <= 1, function, "refusal", r, "must lie within [0, 1]");
    return r;
}

template <class Refusal>
passage_time full(std::uint64_t ports, double load, const Refusal& refusal) {
    if (ports == 0) return {0, -infinite};
    scaled_total sum;
    for (std::uint64_t n = 0; n < ports; ++n) {
        if (n % 64 == 0) poll();  // 2^32 states take a minute
        const double births = load * (1 - refusal(n));
        if (births == 0) return {infinite, infinite};
        sum.step(static_cast<double>(n), births);
        sum.total += sum.last;
    }
    return sum.time();
}

template <class Refusal>
passage_time first_refusal(std::uint64_t ports, double load, const Refusal& refusal) {
    scaled_total sum;
    double gamma = 0;
    double reached = 1;  // the chance that n is reached before a refusal
    for (std::uint64_t n = 0; n <= ports && reached > 0; ++n) {
        if (n % 64 == 0) poll();
        const double r = n < ports ? refusal(n) : 1;
        const double deaths = static_cast<double>(n);
        const double d = load + deaths * gamma;
        sum.step(deaths, d);
        sum.total += reached * sum.last;
        gamma = (load * r + deaths * gamma) / d;
        reached *= load * (1 - r) / d;
    }
    return sum.time();
}

}  // namespace

passage_time time_to_full(std::uint64_t ports, double load) {
    check("time_to_full", ports, load);
    return full(ports, load, [](std::uint64_t) { return 0.0; });
}

passage_time time_to_first_refusal(std::uint64_t ports, double load) {
    check("time_to_first_refusal", ports, load);
    return first_refusal(ports, load, [](std::uint64_t) { return 0.0; });
}

passage_time time_to_full(std::uint64_t ports, double load, const refusal_law& refusal) {
    check("time_to_full", ports, load);
    return full(ports, load, [&](std::uint64_t n) { return checked("time_to_full", refusal(n)); });
}

passage_time time_to_first_refusal(std::uint64_t ports, double load, const refusal_law& refusal) {
    check("time_to_first_refusal", ports, load);
    return first_refusal(
        ports, load, [&](std::uint64_t n) { return checked("time_to_first_refusal", refusal(n)); });
}

}  // namespace natbound::calculator
