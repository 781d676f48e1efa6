#pragma once
// Hashes of addresses and numbers for tables in memory: the same on every machine, and no part of
// any design.
#include <cstddef>
#include <cstdint>

#include "natbound/model/address.hpp"

namespace natbound {

// One more number, by Fibonacci hashing (Knuth, The Art of Computer Programming 3, 6.4).
constexpr std::uint64_t mixed(std::uint64_t hash, std::uint64_t next) {
    hash = (hash ^ next) * 0x9e3779b97f4a7c15U;
    return hash ^ hash >> 32U;
}
constexpr std::uint64_t mixed_address(std::uint64_t hash, ip_address a) {
    return mixed(mixed(hash, static_cast<std::uint64_t>(a)), static_cast<std::uint64_t>(a >> 64U));
}

struct address_hash {
    std::size_t operator()(ip_address a) const { return mixed_address(0, a); }
};

}  // namespace natbound
