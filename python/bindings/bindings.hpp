#pragma once
#include <pybind11/pybind11.h>

#include <utility>

#include "natbound/model/work.hpp"

void bind_errors(pybind11::module_& m);
void bind_scenario(pybind11::module_& m);
void bind_design(pybind11::module_& m);
void bind_looks(pybind11::module_& m);
void bind_queues(pybind11::module_& m);
void bind_bursts(pybind11::module_& m);
void bind_calculator(pybind11::module_& m);
void bind_over_time(pybind11::module_& m);
void bind_limits(pybind11::module_& m);
void bind_inverses(pybind11::module_& m);
void bind_day(pybind11::module_& m);
void bind_work(pybind11::module_& m);

// To be called now and then by long work: takes the lock, lets Python handle a signal, and throws
// what the handler raised (KeyboardInterrupt).
inline void check_signals() {
    pybind11::gil_scoped_acquire lock;
    if (PyErr_CheckSignals() != 0) throw pybind11::error_already_set();
}

// What Python said of the work of this thread (natbound.limits).
natbound::work_limits limits_given();

// Runs without the lock, so that other Python threads go on; within the limits given, and stopped
// by Ctrl-C.
template <class F>
auto unlocked(F work) {
    pybind11::gil_scoped_release release;
    const natbound::work_scope scope(limits_given(), check_signals);
    return work();
}
