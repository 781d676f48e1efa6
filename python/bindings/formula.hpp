#pragma once
// Formulas of numbers as functions of arrays, by NumPy's broadcasting: without Python's lock,
// interruptible by Ctrl-C, and with the index of the element in an error. (py::vectorize has none
// of the three, and cuts 3.5 ports to 3 without a word.)
#include <pybind11/numpy.h>

#include <algorithm>
#include <array>
#include <chrono>
#include <cmath>
#include <cstdint>
#include <sstream>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>
#include <vector>

#include "bindings.hpp"
#include "natbound/model/error.hpp"

namespace broadcasting {

namespace py = pybind11;

using numbers = py::array_t<double, py::array::c_style | py::array::forcecast>;
template <std::size_t>
using argument = py::object;

// What NumPy would read as numbers, but is none: text ("60", whatever its unit was), truth values,
// times. And masked arrays: what their masks hide would count.
inline bool no_numbers(const char* name, const py::object& given) {
    // Arguments that are a yes or no (of Engset: time congestion): flag() reads these.
    constexpr std::array flags{"geometric", "service", "shared",
                               "time",      "whole",   "with_replacement"};
    const bool yes_or_no =
        std::any_of(flags.begin(), flags.end(), [&](std::string_view f) { return f == name; });
    if (py::isinstance<py::bool_>(given)) return !yes_or_no;
    if (py::isinstance<py::float_>(given) || py::isinstance<py::int_>(given)) return false;
    if (py::hasattr(given, "harden_mask")) return true;
    const auto any = py::array::ensure(given);
    if (!any) PyErr_Clear();
    return any && std::string_view(yes_or_no ? "USmM" : "USmMb").find(any.dtype().kind()) !=
                      std::string_view::npos;
}

// An argument as it was given, told apart from what NumPy would make of it (None is no NaN).
inline numbers read(const char* function, const char* name, const py::object& given) {
    if (!given.is_none() && !no_numbers(name, given)) {
        if (auto found = numbers::ensure(given)) return found;
        PyErr_Clear();
    }
    std::string text = py::repr(given);
    constexpr std::size_t most = 60;
    if (text.size() > most) text = text.substr(0, most) + "...";
    text = std::string(function) + ": " + name + " = " + text + ": ";
    if (py::hasattr(given, "harden_mask"))
        throw py::type_error(text + "no masked array: give what is not masked (.compressed())");
    if (py::isinstance<py::int_>(given) && !py::isinstance<py::bool_>(given))
        throw natbound::domain_error(text + "is beyond the largest double, 1.8e308");
    throw py::type_error(text + "must be a number, or an array of numbers of one shape");
}

inline double number(const char* function, const char* name, const py::object& given) {
    const numbers found = read(function, name, given);
    if (found.ndim() == 0) return *found.data();
    throw py::type_error(std::string(function) + ": " + name + ": must be one number, no array");
}

inline std::vector<double> list(const char* function, const char* name, const py::object& given) {
    const numbers found = read(function, name, given);
    if (found.ndim() == 1) return {found.data(), found.data() + found.size()};
    throw py::type_error(std::string(function) + ": " + name + ": must be a list of numbers");
}

// A message of the library, which begins with the name of a function, with the one that was called.
inline std::string named(const char* function, const std::string& message) {
    const auto end = message.find_first_not_of("abcdefghijklmnopqrstuvwxyz_");
    if (end == 0 || end == std::string::npos || message[end] != ':') return message;
    return function + message.substr(end);
}

// Work without Python's lock; its errors by that name.
template <class F>
auto answer(const char* function, F work) {
    try {
        return unlocked(std::move(work));
    } catch (const natbound::domain_error& wrong) {
        throw natbound::domain_error(named(function, wrong.what()));
    }
}

// A count among the arguments, which are all doubles here.
inline std::uint64_t whole(const char* function, const char* name, double value) {
    if (value >= 0 && value <= 0x1p53 && value == std::floor(value))
        return static_cast<std::uint64_t>(value);
    std::ostringstream text;
    text.precision(17);
    text << function << ": " << name << " = " << value << ": must be a whole number, 0 to 2^53";
    throw natbound::domain_error(text.str());
}

// A yes or no among them.
inline bool flag(const char* function, const char* name, double value) {
    if (value == 0 || value == 1) return value == 1;
    std::ostringstream text;
    text << function << ": " << name << " = " << value << ": must be True or False";
    throw natbound::domain_error(text.str());
}

// How N arrays run together: the common shape, and a dimension the step of each (0: repeated).
template <std::size_t N>
class walk {
  public:
    walk(const char* function, const std::array<numbers, N>& arrays) {
        std::size_t dimensions = 0;
        for (const auto& a : arrays)
            dimensions = std::max(dimensions, static_cast<std::size_t>(a.ndim()));
        shape_.assign(dimensions, 1);
        for (std::size_t k = 0; k < N; ++k) {
            at_[k] = arrays[k].data();
            steps_[k].assign(dimensions, 0);
            const auto missing = dimensions - static_cast<std::size_t>(arrays[k].ndim());
            py::ssize_t step = 1;
            for (std::size_t d = dimensions; d-- > missing;) {
                const py::ssize_t length = arrays[k].shape(static_cast<py::ssize_t>(d - missing));
                if (length != 1) {
                    if (shape_[d] != 1 && shape_[d] != length)
                        throw natbound::domain_error(
                            std::string(function) +
                            ": the arrays' shapes do not fit together: lengths " +
                            std::to_string(shape_[d]) + " and " + std::to_string(length));
                    shape_[d] = length;
                    steps_[k][d] = step;
                }
                step *= length;
            }
        }
        index_.assign(dimensions, 0);
    }

