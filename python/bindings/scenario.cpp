// _core.Scenario: a parsed scenario and the questions about it.
#include <pybind11/stl.h>

#include <optional>
#include <tuple>

#include "bindings.hpp"
#include "natbound/answer/answer.hpp"
#include "natbound/model/canonical.hpp"
#include "natbound/solver/colouring.hpp"
#include "natbound/solver/independent.hpp"
#include "reporting.hpp"

namespace py = pybind11;

namespace {

// tries, back-off in seconds, factor, jitter
using retries_given = std::tuple<std::uint64_t, double, double, double>;

natbound::calculator::retry_policy policy(const retries_given& given) {
    natbound::calculator::retry_policy out;
    std::tie(out.tries, out.backoff, out.factor, out.jitter) = given;
    return out;
}

}  // namespace

void bind_scenario(py::module_& m) {
    m.def(
        "colouring",
        [](std::uint32_t items, const std::vector<std::vector<std::uint32_t>>& cliques,
           std::uint32_t colours, std::uint64_t effort, std::uint64_t seed) {
            for (const auto& all : cliques)
                for (const auto i : all)
                    if (i >= items) throw py::value_error("an item that there is not");
            const auto found = unlocked(
                [&] { return natbound::colour_by_tabu(items, cliques, colours, effort, seed); });
            return std::pair(found.colours, found.proper);
        },
        py::arg("items"), py::arg("cliques"), py::arg("colours"), py::arg("effort"),
        py::arg("seed"));
    using natbound::scenario;
    py::class_<scenario>(m, "Scenario")
        .def(py::init([](const std::string& json) { return natbound::parse_scenario(json); }),
             py::arg("json"))
        .def("canonical", [](const scenario& s) { return natbound::to_json(s); })
        .def("written_out",
             [](const scenario& s) { return boost::json::serialize(natbound::canonical(s)); })
        .def("part_numbers", [](const scenario& s) { return natbound::part_numbers(s); })
        .def("given_names", [](const scenario& s) { return s.given_names; })
        .def(
            "answer",
            [](const scenario& s, double epsilon, std::uint64_t seed, bool remedies) {
                return unlocked([&] {
                    return natbound::to_text(
                        natbound::answer(s, {epsilon, seed, remedies, natbound::look_up}));
                });
            },
            py::arg("epsilon"), py::arg("seed"), py::arg("remedies"))
        .def(
            "risk",
            [](const scenario& s, double scale, const retries_given& retry, std::uint64_t seed,
               double epsilon) {
                return unlocked([&] {
                    return natbound::to_text(natbound::risk_answer(
                        s, {scale, policy(retry), seed, natbound::look_up, epsilon}));
                });
            },
            py::arg("scale"), py::arg("retry"), py::arg("seed"), py::arg("epsilon"))
        .def("own_ports",
             [](const scenario& s) { return natbound::to_text(natbound::own_ports_answer(s)); })
        .def(
            "maximum",
            [](const scenario& s, bool multiple) {
                return unlocked(
                    [&] { return natbound::to_text(natbound::maximum_answer(s, multiple)); });
            },
            py::arg("multiple") = true)
        .def("for_all_sizes",
             [](const scenario& s) {
                 return unlocked([&] {
                     return natbound::to_text(natbound::all_sizes_answer(s, natbound::look_up));
                 });
             })
        .def(
            "fits",
            [](const scenario& s, const std::string& demand, const std::string& place) {
                return unlocked([&] {
                    return natbound::to_text(
                        natbound::fit_answer(s, natbound::count(demand), place == "best"));
                });
            },
            py::arg("demand"), py::arg("place"))
        .def(
            "demand_of",
            [](const scenario& s, const std::string& connections) {
                return natbound::to_text(natbound::demand_json(
                    s, natbound::shared_demand(s, natbound::count(connections))));
            },
            py::arg("connections"))
        .def("traffic_demand",
             [](const scenario& s) {
                 return natbound::to_text(natbound::demand_json(s, natbound::traffic_demand(s)));
             })
        .def(
            "read_demand",
            [](const scenario& s, const std::string& json) {
                return natbound::to_text(natbound::demand_json(s, natbound::parse_demand(s, json)));
            },
            py::arg("json"))
        .def(
            "fits_demand",
            [](const scenario& s, const std::string& json, bool evidence, bool multiple,
               const std::vector<std::uint64_t>& at) {
                return unlocked([&] {
                    return natbound::to_text(natbound::fit_answer(
                        s, natbound::parse_demand(s, json), {evidence, multiple, at}));
                });
            },
            py::arg("demand"), py::arg("evidence"), py::arg("multiple"),
            py::arg("at") = std::vector<std::uint64_t>{})
        .def(
            "simulate",
            [](const scenario& s, std::uint64_t seed, std::uint64_t arrivals,
               const py::object& progress, double scale, const retries_given& retry) {
                const auto report = reporting(progress);
                return unlocked([&] {
                    return natbound::to_text(natbound::simulation_answer(
                        s, {seed, arrivals, scale, policy(retry)}, report));
                });
            },
            py::arg("seed"), py::arg("arrivals"), py::arg("progress"), py::arg("scale"),
            py::arg("retry"))
        .def(
            "after",
            [](const scenario& before, const scenario& now, const std::vector<double>& times,
               const std::optional<double>& live, const std::vector<double>& quantiles,
               std::uint64_t runs, std::uint64_t seed, bool cut, const py::object& progress) {
                natbound::calculator::after_options options{times, live, quantiles,          runs,
                                                            seed,  cut,  reporting(progress)};
                return unlocked([&] {
                    return natbound::to_text(natbound::after_answer(before, now, options));
                });
            },
            py::arg("now"), py::arg("times"), py::arg("live"), py::arg("quantiles"),
            py::arg("runs"), py::arg("seed"), py::arg("cut"), py::arg("progress"));
    m.def("scenario_schema", &natbound::scenario_schema);
    m.def("design_schema", &natbound::design_schema);
}
