// The catalogue, and the check of a design.
#include <pybind11/stl.h>

#include "bindings.hpp"
#include "natbound/answer/answer.hpp"

namespace py = pybind11;

void bind_design(py::module_& m) {
    m.def("catalogue", [] {
        std::vector<std::string> out;
        for (const auto& d : natbound::catalogue()) out.push_back(natbound::to_json(d));
        return out;
    });
    m.def("device_profiles", natbound::device_profiles);
    m.def(
        "parse_design",
        [](const std::string& json) { return natbound::to_json(natbound::parse_design(json)); },
        py::arg("json"));
    m.def(
        "check_design",
        [](const std::string& json, const std::vector<std::string>& properties) {
            const auto d = natbound::parse_design(json);
            return unlocked([&] {
                return natbound::to_text(natbound::design_answer(d, properties, natbound::look_up));
            });
        },
        py::arg("json"), py::arg("properties"));
}
