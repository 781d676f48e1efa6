// Erlang C solved for the load and for the ports. C >= B, so Erlang B's answers are bounds.
#include <algorithm>
#include <cmath>
#include <natbound/calculator/erlang.hpp>
#include <natbound/calculator/erlang_c.hpp>

#include "argument.hpp"
#include "least.hpp"
#include "loss_ratio.hpp"

namespace natbound::calculator {
namespace {

// Is C(c,a) <= target? By logarithms where a double has few digits or none.
bool meets(double ports, double load, double target, double log_target) {
    return target < 0x1p-1022 ? log_erlang_c(ports, load) <= log_target
                              : erlang_c(ports, load) <= target;
}

}  // namespace

double load_for_waiting(double ports, double target) {
    detail::require(ports >= 0 && ports <= 1e15, "load_for_waiting", "ports", ports,
                    "must be at least 0 and at most 1e15");
    detail::require(target > 0 && target < 1, "load_for_waiting", "target", target,
                    "must lie between 0 and 1");
    if (ports == 0) return 0;
    // log S falls with the load: Newton in log a inside a bracket.
    const double log_target = std::log(target);
    const double wanted = std::log1p(-target) - log_target;
    double low = 0;
    double high = std::min(load_for(ports, target), std::nextafter(ports, 0.0));
    double load = high;
    for (int i = 0; i < 200; ++i) {
        const auto r = detail::loss_ratio_of(ports, load);
        const double share = (ports - load) / ports;
        const double above =
            (r.exponent.high - wanted) + (std::log(r.factor) + r.exponent.low + std::log(share));
        (above > 0 ? low : high) = load;
        const double change = above / (detail::steepness(ports, load, r) + load / ports / share);
        double next = load * std::exp(std::clamp(change, -300.0, 300.0));
        if (!(std::abs(change) > 4e-16)) break;
        if (!(next > low && next < high)) next = low + (high - low) / 2;
        if (next == load) break;
        load = next;
    }
    // The last bits: at most 1e-13 in all.
    double step = 0x1p-53;
    for (; step < 1e-13 && !meets(ports, load, target, log_target); step *= 2) {
        load = std::min(load - load * step, std::nextafter(load, 0.0));
    }
    return load;
}

std::uint64_t ports_for_waiting(double load, double target) {
    detail::require(load >= 0 && load <= 1e12, "ports_for_waiting", "load", load,
                    "must be at least 0 and at most 1e12");
    detail::require(target > 0 && target <= 1, "ports_for_waiting", "target", target,
                    "must be above 0 and at most 1");
    if (target == 1) return 0;
    if (load == 0) return 1;
    const double log_target = std::log(target);
    // Nobody but all wait up to c = a.
    return detail::least_from(static_cast<std::uint64_t>(load), [&](std::uint64_t ports) {
        return meets(static_cast<double>(ports), load, target, log_target);
    });
}

}  // namespace natbound::calculator
