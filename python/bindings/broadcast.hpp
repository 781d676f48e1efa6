#pragma once
// A formula of doubles as a function of arrays: NumPy's broadcasting, the lock released while it
// runs, Ctrl-C heard between elements, and in an error the index of the element.
#include <pybind11/numpy.h>

#include <array>
#include <chrono>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <sstream>
#include <string>
#include <utility>
#include <vector>

#include "bindings.hpp"
#include "natbound/model/error.hpp"

// One argument of broadcast(): whatever NumPy turns into doubles (NaN stays NaN and is refused by
// the formula, where a cast to an integer would make a number of it).
using numbers = pybind11::array_t<double, pybind11::array::c_style | pybind11::array::forcecast>;

inline std::string index_text(std::size_t flat, const std::vector<pybind11::ssize_t>& shape) {
    std::string out;
    for (std::size_t d = shape.size(); d-- > 0;) {
        const auto size = static_cast<std::size_t>(shape[d]);
        out.insert(0, (d == 0 ? "" : ", ") + std::to_string(flat % size));
        flat /= size;
    }
    return "[" + out + "]";
}

template <std::size_t n, class F, std::size_t... i>
double apply(const F& formula, const std::array<const double*, n>& data, std::size_t at,
             std::index_sequence<i...>) {
    return formula(data[i][at]...);
}

template <class F, class... A>
pybind11::object broadcast(const F& formula, const A&... given) {
    namespace py = pybind11;
    constexpr std::size_t n = sizeof...(A);
    const py::sequence shaped = py::module_::import("numpy").attr("broadcast_arrays")(given...);
    std::vector<numbers> arrays;
    std::array<const double*, n> data{};
    for (std::size_t i = 0; i < n; ++i) {
        arrays.push_back(numbers::ensure(shaped[i]));
        data[i] = arrays.back().data();
    }
    const std::vector<py::ssize_t> shape(arrays[0].shape(), arrays[0].shape() + arrays[0].ndim());
    py::array_t<double> out(shape);
    double* results = out.mutable_data();
    const auto size = static_cast<std::size_t>(out.size());
    unlocked([&] {
        using clock = std::chrono::steady_clock;
        auto heard = clock::now();
        for (std::size_t at = 0; at < size; ++at) {
            try {
                results[at] = apply<n>(formula, data, at, std::make_index_sequence<n>{});
            } catch (const natbound::domain_error& e) {
                if (shape.empty()) throw;
                throw natbound::domain_error(std::string(e.what()) + " (at index " +
                                             index_text(at, shape) + ")");
            }
            if ((at & 255) == 0 || clock::now() - heard > std::chrono::milliseconds(50)) {
                check_signals();
                heard = clock::now();
            }
        }
    });
    if (shape.empty()) return py::float_(results[0]);
    return out;
}

inline std::string number_text(double x) {
    std::ostringstream text;
    text.precision(17);
    text << x;
    return text.str();
}

// A count that came as a double.
inline std::uint64_t whole(const char* function, const char* argument, double x) {
    if (!(x >= 0 && x <= 9007199254740992.0 && x == std::floor(x))) {
        throw natbound::domain_error(std::string(function) + ": " + argument + " = " +
                                     number_text(x) +
                                     ": must be a whole number, at least 0 and at most 2^53");
    }
    return static_cast<std::uint64_t>(x);
}
