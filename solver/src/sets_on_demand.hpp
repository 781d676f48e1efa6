#pragma once
// guaranteed where port sets are dealt on demand (port blocks, or RFC 7422's dynamic part).
#include "search_bound.hpp"

namespace natbound {

// Throws unsupported for what is not settled.
guaranteed_result guaranteed_on_demand(const scenario& s, const nat& n,
                                       const std::function<void()>& interrupt);

}  // namespace natbound
