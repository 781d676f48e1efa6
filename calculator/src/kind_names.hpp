#pragma once
// What a kind of traffic is called.
#include "natbound/calculator/likely.hpp"
#include "natbound/calculator/systems.hpp"

namespace natbound::calculator::detail {

// Without numbers; its address is that of the system, if there is such a one.
kind_result named(const scenario& s, const system_split& all, std::size_t kind, std::size_t system);

}  // namespace natbound::calculator::detail
