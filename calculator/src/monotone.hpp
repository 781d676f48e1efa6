#pragma once
// The least whole number and the most real one that meet a target, of any formula whose refusal
// only falls with the one and only rises with the other. What is given back has been asked, and so
// has the neighbour that does not meet it; where there is none, one error says so.
//
// Formulas are asked with `above(x)`, as in crossing.hpp: at most 0 where x meets the target.
#include <algorithm>
#include <cmath>
#include <cstdint>
#include <optional>

#include "argument.hpp"
#include "crossing.hpp"

namespace natbound::calculator::detail {

inline void require_target(const char* function, double target) {
    require(target > 0 && target < 1, function, "target", target, "must lie between 0 and 1");
}

// above() by the log odds, which are nearly a line in the logarithm of a load also where most is
// refused.
template <class Value>
double above_by_odds(double log_value, double target, const Value& value) {
    const double decided = above(log_value, target, value);
    const double odds = decided - std::log(-std::expm1(log_value)) + std::log1p(-target);
    return decided > 0 ? std::fmax(odds, 1e-300) : std::fmin(odds, 0);
}

// What lies between `few` and `many`, and about where and how fine to look.
struct whole_range {
    std::uint64_t few, many;
    double guess, step;
};

// The least n in few .. many that meets; `unreachable` is said of the target where `many` does not.
// Asks for no more than some steps beyond the guess, as much may cost much.
template <class Above>
std::uint64_t least_to_meet(const char* function, double target, const char* unreachable,
                            const whole_range& in, const Above& above) {
    if (above(in.few) <= 0) return in.few;
    std::uint64_t few = in.few, many = in.many;
    double reach = in.guess + in.step;
    for (double step = in.step; few < in.many; step *= 4, reach += step) {
        const double next = std::fmax(reach, static_cast<double>(few) + 1);
        many = next < static_cast<double>(in.many) ? static_cast<std::uint64_t>(next) : in.many;
        if (above(many) <= 0) return least_crossing(few, many, in.guess, in.step, above);
        few = many;
    }
    refuse(function, "target", target, unreachable);
}

// The least n in few .. many that meets, near a guess, where above() falls by about `slope` for
// each more; many where none does. Mostly asks that and its neighbour.
template <class Above>
std::uint64_t least_near(std::uint64_t few, std::uint64_t many, double guess, double slope,
                         const Above& above) {
    double low = static_cast<double>(few) - 1, high = static_cast<double>(many);
    double n = std::ceil(guess);
    for (int i = 0; i < 8 && high - low > 1; ++i) {
        n = std::clamp(n, low + 1, high);
        const double found = above(static_cast<std::uint64_t>(n));
        (found > 0 ? low : high) = n;
        if (!std::isfinite(found) || n == static_cast<double>(many)) break;
        const double root = std::ceil(n + found / slope);
        n = root == n ? n - 1 : root;  // found <= 0: the neighbour decides
    }
    if (high - low <= 1) return static_cast<std::uint64_t>(high);
    return least_crossing(static_cast<std::uint64_t>(low), static_cast<std::uint64_t>(high), n,
                          1 + std::floor(std::abs(guess) * 1e-5), above);
}

// The most n in few .. many that meets, where few does; many + 1 is taken not to.
template <class Above>
std::uint64_t most_to_meet(const whole_range& in, const Above& above) {
    const auto falls = [&](std::uint64_t n) {
        const double x = above(n);
        return x > 0 ? -x : std::fmax(-x, 1e-300);
    };
    return least_crossing(in.few, in.many + 1, in.guess, in.step, falls) - 1;
}

// The most x in least .. most that meets, to the last bits of the formula; that no x does, or that
// every one does, is an error.
template <class Above>
double most_real_to_meet(const char* function, double target, double least, double most,
                         double guess, const Above& above) {
    const double found = most_crossing(std::clamp(guess, least, most), [&](double x) {
        return x > most ? HUGE_VAL : above(std::fmax(x, least));
    });
    require(found > least * (1 + 1e-12), function, "target", target,
            "is met by none, however little");
    require(found < most * (1 - 1e-12), function, "target", target,
            "is met by the most there is to ask for");
    return found;
}

// x, or the little less of it that the formula's last bits want.
template <class Meets>
double a_hair_less(double x, const Meets& meets) {
    for (double back = 0; back<1e-12; back = back> 0 ? 2 * back : 0x1p-53)
        if (const double less = x - x * back; meets(less)) return less;
    return x - x * 1e-12;
}

// A place where f is known.
struct known_place {
    double x, f;
};

// How far from `newest` to `other`, between which f crosses 0, the parabola through both and `last`
// does, x of f; half of the way where it is unfit (T. R. Chandrupatla, Advances in Engineering
// Software 28 (1997) 145), and by the straight line where `last` is not known.
inline double part_of_way(const known_place& newest, const known_place& other,
                          const known_place& last) {
    if (!std::isfinite(newest.f) || !std::isfinite(other.f)) return 0.5;
    if (!std::isfinite(last.f)) return newest.f / (newest.f - other.f);
    const double x = (newest.x - other.x) / (last.x - other.x);
    const double y = (newest.f - other.f) / (last.f - other.f);
    if (!(y * y < x && (1 - y) * (1 - y) < 1 - x)) return 0.5;
    return newest.f / (other.f - newest.f) * last.f / (other.f - last.f) +
           (last.x - newest.x) / (other.x - newest.x) * newest.f / (last.f - newest.f) * other.f /
               (last.f - other.f);
}

// Where f, which falls, crosses 0 in low .. high; f may be infinite where only its sign is known,
// and is 0 where it is `enough` or less.
template <class F>
double falls_through(double low, double high, const F& f, double enough = 1e-15) {
    known_place newest{low, HUGE_VAL}, other{high, -HUGE_VAL}, last = newest;
    double part = 0.5;
    for (int i = 0; i < 200; ++i) {
        const double x = newest.x + part * (other.x - newest.x);
        const double bits = 2e-16 * std::fmax(std::abs(newest.x), std::abs(other.x));
        if (x == newest.x || x == other.x) break;
        const known_place here{x, f(x)};
        if (std::abs(here.f) < enough) return x;
        if ((here.f > 0) == (newest.f > 0)) {
            last = newest;
        } else {
            last = other;
            other = newest;
        }
        newest = here;
        const double wide = std::abs(newest.x - other.x);
        if (wide <= 2 * bits) break;
        part = std::clamp(part_of_way(newest, other, last), bits / wide, 1 - bits / wide);
    }
    return newest.x + (other.x - newest.x) / 2;
}

// Where f, which falls, is `enough` or less from 0, near x: by secants, the first of a slope that
// is nearly right. Near the root each leaves of f about a constant times what the last two left:
// where that is sure to be enough it is not asked for. Nothing where these do not soon come closer,
// or lead further than `far`.
template <class F>
std::optional<double> falling_root_near(double x, double slope, const F& f, double enough,
                                        double far = 0.1) {
    constexpr double close = 0.1, sure = 0.1;
    double here = f(x), before = HUGE_VAL;
    for (int i = 0; i < 8; ++i) {
        if (std::abs(here) < enough) return x;
        if (!std::isfinite(here) || !std::isfinite(slope) || !(slope < 0)) return {};
        const double next = x - here / slope;
        if (next == x) return x;
        if (std::abs(next - x) > far) return {};
        const double there = f(next);
        if (!(std::abs(there) < std::abs(here) / 2))  // the last bits, or no root
            return std::abs(here) < 100 * enough ? std::optional(x) : std::nullopt;
        slope = (there - here) / (next - x);
        if (i > 0 && slope < 0 && std::abs(before) < close &&
            std::abs(there / before * there) < sure * enough)
            return next - there / slope;
        before = here;
        x = next;
        here = there;
    }
    return {};
}

}  // namespace natbound::calculator::detail
