// C++ errors as Python's: InputError carries (path, value, rule, fix), and the package adds file
// and line.
#include "bindings.hpp"
#include "natbound/model/error.hpp"
#include "natbound/model/work.hpp"

namespace py = pybind11;

void bind_errors(py::module_& m) {
    static py::handle input =
        py::exception<natbound::input_error>(m, "InputError", PyExc_ValueError).release();
    static py::handle unsupported =
        py::exception<natbound::unsupported>(m, "Unsupported", PyExc_RuntimeError).release();
    static py::handle limit =
        py::exception<natbound::limit_reached>(m, "LimitReached", unsupported).release();
    py::register_exception_translator([](std::exception_ptr p) {
        try {
            if (p) std::rethrow_exception(p);
        } catch (const natbound::input_error& e) {
            PyErr_SetObject(input.ptr(), py::make_tuple(e.path, e.value, e.rule, e.fix).ptr());
        } catch (const natbound::limit_reached& e) {
            PyErr_SetString(limit.ptr(), e.what());
        } catch (const natbound::unsupported& e) {
            PyErr_SetString(unsupported.ptr(), e.what());
        } catch (const natbound::interrupted&) {
            PyErr_SetNone(PyExc_KeyboardInterrupt);
        } catch (const natbound::domain_error& e) {
            PyErr_SetString(PyExc_ValueError, e.what());
        } catch (const natbound::error& e) {
            PyErr_SetString(PyExc_RuntimeError, e.what());
        }
    });
}
