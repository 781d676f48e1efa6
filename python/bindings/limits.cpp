// Limits other than ports: blocks of a subscriber, tables that evict, queues that overflow.
#include "broadcast.hpp"

namespace py = pybind11;

void bind_limits(py::module_&) {}
