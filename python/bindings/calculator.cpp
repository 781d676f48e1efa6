// The formulas, over scalars or arrays by broadcasting.
#include <pybind11/numpy.h>

#include "bindings.hpp"
#include "natbound/calculator/attempts.hpp"
#include "natbound/calculator/erlang.hpp"
#include "natbound/calculator/first_passage.hpp"

namespace py = pybind11;
namespace calc = natbound::calculator;

void bind_calculator(py::module_& m) {
    m.def("erlang_b", py::vectorize(calc::erlang_b), py::arg("ports"), py::arg("load"));
    m.def("log_erlang_b", py::vectorize(calc::log_erlang_b), py::arg("ports"), py::arg("load"));
    m.def("load_for", py::vectorize(calc::load_for), py::arg("ports"), py::arg("target"));
    m.def("ports_for", py::vectorize(calc::ports_for), py::arg("load"), py::arg("target"));
    m.def("refusal_probability",
          py::vectorize([](std::uint64_t ports, std::uint64_t tries, double load) {
              return calc::refusal_probability(ports, tries, load);
          }),
          py::arg("ports"), py::arg("tries"), py::arg("load"));
    m.def("load_for_attempts",
          py::vectorize([](std::uint64_t ports, std::uint64_t tries, double target) {
              return calc::load_for_attempts(ports, tries, target);
          }),
          py::arg("ports"), py::arg("tries"), py::arg("target"));
    m.def("time_to_full", py::vectorize([](std::uint64_t ports, double load) {
              return calc::time_to_full(ports, load).mean;
          }),
          py::arg("ports"), py::arg("load"));
    m.def("time_to_first_refusal", py::vectorize([](std::uint64_t ports, double load) {
              return calc::time_to_first_refusal(ports, load).mean;
          }),
          py::arg("ports"), py::arg("load"));
}
