#pragma once
// Addresses of both families on one 128-bit axis: an IPv4 address a.b.c.d is the IPv6 address
// ::ffff:a.b.c.d (RFC 4291, 2.5.5.2), so that one kind of set holds both and no code asks for the
// family but reading and printing.
#include <string>
#include <string_view>

#include "natbound/model/interval_set.hpp"

namespace natbound {

using ip_address = u128;
using address_set = interval_set<ip_address>;

constexpr ip_address ipv4_base = static_cast<u128>(0xffff) << 32U;
constexpr bool is_ipv4(ip_address a) { return (a >> 32U) == 0xffff; }

// One address ("10.0.0.1", "2001:db8::1"). Throws input_error with an empty path.
ip_address parse_address(std::string_view text);
std::string to_string(ip_address a);

// An address, a prefix ("10.0.0.0/8") or a range ("10.0.0.1-10.0.0.9"). Throws input_error with an
// empty path: host bits set below a prefix, a reversed range and a range across families are
// errors.
interval<ip_address> parse_address_range(std::string_view text);

// The set as the fewest ranges, each printed as an address, a prefix where it is one, or a range;
// joined by ", ".
std::string to_string(const address_set& set);
std::string to_string(const interval<ip_address>& range);

}  // namespace natbound
