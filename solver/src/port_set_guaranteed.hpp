#pragma once
// Guaranteed of a NAT that deals out its ports in sets.
#include <functional>
#include <utility>
#include <vector>

#include "natbound/model/port_sets.hpp"
#include "natbound/solver/guaranteed.hpp"

namespace natbound {

namespace detail {

// An address of the client set by itself, behind the NAT that a set is to it.
scenario behind_set(const scenario& s, const nat& n, const client_set& c, ip_address address,
                    const dealt_set& set);

// What of a set can matter to a search for one of its ports.
using set_shape = std::vector<std::pair<port, port>>;
set_shape shape_of(const nat& n, const client_set& c, const dealt_set& set);

}  // namespace detail

guaranteed_result port_set_guaranteed(const scenario& s, const nat& n,
                                      const std::function<void()>& interrupt);

}  // namespace natbound
