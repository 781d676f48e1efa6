#pragma once
// How long work tells what part is done.
#include <pybind11/pybind11.h>

#include <chrono>
#include <functional>

// Looks for Ctrl-C and tells what part is done, if someone wants to know: some ten times a second,
// since it takes the lock of all threads.
inline std::function<void(double)> reporting(const pybind11::object& progress) {
    using clock = std::chrono::steady_clock;
    return [&progress, last = clock::time_point{}](double part) mutable {
        const auto now = clock::now();
        if (now - last < std::chrono::milliseconds(50)) return;
        last = now;
        pybind11::gil_scoped_acquire lock;
        if (PyErr_CheckSignals() != 0) throw pybind11::error_already_set();
        if (!progress.is_none()) progress(part);
    };
}
