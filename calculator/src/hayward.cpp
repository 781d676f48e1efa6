// Riordan: z = v/m = 1 - m + a/(c + 1 + m - a). With s = c - a + m, the mean number of ports free,
// that is 1 - m + a/(1 + s). In overload m is near a - c and all but 1 cancels: there, with T of
// loss_ratio.hpp and T = (c - 1)/(a - c + 3 + U), the next step of that fraction,
// s = c (1 + T)/(1 + T + a) and
//
//     z - 1 = a s (s - T) / ((1 + T) (1 + s)),  s - T = (1 + 2 T + T (U - T))/(1 + T + a).
#include <cmath>
#include <natbound/calculator/erlang.hpp>
#include <natbound/calculator/hayward.hpp>

#include "argument.hpp"
#include "loss_ratio.hpp"

namespace natbound::calculator {
namespace {

constexpr const char* rule = "must be at least 0 and at most 1e15";

void check_size(const char* function, const char* argument, double value) {
    detail::require(value >= 0 && value <= 1e15, function, argument, value, rule);
}

void check(const char* function, double ports, double load, double peakedness) {
    check_size(function, "ports", ports);
    check_size(function, "load", load);
    detail::require(peakedness >= 1e-3 && peakedness <= 1e9, function, "peakedness", peakedness,
                    "must be at least 1e-3 and at most 1e9");
}

// U, with twice the terms that R needs (loss_ratio.cpp): it counts here by itself.
double next_tail(double c, double a) {
    const double start = a - c + 1;
    const double z = start / std::sqrt(std::fmax(c, 1));
    double tail = 0;
    for (int k = static_cast<int>(12 + 120 / z + 320 / (z * z)); k > 1; --k)
        tail = k * (c - k) / (start + 2 * k + tail);
    return tail;
}

double peakedness_of(double ports, double load, double mean) {
    if (ports == 0 || load == 0) return 1;
    if (detail::legendre_applies(ports, load)) {
        const double next = next_tail(ports, load);
        const double tail = (ports - 1) / (load - ports + 3 + next);
        const double free = ports * (1 + tail) / (1 + tail + load);
        const double more = (1 + 2 * tail + tail * (next - tail)) / (1 + tail + load);
        return 1 + load / (1 + tail) * (free / (1 + free)) * more;
    }
    return 1 - mean + load / (ports + 1 - load + mean);
}

}  // namespace

double hayward(double ports, double load, double peakedness) {
    check("hayward", ports, load, peakedness);
    return erlang_b(ports / peakedness, load / peakedness);
}

double log_hayward(double ports, double load, double peakedness) {
    check("log_hayward", ports, load, peakedness);
    return log_erlang_b(ports / peakedness, load / peakedness);
}

overflow_moments overflow(double ports, double load) {
    check_size("overflow", "ports", ports);
    check_size("overflow", "load", load);
    const double mean = load * erlang_b(ports, load);
    const double z = peakedness_of(ports, load, mean);
    return {mean, mean * z, z};
}

equivalent_random_group equivalent_random(double mean, double variance) {
    check_size("equivalent_random", "mean", mean);
    check_size("equivalent_random", "variance", variance);
    detail::require(mean > 0, "equivalent_random", "mean", mean, "must be above 0");
    detail::require(variance >= mean, "equivalent_random", "variance", variance,
                    "must be at least the mean: overflow is never smoother than Poisson's");
    const double z = variance / mean;
    if (z == 1) return {0, mean};
    const double load = variance + 3 * z * (z - 1);
    return {std::fmax(load * (mean + z) / (mean + z - 1) - mean - 1, 0), load};
}

double overflow_refusal(double ports, double mean, double variance) {
    check_size("overflow_refusal", "ports", ports);
    check_size("overflow_refusal", "mean", mean);
    check_size("overflow_refusal", "variance", variance);
    if (mean == 0) return ports == 0 ? 1 : 0;
    detail::require(variance / mean >= 1e-3 && variance / mean <= 1e9, "overflow_refusal",
                    "variance", variance, "must be from a thousandth of the mean to 1e9 times it");
    if (variance < mean) return hayward(ports, mean, variance / mean);
    const auto first = equivalent_random(mean, variance);
    // Rapp's group overflows only nearly `mean`: by its own overflow no share passes 1, and the
    // error is the smaller one where overflow is rare.
    return std::exp(log_erlang_b(first.ports + ports, first.load) -
                    log_erlang_b(first.ports, first.load));
}

}  // namespace natbound::calculator
