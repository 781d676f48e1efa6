#pragma once
// Where a logarithm of a refusal, as a function of a whole or a positive number, meets a target:
// near-linear functions that cost much a call, so few calls and no derivative.
//
// What these functions are asked with is `above(...)`: the logarithm of what is refused over that
// of the target, and of the right sign to the last bit, by the probability itself where it has its
// digits, so that what the forward formula gives for n is met by n.
#include <algorithm>
#include <boost/math/tools/toms748_solve.hpp>
#include <cmath>
#include <cstdint>
#include <utility>

namespace natbound::calculator::detail {

// value(): the probability of which `log_value` is the logarithm.
template <class Value>
double above(double log_value, double target, const Value& value) {
    const double difference = log_value - std::log(target);
    if (target < 0x1p-1022 || !(std::abs(difference) < 1e-9)) return difference;
    return value() <= target ? std::min(difference, 0.0) : std::max(difference, 1e-300);
}

// The least n in (few, many] with f(n) <= 0 where f falls and f(few) > 0; f(many) <= 0 is taken as
// known. By steps of `step` from a guess, then straight lines, or halves where those do little. The
// n given has f(n) <= 0 and f(n - 1) > 0, also where f does not fall throughout.
template <class F>
std::uint64_t least_crossing(std::uint64_t few, std::uint64_t many, double guess, double step,
                             const F& f) {
    double at_few = 0, at_many = 0;  // 0: not asked
    bool half = false;
    while (many - few > 1) {
        const std::uint64_t width = many - few;
        const double low = static_cast<double>(few), high = static_cast<double>(many);
        double n = guess;
        if (at_few > 0 && at_many < 0 && std::isfinite(at_many) && std::isfinite(at_few) && !half) {
            n = std::ceil(low + static_cast<double>(width) * at_few / (at_few - at_many));
        } else if (at_few > 0 && at_many < 0) {
            n = low + std::floor(static_cast<double>(width) / 2);
        } else if (at_few > 0) {
            n = low + step;
            step *= 4;
        } else if (at_many < 0) {
            n = high - step;
            step *= 4;
        }
        if (!(n > low)) n = low + 1;
        if (!(n < high)) n = high - 1;
        const auto whole = static_cast<std::uint64_t>(n);
        const double found = f(whole);
        if (found <= 0) {
            many = whole;
            at_many = found < 0 ? found : -1e-300;
        } else {
            few = whole;
            at_few = found;
        }
        half = at_few > 0 && at_many < 0 && !half && (many - few) * 2 > width;
    }
    return many;
}

// The most x > 0 with f(x) <= 0, for f that rises; `guess` > 0. To some 1e-15 of log x; within
// e^-700 .. e^700, else 0 or infinity.
template <class F>
double most_crossing(double guess, const F& f) {
    constexpr double far = 700;
    double low = std::clamp(std::log(guess), -far, far), high = low;
    double at_low = f(std::exp(low)), at_high = at_low;
    for (double step = 0.02; at_low > 0; step *= 3) {
        if (low == -far) return 0;
        high = low;
        at_high = at_low;
        low = std::max(-far, low - step);
        at_low = f(std::exp(low));
    }
    for (double step = 0.02; at_high <= 0; step *= 3) {
        if (high == far) return HUGE_VAL;
        low = high;
        at_low = at_high;
        high = std::min(far, high + step);
        at_high = f(std::exp(high));
    }
    if (at_low == 0 || !std::isfinite(at_low)) at_low = at_low == 0 ? -1e-300 : -1e300;
    if (!std::isfinite(at_high)) at_high = 1e300;
    std::uintmax_t most = 100;
    const auto found = boost::math::tools::toms748_solve(
        [&](double log_x) { return std::clamp(f(std::exp(log_x)), -1e300, 1e300); }, low, high,
        at_low, at_high,
        [](double a, double b) { return b - a < 4e-16 * std::fmax(1, std::abs(a)); }, most);
    return std::exp(found.first);
}

}  // namespace natbound::calculator::detail