    const std::vector<py::ssize_t>& shape() const { return shape_; }
    double value(std::size_t k) const { return *at_[k]; }

    void next() {
        for (std::size_t d = shape_.size(); d-- > 0;) {
            const bool more = ++index_[d] < shape_[d];
            for (std::size_t k = 0; k < N; ++k)
                at_[k] += more ? steps_[k][d] : -steps_[k][d] * (shape_[d] - 1);
            if (more) return;
            index_[d] = 0;
        }
    }

    // " (at index [2, 0])", or nothing for scalars.
    std::string place() const {
        if (index_.empty()) return {};
        std::string text;
        for (const auto i : index_) text += (text.empty() ? "" : ", ") + std::to_string(i);
        return " (at index [" + text + "])";
    }

  private:
    std::vector<py::ssize_t> shape_, index_;
    std::array<std::vector<py::ssize_t>, N> steps_;
    std::array<const double*, N> at_;
};

// Lets Python handle signals ten times a second.
class patience {
  public:
    void tick() {
        if ((++count_ & 7) != 0) return;
        const auto now = std::chrono::steady_clock::now();
        if (now - last_ < std::chrono::milliseconds(100)) return;
        last_ = now;
        check_signals();
    }

  private:
    unsigned count_ = 0;
    std::chrono::steady_clock::time_point last_ = std::chrono::steady_clock::now();
};

// Counts go out signed, so that a difference of two does not wrap around.
template <class Value>
using outward = std::conditional_t<std::is_same_v<Value, std::uint64_t>, std::int64_t, Value>;

// What a formula returns, one number or several (std::array), as one array or a tuple of them.
template <class Value>
struct columns {
    using element = outward<Value>;
    static constexpr std::size_t count = 1;
    static element get(const Value& value, std::size_t) { return static_cast<element>(value); }
    static py::object pack(std::array<py::object, 1> all) { return all[0]; }
};
template <class Value, std::size_t M>
struct columns<std::array<Value, M>> {
    using element = outward<Value>;
    static constexpr std::size_t count = M;
    static element get(const std::array<Value, M>& value, std::size_t m) {
        return static_cast<element>(value[m]);
    }
    static py::object pack(std::array<py::object, M> all) {
        py::tuple out(M);
        for (std::size_t m = 0; m < M; ++m) out[m] = all[m];
        return out;
    }
};

template <class F, std::size_t... I>
py::object apply(const char* function, const F& f, const std::array<numbers, sizeof...(I)>& arrays,
                 std::index_sequence<I...>) {
    walk<sizeof...(I)> at(function, arrays);
    using result = decltype(f(at.value(I)...));
    using column = columns<result>;
    std::array<py::array_t<typename column::element>, column::count> out;
    std::array<typename column::element*, column::count> to{};
    for (std::size_t m = 0; m < column::count; ++m) {
        out[m] = py::array_t<typename column::element>(at.shape());
        to[m] = out[m].mutable_data();
    }
    const py::ssize_t total = out[0].size();
    unlocked([&] {
        patience signals;
        for (py::ssize_t i = 0; i < total; ++i, at.next()) {
            try {
                const result value = f(at.value(I)...);
                for (std::size_t m = 0; m < column::count; ++m) to[m][i] = column::get(value, m);
            } catch (const natbound::domain_error& wrong) {
                throw natbound::domain_error(named(function, wrong.what()) + at.place());
            }
            signals.tick();
        }
    });
    std::array<py::object, column::count> all;
    for (std::size_t m = 0; m < column::count; ++m)
        all[m] = at.shape().empty() ? py::cast(*to[m]) : py::object(std::move(out[m]));
    return column::pack(std::move(all));
}

// f of doubles, at each place of what was given under these names.
template <class F, std::size_t... I, class... Given>
py::object over(const char* function, const char* const (&names)[sizeof...(Given)], const F& f,
                std::index_sequence<I...> all, const Given&... given) {
    return apply(function, f, {read(function, names[I], given)...}, all);
}
template <class F, class... Given>
py::object broadcast(const char* function, const char* const (&names)[sizeof...(Given)], const F& f,
                     const Given&... given) {
    return over(function, names, f, std::index_sequence_for<Given...>{}, given...);
}

template <class F, std::size_t... I, class... Names>
void define(py::module_& m, const char* name, F f, std::index_sequence<I...> all, Names... names) {
    m.def(
        name,
        [f, all, name, names...](const argument<I>&... given) {
            return apply(name, f, {read(name, names, given)...}, all);
        },
        py::arg(names)...);
}

// m.name(arguments...): f of doubles, with as many names as it has arguments.
template <class F, class... Names>
void formula(py::module_& m, const char* name, F f, Names... names) {
    define(m, name, f, std::index_sequence_for<Names...>{}, names...);
}

}  // namespace broadcasting
