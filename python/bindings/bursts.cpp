// Chains: several sizes, batches, modulated arrivals, retries. Vectors of classes and of phases
// come as sequences of numbers; the package runs over further dimensions.
#include <pybind11/stl.h>

#include "natbound/calculator/attempts.hpp"
#include "natbound/calculator/batches.hpp"
#include "natbound/calculator/kaufman_roberts.hpp"
#include "natbound/calculator/modulated.hpp"
#include "natbound/calculator/retries.hpp"

#include "formula.hpp"

namespace py = pybind11;
namespace calc = natbound::calculator;
using broadcasting::formula;
using broadcasting::whole;
using numbers = std::vector<double>;

namespace {

calc::batch_law law(double geometric) {
    return geometric != 0 ? calc::batch_law::geometric : calc::batch_law::fixed;
}

calc::batch_loss loss(double all_or_none) {
    return all_or_none != 0 ? calc::batch_loss::whole : calc::batch_loss::partial;
}

void bind_batches(py::module_& m) {
    formula(
        m, "batches",
        [](double ports, double load, double mean_size, double geometric, double all_or_none) {
            const auto found = calc::batches(whole("batches", "ports", ports), load, mean_size,
                                             law(geometric), loss(all_or_none));
            return std::array{found.refusal,           found.log_refusal, found.batch_refusal,
                              found.log_batch_refusal, found.full,        found.mean};
        },
        "ports", "load", "mean_size", "geometric", "whole");
    formula(
        m, "batch_peakedness",
        [](double mean_size, double geometric) {
            return calc::batch_peakedness(mean_size, law(geometric));
        },
        "mean_size", "geometric");
    formula(
        m, "ports_for_batches",
        [](double load, double mean_size, double target, double geometric, double all_or_none) {
            return calc::ports_for_batches(load, mean_size, target, law(geometric),
                                           loss(all_or_none));
        },
        "load", "mean_size", "target", "geometric", "whole");
    formula(
        m, "load_for_batches",
        [](double ports, double mean_size, double target, double geometric, double all_or_none) {
            return calc::load_for_batches(whole("load_for_batches", "ports", ports), mean_size,
                                          target, law(geometric), loss(all_or_none));
        },
        "ports", "mean_size", "target", "geometric", "whole");
}

std::vector<calc::size_class> classes_of(const char* name, const numbers& loads,
                                         const numbers& sizes, const numbers& reserved) {
    std::vector<calc::size_class> classes;
    for (std::size_t k = 0; k < loads.size(); ++k)
        classes.push_back(
            {loads[k], whole(name, "sizes", sizes.at(k)), whole(name, "reserved", reserved.at(k))});
    return classes;
}

py::tuple kaufman_roberts(double ports, const numbers& loads, const numbers& sizes,
                          const numbers& reserved) {
    constexpr const char* name = "kaufman_roberts";
    const auto classes = classes_of(name, loads, sizes, reserved);
    const auto count = whole(name, "ports", ports);
    const auto found = unlocked([&] { return calc::kaufman_roberts(count, classes); });
    return py::make_tuple(found.refusal, found.log_refusal, found.mean, found.exact);
}

// A tuple of one: the package runs over further dimensions of tuples.
py::tuple ports_for_sizes(const numbers& loads, const numbers& sizes, double target,
                          const numbers& reserved) {
    const auto classes = classes_of("ports_for_sizes", loads, sizes, reserved);
    return py::make_tuple(unlocked([&] { return calc::ports_for_sizes(classes, target); }));
}

py::tuple scale_for_sizes(double ports, const numbers& loads, const numbers& sizes, double target,
                          const numbers& reserved) {
    constexpr const char* name = "scale_for_sizes";
    const auto classes = classes_of(name, loads, sizes, reserved);
    const auto count = whole(name, "ports", ports);
    return py::make_tuple(unlocked([&] { return calc::scale_for_sizes(count, classes, target); }));
}

py::tuple modulated(double ports, const std::vector<numbers>& switching, const numbers& loads) {
    const auto count = whole("modulated", "ports", ports);
    const auto found = unlocked([&] { return calc::modulated(count, switching, loads); });
    return py::make_tuple(found.refusal, found.log_refusal, found.full, found.log_full, found.mean,
                          found.load, found.full_by_phase, found.log_full_by_phase);
}

void bind_modulated(py::module_& m) {
    m.def("modulated", modulated, py::arg("ports"), py::arg("switching"), py::arg("loads"));
    m.def("modulated_peakedness", calc::modulated_peakedness, py::arg("switching"),
          py::arg("loads"), py::call_guard<py::gil_scoped_release>());
    formula(
        m, "on_off",
        [](double ports, double sources, double load, double on, double off) {
            const auto found = calc::on_off(whole("on_off", "ports", ports),
                                            whole("on_off", "sources", sources), load, on, off);
            return std::array{found.refusal,  found.log_refusal, found.full,
                              found.log_full, found.mean,        found.load};
        },
        "ports", "sources", "load", "on", "off");
    formula(m, "on_off_peakedness", calc::on_off_peakedness, "load", "on", "off");
    formula(
        m, "overflow_to_second",
        [](double first_ports, double first_load, double second_ports, double second_load) {
            constexpr const char* name = "overflow_to_second";
            const auto found =
                calc::overflow_to_second(whole(name, "first_ports", first_ports), first_load,
                                         whole(name, "second_ports", second_ports), second_load);
            return std::array{found.overflow, found.overflow_refusal, found.own_refusal,
                              found.first_refusal};
        },
        "first_ports", "first_load", "second_ports", "second_load");
}

void bind_retries(py::module_& m) {
    formula(
        m, "retries",
        [](double ports, double load, double tries, double persistence, double backoff,
           double factor, double most_backoff, double jitter, double hold, double search_tries) {
            constexpr const char* name = "retries";
            const calc::retry_policy policy{whole(name, "tries", tries),
                                            persistence,
                                            backoff,
                                            factor,
                                            most_backoff,
                                            jitter,
                                            hold};
            const std::uint64_t draws = whole(name, "search_tries", search_tries);
            const auto found = draws == 0 ? calc::retries(ports, load, policy)
                                          : calc::retries(load, policy, [&](double attempts) {
                                                return calc::refusal_probability(
                                                    whole(name, "ports", ports), draws, attempts);
                                            });
            return std::array{found.attempt_load, found.attempt_refusal, found.connection_failure,
                              found.attempts,     found.mean_delay,      found.carried};
        },
        "ports", "load", "tries", "persistence", "backoff", "factor", "most_backoff", "jitter",
        "hold", "search_tries");
}

}  // namespace

void bind_bursts(py::module_& m) {
    m.def("kaufman_roberts", kaufman_roberts, py::arg("ports"), py::arg("loads"), py::arg("sizes"),
          py::arg("reserved"));
    m.def("ports_for_sizes", ports_for_sizes, py::arg("loads"), py::arg("sizes"), py::arg("target"),
          py::arg("reserved"));
    m.def("scale_for_sizes", scale_for_sizes, py::arg("ports"), py::arg("loads"), py::arg("sizes"),
          py::arg("target"), py::arg("reserved"));
    bind_batches(m);
    bind_modulated(m);
    bind_retries(m);
}
