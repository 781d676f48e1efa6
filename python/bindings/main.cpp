// The extension module: a list of what each file binds. Results cross as JSON text, in the shape
// that the command line prints.
#include "bindings.hpp"

PYBIND11_MODULE(_core, m) {
    m.attr("version") = NATBOUND_VERSION;
    bind_errors(m);
    bind_work(m);
    bind_scenario(m);
    bind_design(m);
    bind_looks(m);
    bind_queues(m);
    bind_bursts(m);
    bind_calculator(m);
    bind_over_time(m);
    bind_limits(m);
    bind_inverses(m);
    bind_day(m);
}
