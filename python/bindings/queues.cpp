// More closed formulas over scalars or arrays: slopes, waiting, sizing, finite sources.
#include "natbound/calculator/engset.hpp"
#include "natbound/calculator/erlang.hpp"
#include "natbound/calculator/erlang_c.hpp"
#include "natbound/calculator/hayward.hpp"
#include "natbound/calculator/sizing.hpp"

#include "draws.hpp"
#include "formula.hpp"

namespace py = pybind11;
namespace calc = natbound::calculator;
using broadcasting::formula;
using broadcasting::whole;

namespace {

void bind_slopes(py::module_& m) {
    formula(m, "erlang_b_load_derivative", calc::erlang_b_load_derivative, "ports", "load");
    formula(m, "erlang_b_ports_derivative", calc::erlang_b_ports_derivative, "ports", "load");
    formula(m, "log_erlang_b_load_derivative", calc::log_erlang_b_load_derivative, "ports", "load");
    formula(m, "log_erlang_b_ports_derivative", calc::log_erlang_b_ports_derivative, "ports",
            "load");
}

void bind_waiting(py::module_& m) {
    formula(m, "erlang_c", calc::erlang_c, "ports", "load");
    formula(m, "log_erlang_c", calc::log_erlang_c, "ports", "load");
    formula(m, "erlang_c_wait", calc::erlang_c_wait, "ports", "load");
    formula(m, "log_erlang_c_load_derivative", calc::log_erlang_c_load_derivative, "ports", "load");
    formula(m, "log_erlang_c_ports_derivative", calc::log_erlang_c_ports_derivative, "ports",
            "load");
    formula(m, "load_for_waiting", calc::load_for_waiting, "ports", "target");
    formula(m, "ports_for_waiting", calc::ports_for_waiting, "load", "target");
}

template <std::uint64_t (*f)(double, std::uint64_t, double, calc::addresses)>
void bind_addresses(py::module_& m, const char* name) {
    formula(
        m, name,
        [name](double load, double ports, double target, double shared) {
            return f(load, whole(name, "ports", ports), target,
                     broadcasting::flag(name, "shared", shared) ? calc::addresses::shared
                                                                : calc::addresses::split);
        },
        "load", "ports", "target", "shared");
}

void bind_sizing(py::module_& m) {
    formula(m, "real_ports_for", calc::real_ports_for, "load", "target");
    formula(m, "real_ports_for_waiting", calc::real_ports_for_waiting, "load", "target");
    formula(m, "rate_for", calc::rate_for, "ports", "hold", "target");
    formula(m, "hold_for", calc::hold_for, "ports", "rate", "target");
    formula(m, "rate_for_waiting", calc::rate_for_waiting, "ports", "hold", "target");
    formula(m, "hold_for_waiting", calc::hold_for_waiting, "ports", "rate", "target");
    formula(
        m, "tries_for",
        [](double ports, double load, double target, double again) {
            return calc::tries_for(whole("tries_for", "ports", ports), load, target,
                                   draws_of("tries_for", again));
        },
        "ports", "load", "target", "with_replacement");
    bind_addresses<calc::addresses_for>(m, "addresses_for");
    bind_addresses<calc::addresses_for_waiting>(m, "addresses_for_waiting");
}

template <double (*f)(std::uint64_t, std::uint64_t, double)>
void bind_engset(py::module_& m, const char* name) {
    formula(
        m, name,
        [name](double sources, double ports, double alpha) {
            return f(whole(name, "sources", sources), whole(name, "ports", ports), alpha);
        },
        "sources", "ports", "alpha");
}

calc::congestion of(const char* function, double time) {
    return broadcasting::flag(function, "time", time) ? calc::congestion::time
                                                      : calc::congestion::call;
}

void bind_engset_inverses(py::module_& m) {
    formula(
        m, "ports_for_engset",
        [](double sources, double alpha, double target, double time) {
            constexpr const char* name = "ports_for_engset";
            return calc::ports_for_engset(whole(name, "sources", sources), alpha, target,
                                          of(name, time));
        },
        "sources", "alpha", "target", "time");
    formula(
        m, "load_for_engset",
        [](double sources, double ports, double target, double time) {
            constexpr const char* name = "load_for_engset";
            return calc::load_for_engset(whole(name, "sources", sources),
                                         whole(name, "ports", ports), target, of(name, time));
        },
        "sources", "ports", "target", "time");
    formula(
        m, "rate_for_engset",
        [](double sources, double ports, double hold, double target, double time) {
            constexpr const char* name = "rate_for_engset";
            return calc::rate_for_engset(whole(name, "sources", sources),
                                         whole(name, "ports", ports), hold, target, of(name, time));
        },
        "sources", "ports", "hold", "target", "time");
    formula(
        m, "hold_for_engset",
        [](double sources, double ports, double rate, double target, double time) {
            constexpr const char* name = "hold_for_engset";
            return calc::hold_for_engset(whole(name, "sources", sources),
                                         whole(name, "ports", ports), rate, target, of(name, time));
        },
        "sources", "ports", "rate", "target", "time");
    formula(
        m, "sources_for_engset",
        [](double ports, double alpha, double target, double time) {
            constexpr const char* name = "sources_for_engset";
            return calc::sources_for_engset(whole(name, "ports", ports), alpha, target,
                                            of(name, time));
        },
        "ports", "alpha", "target", "time");
}

void bind_overflow(py::module_& m) {
    formula(m, "hayward", calc::hayward, "ports", "load", "peakedness");
    formula(m, "log_hayward", calc::log_hayward, "ports", "load", "peakedness");
    formula(
        m, "overflow",
        [](double ports, double load) {
            const auto found = calc::overflow(ports, load);
            return std::array{found.mean, found.variance, found.peakedness};
        },
        "ports", "load");
    formula(
        m, "equivalent_random",
        [](double mean, double variance) {
            const auto found = calc::equivalent_random(mean, variance);
            return std::array{found.ports, found.load};
        },
        "mean", "variance");
    formula(m, "overflow_refusal", calc::overflow_refusal, "ports", "mean", "variance");
}

}  // namespace

void bind_queues(py::module_& m) {
    bind_slopes(m);
    bind_waiting(m);
    bind_sizing(m);
    bind_engset<calc::engset_time_congestion>(m, "engset_time_congestion");
    bind_engset<calc::engset_call_congestion>(m, "engset_call_congestion");
    bind_engset<calc::log_engset_time_congestion>(m, "log_engset_time_congestion");
    bind_engset<calc::log_engset_call_congestion>(m, "log_engset_call_congestion");
    bind_engset_inverses(m);
    bind_overflow(m);
}
