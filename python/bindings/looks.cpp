// _core.Looks: many scenarios that differ in little.
#include "natbound/answer/looks.hpp"

#include "bindings.hpp"
#include "natbound/answer/answer.hpp"

namespace py = pybind11;

void bind_looks(py::module_& m) {
    using natbound::looks;
    using natbound::scenario;
    py::class_<looks>(m, "Looks")
        .def(py::init([](std::uint64_t seed) { return looks(seed, check_signals); }),
             py::arg("seed"))
        .def(
            "refused",
            [](const looks& l, const scenario& s, double lowest, double holds, double scale,
               double precision) {
                return unlocked([&] {
                    return natbound::to_text(l.refused(s, lowest, holds, scale, precision));
                });
            },
            py::arg("scenario"), py::arg("lowest"), py::arg("holds"), py::arg("scale") = 1.0,
            py::arg("precision") = 0.0)
        .def(
            "carried",
            [](const looks& l, const scenario& s, double epsilon, double holds) {
                return unlocked([&] { return natbound::to_text(l.carried(s, epsilon, holds)); });
            },
            py::arg("scenario"), py::arg("epsilon"), py::arg("holds"));
}
