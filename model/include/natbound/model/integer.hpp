#pragma once
// Integers: 128 bits for addresses, 512 checked ones for counts, so that no count ever overflows
// unseen.
#include <boost/multiprecision/cpp_int.hpp>
#include <cstdint>
#include <string>

namespace natbound {

__extension__ using u128 = unsigned __int128;

// A number of tuples, flows or endpoints. The largest that can be asked for, all IPv6 sockets times
// all IPv6 endpoints, is 2^288; past 512 bits an operation throws std::overflow_error, so none
// wraps unseen.
using count = boost::multiprecision::checked_int512_t;

inline count to_count(u128 value) {
    count high = static_cast<std::uint64_t>(value >> 64U);
    return (high << 64) + static_cast<std::uint64_t>(value);
}

// The value if it fits into 64 bits, else the largest one that does.
inline std::uint64_t saturated(const count& value) {
    const count top = UINT64_MAX;
    return static_cast<std::uint64_t>(value < top ? value : top);
}

// 64512 as "64,512": for sentences, never for JSON.
std::string grouped(const count& value);

}  // namespace natbound
