// Two worlds whose phases are birth-death chains: on-off sources, and a group whose overflow goes
// to a second.
#include <cmath>
#include <natbound/calculator/erlang.hpp>
#include <natbound/calculator/modulated.hpp>

#include "argument.hpp"
#include "modulated_refusal.hpp"

namespace natbound::calculator {
namespace {

using detail::require;
using rows = std::vector<std::vector<double>>;

constexpr const char* load_rule = "must be at least 0 and at most 1e9";

void check_load(const char* function, const char* argument, double load) {
    require(load >= 0 && load <= 1e9, function, argument, load, load_rule);
}

void check_times(const char* function, double load, double on, double off) {
    check_load(function, "load", load);
    constexpr const char* rule = "must be at least 1e-9 and at most 1e9";
    require(on >= 1e-9 && on <= 1e9, function, "on", on, rule);
    require(off >= 1e-9 && off <= 1e9, function, "off", off, rule);
}

}  // namespace

detail::world detail::on_off_world(std::uint64_t sources, double load, double on, double off) {
    check_times("on_off", load, on, off);
    require(sources >= 1 && sources <= 1023, "on_off", "sources", static_cast<double>(sources),
            "must be 1 to 1023");
    world out{rows(sources + 1, std::vector<double>(sources + 1)), {}};
    for (std::uint64_t i = 0; i <= sources; ++i) {
        if (i < sources) out.switching[i][i + 1] = static_cast<double>(sources - i) / off;
        if (i > 0) out.switching[i][i - 1] = static_cast<double>(i) / on;
        out.load.push_back(static_cast<double>(i) * load);
    }
    return out;
}

modulated_answer on_off(std::uint64_t ports, std::uint64_t sources, double load, double on,
                        double off) {
    const auto w = detail::on_off_world(sources, load, on, off);
    return modulated(ports, w.switching, w.load);
}

double on_off_peakedness(double load, double on, double off) {
    check_times("on_off_peakedness", load, on, off);
    // The covariance of one source's load is load^2 p (1 - p) exp(-(1/on + 1/off) t).
    return 1 + load * (off / (on + off)) / (1 + 1 / on + 1 / off);
}

overflow_answer overflow_to_second(std::uint64_t first_ports, double first_load,
                                   std::uint64_t second_ports, double second_load) {
    constexpr const char* function = "overflow_to_second";
    require(first_ports <= 1023, function, "first_ports", static_cast<double>(first_ports),
            "must be at most 1023");
    check_load(function, "first_load", first_load);
    check_load(function, "second_load", second_load);
    const double first = static_cast<double>(first_ports);
    if (first_load == 0) {
        const double own = erlang_b(static_cast<double>(second_ports), second_load);
        return {0, 0, own, 0};
    }
    const double overflows = erlang_b(first, first_load);
    require(overflows >= 1e-250, function, "first_load", first_load,
            "so little that it overflows with probability below 1e-250");
    rows switching(first_ports + 1, std::vector<double>(first_ports + 1));
    std::vector<double> loads(first_ports + 1, second_load);
    loads[first_ports] += first_load;
    for (std::uint64_t i = 0; i < first_ports; ++i) {
        switching[i][i + 1] = first_load;
        switching[i + 1][i] = static_cast<double>(i + 1);
    }
    const auto found = modulated(second_ports, switching, loads);
    const double both = found.full_by_phase[first_ports];
    return {first_load * overflows, both / overflows, found.full, both};
}

}  // namespace natbound::calculator
