// Erlang B solved for the load and for the ports.
#include <algorithm>
#include <cmath>
#include <natbound/calculator/erlang.hpp>

#include "argument.hpp"
#include "loss_ratio.hpp"
#include "poisson.hpp"

namespace natbound::calculator {
namespace {

// Is B(c,a) <= target? By logarithms where a double has few digits or none.
bool meets(double ports, double load, double target, double log_target) {
    return target < 0x1p-1022 ? log_erlang_b(ports, load) <= log_target
                              : erlang_b(ports, load) <= target;
}

// A first guess, from which Newton needs few steps: log R = wanted.
double guess(double c, double wanted) {
    const double overload = c * std::exp(-wanted) + c;  // R <= c/(a - c) if a > c
    const double depth = wanted - 0.5 * std::log(detail::two_pi * c);
    if (depth <= 0) return overload;
    const double near = c - std::sqrt(2 * c * depth);  // the deviance's first term
    if (near > 0.2 * c) return near;
    return c * std::exp(-1 - depth / c);  // R ~ Gamma(c+1) a^-c
}

}  // namespace

double load_for(double ports, double target) {
    detail::require(ports >= 0 && ports <= 1e15, "load_for", "ports", ports,
                    "must be at least 0 and at most 1e15");
    detail::require(target > 0 && target < 1, "load_for", "target", target,
                    "must lie between 0 and 1");
    if (ports == 0) return 0;
    // log R is convex and decreasing in log a (for whole c, 1 + R is a sum of powers of 1/a with
    // positive coefficients), so Newton's steps, after the first, come from one side.
    const double log_target = std::log(target);
    const double wanted = std::log1p(-target) - log_target;
    double load = guess(ports, wanted);
    for (int i = 0; i < 100; ++i) {
        const auto r = detail::loss_ratio_of(ports, load);
        const double above = (r.exponent.high - wanted) + (std::log(r.factor) + r.exponent.low);
        const double change = above / detail::steepness(ports, load, r);
        load *= std::exp(std::clamp(change, -300.0, 300.0));
        if (!(std::abs(change) > 4e-16)) break;
    }
    // The last bits: at most 1e-13 in all, but for targets so near 1 that a double has few digits
    // of what is let in: one bit of the target is then more of the load.
    const double most = std::min(0.25, 1e-13 + 0x1p-51 / (1 - target));
    double step = 0x1p-53;
    for (; step < most && !meets(ports, load, target, log_target); step *= 2) {
        load = std::min(load - load * step, std::nextafter(load, 0.0));
    }
    return load;
}

std::uint64_t ports_for(double load, double target) {
    detail::require(load >= 0 && load <= 1e12, "ports_for", "load", load,
                    "must be at least 0 and at most 1e12");
    detail::require(target > 0 && target <= 1, "ports_for", "target", target,
                    "must be above 0 and at most 1");
    if (target == 1) return 0;
    if (load == 0) return 1;
    const double log_target = std::log(target);
    const auto enough = [&](double ports) { return meets(ports, load, target, log_target); };
    // B(c,a) > 1 - c/a: no more than c connections are carried. `few` is never enough.
    double few = std::max(0.0, std::floor(load * (1 - target)) - 2);
    double step = 1;
    double many = few + step;
    for (; !enough(many); many = few + step) {
        few = many;
        step *= 2;
    }
    while (many - few > 1) {
        const double middle = std::floor(few + (many - few) / 2);
        (enough(middle) ? many : few) = middle;
    }
    return static_cast<std::uint64_t>(many);
}

}  // namespace natbound::calculator
