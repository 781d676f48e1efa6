#pragma once
#include <pybind11/pybind11.h>

#include <utility>

void bind_errors(pybind11::module_& m);
void bind_scenario(pybind11::module_& m);
void bind_design(pybind11::module_& m);
void bind_looks(pybind11::module_& m);
void bind_queues(pybind11::module_& m);
void bind_bursts(pybind11::module_& m);
void bind_calculator(pybind11::module_& m);
void bind_over_time(pybind11::module_& m);
void bind_limits(pybind11::module_& m);
void bind_day(pybind11::module_& m);

// Runs without the lock, so that other Python threads go on.
template <class F>
auto unlocked(F work) {
    pybind11::gil_scoped_release release;
    return work();
}

// To be called now and then by long work: takes the lock, lets Python handle a signal, and throws
// what the handler raised (KeyboardInterrupt).
inline void check_signals() {
    pybind11::gil_scoped_acquire lock;
    if (PyErr_CheckSignals() != 0) throw pybind11::error_already_set();
}
