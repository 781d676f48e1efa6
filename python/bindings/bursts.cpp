// Chains: several sizes, batches, modulated arrivals, retries. Vectors of classes and of phases
// come as sequences of numbers; the package runs over further dimensions.
#include <pybind11/stl.h>

#include <regex>

#include "natbound/calculator/attempts.hpp"
#include "natbound/calculator/batches.hpp"
#include "natbound/calculator/kaufman_roberts.hpp"
#include "natbound/calculator/modulated.hpp"
#include "natbound/calculator/reserved_sizes.hpp"
#include "natbound/calculator/retries.hpp"

#include "formula.hpp"

namespace py = pybind11;
namespace calc = natbound::calculator;
using broadcasting::answer;
using broadcasting::formula;
using broadcasting::number;
using broadcasting::whole;
using numbers = std::vector<double>;

namespace {

calc::batch_law law(const char* function, double geometric) {
    return broadcasting::flag(function, "geometric", geometric) ? calc::batch_law::geometric
                                                                : calc::batch_law::fixed;
}

calc::batch_loss loss(const char* function, double all_or_none) {
    return broadcasting::flag(function, "whole", all_or_none) ? calc::batch_loss::whole
                                                              : calc::batch_loss::partial;
}

void bind_batches(py::module_& m) {
    formula(
        m, "batches",
        [](double ports, double load, double mean_size, double geometric, double all_or_none) {
            const auto found =
                calc::batches(whole("batches", "ports", ports), load, mean_size,
                              law("batches", geometric), loss("batches", all_or_none));
            return std::array{found.refusal,           found.log_refusal, found.batch_refusal,
                              found.log_batch_refusal, found.full,        found.mean};
        },
        "ports", "load", "mean_size", "geometric", "whole");
    formula(
        m, "batch_peakedness",
        [](double mean_size, double geometric) {
            return calc::batch_peakedness(mean_size, law("batch_peakedness", geometric));
        },
        "mean_size", "geometric");
    formula(
        m, "ports_for_batches",
        [](double load, double mean_size, double target, double geometric, double all_or_none) {
            return calc::ports_for_batches(load, mean_size, target,
                                           law("ports_for_batches", geometric),
                                           loss("ports_for_batches", all_or_none));
        },
        "load", "mean_size", "target", "geometric", "whole");
    formula(
        m, "load_for_batches",
        [](double ports, double mean_size, double target, double geometric, double all_or_none) {
            return calc::load_for_batches(whole("load_for_batches", "ports", ports), mean_size,
                                          target, law("load_for_batches", geometric),
                                          loss("load_for_batches", all_or_none));
        },
        "ports", "mean_size", "target", "geometric", "whole");
}

using given = const py::object&;

std::vector<calc::size_class> classes_of(const char* name, given given_loads, given given_sizes,
                                         given given_reserved) {
    const auto loads = broadcasting::list(name, "loads", given_loads);
    const auto sizes = broadcasting::list(name, "sizes", given_sizes);
    const auto reserved = broadcasting::list(name, "reserved", given_reserved);
    std::vector<calc::size_class> classes;
    for (std::size_t k = 0; k < loads.size(); ++k) {
        const std::string at = "[" + std::to_string(k) + "]";
        classes.push_back({loads[k], whole(name, ("sizes" + at).c_str(), sizes.at(k)),
                           whole(name, ("reserved" + at).c_str(), reserved.at(k))});
    }
    return classes;
}

// The library names a class and its field, Python a list and its index.
template <class F>
auto of_classes(const char* name, F work) {
    try {
        return answer(name, std::move(work));
    } catch (const natbound::domain_error& wrong) {
        static const std::regex field(R"(classes(\[\d+\])\.(load|size|reserved))");
        throw natbound::domain_error(std::regex_replace(
            std::regex_replace(wrong.what(), field, "$2s$1"), std::regex("reserveds"), "reserved"));
    }
}

py::tuple kaufman_roberts(given ports, given loads, given sizes, given reserved) {
    constexpr const char* name = "kaufman_roberts";
    const auto classes = classes_of(name, loads, sizes, reserved);
    const auto count = whole(name, "ports", number(name, "ports", ports));
    const auto found = of_classes(name, [&] { return calc::kaufman_roberts(count, classes); });
    return py::make_tuple(found.refusal, found.log_refusal, found.mean, found.exact);
}

py::tuple reserved_sizes(given ports, given loads, given sizes, given reserved, given holds) {
    constexpr const char* name = "reserved_sizes";
    const auto classes = classes_of(name, loads, sizes, reserved);
    const auto count = whole(name, "ports", number(name, "ports", ports));
    const auto means = broadcasting::list(name, "holds", holds);
    const auto found =
        of_classes(name, [&] { return calc::reserved_sizes(count, classes, means); });
    return py::make_tuple(found.refusal, found.log_refusal, found.mean, found.exact);
}

// A tuple of one: the package runs over further dimensions of tuples.
py::tuple ports_for_sizes(given loads, given sizes, given target, given reserved) {
    constexpr const char* name = "ports_for_sizes";
    const auto classes = classes_of(name, loads, sizes, reserved);
    const double most = number(name, "target", target);
    return py::make_tuple(of_classes(name, [&] { return calc::ports_for_sizes(classes, most); }));
}

py::tuple scale_for_sizes(given ports, given loads, given sizes, given target, given reserved) {
    constexpr const char* name = "scale_for_sizes";
    const auto classes = classes_of(name, loads, sizes, reserved);
    const auto count = whole(name, "ports", number(name, "ports", ports));
    const double most = number(name, "target", target);
    return py::make_tuple(
        of_classes(name, [&] { return calc::scale_for_sizes(count, classes, most); }));
}

std::vector<numbers> matrix(const char* name, given rows) {
    std::vector<numbers> out;
    for (const auto& row : py::list(rows))
        out.push_back(broadcasting::list(name, "switching", row.cast<py::object>()));
    return out;
}

py::tuple modulated(given ports, given switching, given loads) {
    constexpr const char* name = "modulated";
    const auto count = whole(name, "ports", number(name, "ports", ports));
    const auto rates = matrix(name, switching);
    const auto offered = broadcasting::list(name, "loads", loads);
    const auto found = answer(name, [&] { return calc::modulated(count, rates, offered); });
    return py::make_tuple(found.refusal, found.log_refusal, found.full, found.log_full, found.mean,
                          found.load, found.full_by_phase, found.log_full_by_phase);
}

void bind_modulated(py::module_& m) {
    m.def("modulated", modulated, py::arg("ports"), py::arg("switching"), py::arg("loads"));
    m.def(
        "modulated_peakedness",
        [](given switching, given loads) {
            constexpr const char* name = "modulated_peakedness";
            const auto rates = matrix(name, switching);
            const auto offered = broadcasting::list(name, "loads", loads);
            return answer(name, [&] { return calc::modulated_peakedness(rates, offered); });
        },
        py::arg("switching"), py::arg("loads"));
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
    m.def("reserved_sizes", reserved_sizes, py::arg("ports"), py::arg("loads"), py::arg("sizes"),
          py::arg("reserved"), py::arg("holds"));
    m.def("ports_for_sizes", ports_for_sizes, py::arg("loads"), py::arg("sizes"), py::arg("target"),
          py::arg("reserved"));
    m.def("scale_for_sizes", scale_for_sizes, py::arg("ports"), py::arg("loads"), py::arg("sizes"),
          py::arg("target"), py::arg("reserved"));
    bind_batches(m);
    bind_modulated(m);
    bind_retries(m);
}
