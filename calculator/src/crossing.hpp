#pragma once
// Where a logarithm of a refusal, as a function of a whole or a positive number, meets a target:
// near-linear functions that cost much a call, so few calls and no derivative.
//
// What these functions are asked with is `above(...)`: the logarithm of what is refused over that
// of the target, and of the right sign to the last bit, by the probability itself where it has its
// digits, so that what the forward formula gives for n is met by n.
#include <algorithm>
#include <cmath>
#include <cstdint>

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

// The most x > 0 with f(x) <= 0, for f that rises, near to a line in log x; `guess` > 0. To some
// 1e-15 of log x; within e^-700 .. e^700, else 0 or infinity. By secants, halves where those leave
// the bracket or do little, and steps that grow until there is one.
template <class F>
double most_crossing(double guess, const F& f) {
    constexpr double far = 700, none = HUGE_VAL;
    const auto bits = [](double x) { return 4e-16 * std::fmax(1, std::abs(x)); };
    double low = -none, high = none, x = std::clamp(std::log(guess), -far, far);
    double last_x = 0, last = none, step = 0.02;
    for (int i = 0; i < 200; ++i) {
        const double found = f(std::exp(x));
        (found <= 0 ? low : high) = x;
        if (low == far) return HUGE_VAL;
        if (high == -far) return 0;
        const bool between = low > -none && high < none;
        if (between && high - low <= 2 * bits(low)) break;
        const double slope = (found - last) / (x - last_x);
        double next = slope > 0 && std::isfinite(slope) ? x - found / slope : none;
        const bool stays = std::abs(next - x) <= bits(x);
        last_x = x;
        last = found;
        if (stays) {  // the root, but for its last bits
            for (double back = bits(x); back < 1e-12; back *= 2) {
                if (x = std::fmin(next, high - back); x <= low) break;
                if (f(std::exp(x)) <= 0) return std::exp(x);
                high = x;
            }
            break;
        }
        if (between) {
            const bool slow = i > 20 && i % 2 == 0;
            if (!(next > low && next < high) || slow) next = low + (high - low) / 2;
        } else {
            const double sign = high < none ? -1 : 1;
            const double ahead = next < none ? (next - x) * sign : step;
            next = std::clamp(x + sign * std::clamp(ahead * 1.001, bits(x), step), -far, far);
            step *= 3;
        }
        x = next;
    }
    if (low == -none) {
        for (double back = bits(high); back < 1e-9; back *= 2)
            if (f(std::exp(high - back)) <= 0) return std::exp(high - back);
        return std::exp(high);
    }
    return std::exp(low);
}

}  // namespace natbound::calculator::detail
