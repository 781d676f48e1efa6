// _core.limit_work: the limits of what this thread asks from now on.
#include <pybind11/stl.h>

#include <chrono>

#include "bindings.hpp"

namespace py = pybind11;

namespace {

using clock_of_limits = std::chrono::steady_clock;

struct given {
    std::optional<clock_of_limits::time_point> until;
    std::optional<double> seconds;
    std::optional<std::uint64_t> bytes;
};
thread_local given limits;

}  // namespace

natbound::work_limits limits_given() {
    natbound::work_limits out;
    out.bytes = limits.bytes;
    out.said = limits.seconds;
    if (limits.until)
        out.seconds = std::max(
            0.0, std::chrono::duration<double>(*limits.until - clock_of_limits::now()).count());
    return out;
}

void bind_work(py::module_& m) {
    m.def(
        "limit_work",
        [](std::optional<double> seconds, std::optional<std::uint64_t> bytes,
           std::optional<double> said) {
            limits = {};
            limits.bytes = bytes;
            limits.seconds = said;
            if (seconds)
                limits.until =
                    clock_of_limits::now() + std::chrono::duration_cast<clock_of_limits::duration>(
                                                 std::chrono::duration<double>(*seconds));
        },
        py::arg("seconds"), py::arg("bytes"), py::arg("said"));
}
