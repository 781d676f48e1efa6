// What meets a target of the formulas of bursts, retries, blocks, windows and tables that evict.
#include <pybind11/stl.h>

#include "natbound/calculator/eviction.hpp"
#include "natbound/calculator/hayward.hpp"
#include "natbound/calculator/modulated.hpp"
#include "natbound/calculator/port_blocks.hpp"
#include "natbound/calculator/retries.hpp"
#include "natbound/calculator/window_loss.hpp"

#include "formula.hpp"

namespace py = pybind11;
namespace calc = natbound::calculator;
using broadcasting::answer;
using broadcasting::formula;
using broadcasting::number;
using broadcasting::whole;

namespace {

using given = const py::object&;

void bind_hayward(py::module_& m) {
    formula(m, "ports_for_hayward", calc::ports_for_hayward, "load", "peakedness", "target");
    formula(m, "load_for_hayward", calc::load_for_hayward, "ports", "peakedness", "target");
    formula(m, "ports_for_overflow", calc::ports_for_overflow, "mean", "variance", "target");
    formula(
        m, "second_ports_for",
        [](double first_ports, double first_load, double target, double second_load) {
            return calc::second_ports_for(whole("second_ports_for", "first_ports", first_ports),
                                          first_load, target, second_load);
        },
        "first_ports", "first_load", "target", "second_load");
}

void bind_retries(py::module_& m) {
    formula(
        m, "load_for_retries",
        [](double ports, double target, double tries, double persistence) {
            return calc::load_for_retries(ports, target, whole("load_for_retries", "tries", tries),
                                          persistence);
        },
        "ports", "target", "tries", "persistence");
    formula(
        m, "ports_for_retries",
        [](double load, double target, double tries, double persistence) {
            return calc::ports_for_retries(load, target, whole("ports_for_retries", "tries", tries),
                                           persistence);
        },
        "load", "target", "tries", "persistence");
    formula(m, "tries_for_retries", calc::tries_for_retries, "ports", "load", "target",
            "persistence");
}

void bind_blocks(py::module_& m) {
    formula(
        m, "pool_for_blocks",
        [](double block, double most, double subscribers, double load, double target) {
            constexpr const char* name = "pool_for_blocks";
            return calc::pool_for_blocks({whole(name, "block", block), whole(name, "most", most), 1,
                                          whole(name, "subscribers", subscribers), load},
                                         target);
        },
        "block", "most", "subscribers", "load", "target");
    formula(
        m, "load_for_blocks",
        [](double block, double most, double pool, double subscribers, double target) {
            constexpr const char* name = "load_for_blocks";
            return calc::load_for_blocks(
                {whole(name, "block", block), whole(name, "most", most), whole(name, "pool", pool),
                 whole(name, "subscribers", subscribers), 1},
                target);
        },
        "block", "most", "pool", "subscribers", "target");
}

void bind_cuts(py::module_& m) {
    formula(
        m, "size_for_cut",
        [](double r, double l, double g, double p, double k, double i, double c) {
            return calc::size_for_cut({r, l, g, k, i, c}, p);
        },
        "rate", "life", "gap", "target", "keep_alive", "idle_timeout", "closed_timeout");
    formula(
        m, "rate_for_cut",
        [](double n, double l, double g, double p, double k, double i, double c) {
            return calc::rate_for_cut(n, {1, l, g, k, i, c}, p);
        },
        "size", "life", "gap", "target", "keep_alive", "idle_timeout", "closed_timeout");
}

// f(first, windows, target, law of holds), over arrays of the first and the target.
template <class F>
void bind_window(py::module_& m, const char* name, const char* first, F f) {
    m.def(name, [=](given value, given windows, given target, bool constant) {
        const auto hold = constant ? calc::window_hold::constant : calc::window_hold::exponential;
        std::vector<std::uint64_t> rounds;
        for (const double w : broadcasting::list(name, "windows", windows))
            rounds.push_back(whole(name, "windows", w));
        return broadcasting::broadcast(
            name, {first, "target"}, [&](double x, double p) { return f(x, rounds, p, hold); },
            value, target);
    });
}

std::vector<std::vector<double>> matrix(const char* name, given rows) {
    std::vector<std::vector<double>> out;
    for (const auto& row : py::list(rows))
        out.push_back(broadcasting::list(name, "switching", row.cast<py::object>()));
    return out;
}

// Tuples of one: the package runs over further dimensions of tuples.
void bind_modulated(py::module_& m) {
    m.def("ports_for_modulated", [](given switching, given loads, given target) {
        constexpr const char* name = "ports_for_modulated";
        const auto rates = matrix(name, switching);
        const auto offered = broadcasting::list(name, "loads", loads);
        const double most = number(name, "target", target);
        return py::make_tuple(
            answer(name, [&] { return calc::ports_for_modulated(rates, offered, most); }));
    });
    m.def("scale_for_modulated", [](given ports, given switching, given loads, given target) {
        constexpr const char* name = "scale_for_modulated";
        const auto count = whole(name, "ports", number(name, "ports", ports));
        const auto rates = matrix(name, switching);
        const auto offered = broadcasting::list(name, "loads", loads);
        const double most = number(name, "target", target);
        return py::make_tuple(
            answer(name, [&] { return calc::scale_for_modulated(count, rates, offered, most); }));
    });
}

void bind_on_off(py::module_& m) {
    formula(
        m, "ports_for_on_off",
        [](double sources, double load, double on, double off, double target) {
            return calc::ports_for_on_off(whole("ports_for_on_off", "sources", sources), load, on,
                                          off, target);
        },
        "sources", "load", "on", "off", "target");
    formula(
        m, "load_for_on_off",
        [](double ports, double sources, double on, double off, double target) {
            constexpr const char* name = "load_for_on_off";
            return calc::load_for_on_off(whole(name, "ports", ports),
                                         whole(name, "sources", sources), on, off, target);
        },
        "ports", "sources", "on", "off", "target");
    formula(
        m, "sources_for_on_off",
        [](double ports, double load, double on, double off, double target) {
            return calc::sources_for_on_off(whole("sources_for_on_off", "ports", ports), load, on,
                                            off, target);
        },
        "ports", "load", "on", "off", "target");
}

}  // namespace

void bind_inverses(py::module_& m) {
    bind_hayward(m);
    bind_retries(m);
    bind_blocks(m);
    bind_cuts(m);
    bind_window(m, "load_for_window", "ports", calc::load_for_window);
    bind_window(m, "ports_for_window", "load", calc::ports_for_window);
    bind_modulated(m);
    bind_on_off(m);
}
