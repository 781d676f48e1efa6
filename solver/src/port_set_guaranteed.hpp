#pragma once
// Guaranteed of a NAT that deals out its ports in sets.
#include <functional>

#include "natbound/solver/guaranteed.hpp"

namespace natbound {

guaranteed_result port_set_guaranteed(const scenario& s, const nat& n,
                                      const std::function<void()>& interrupt);

}  // namespace natbound
