#pragma once
// Port sets. ICMP's query identifier stands in a port's place, so 0 is in the type's range; where a
// port is meant, reading refuses it.
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "natbound/model/interval_set.hpp"

namespace natbound {

using port = std::uint32_t;  // 0..65535, in a wider type so that arithmetic on it can't wrap unseen
using port_set = interval_set<port>;

constexpr port port_count = 65536;

inline port_set all_ports() { return {0, port_count - 1}; }

// The ports of one parity.
const port_set& even_ports();
const port_set& odd_ports();
// "even" or "odd", where a set has no such port; else "".
std::string parity_without(const port_set& ports);

// "80", "1024-65535", or "1024-65534/2": every second one. Throws input_error with an empty path.
port_set parse_port_range(std::string_view text);
// The shortest such texts that make up a set, in ascending order.
std::vector<std::string> port_ranges(const port_set& set);
std::string to_string(const port_set& set);

}  // namespace natbound
