#pragma once
// The limits that a connection meets, in the order in which they are asked: what polices a NAT
// first, then what it counts, then its search for a port; the servers last. A refused connection
// counts for the first that refuses it.
#include <array>
#include <cstddef>
#include <cstdint>

#include "natbound/model/nat_table.hpp"

namespace natbound::calculator {

enum class asked : std::uint8_t {
    packets,
    rate,
    quota,
    subscribers,
    table,
    blocks_of_one,  // the port sets that a subscriber may hold
    blocks,         // those of all
    mapping,        // of endpoint-independent mapping: another one holds the endpoint there
    ports,
    listen,
    servers
};
inline constexpr std::size_t asked_limits = 11;

// As `kind` of answers has it.
constexpr const char* name_of(asked limit) {
    constexpr std::array<const char*, asked_limits> names{
        "packets", "rate",    "quota", "subscribers", "table",  "blocks of one subscriber",
        "blocks",  "mapping", "ports", "listen",      "servers"};
    return names[static_cast<std::size_t>(limit)];
}

constexpr asked asked_of(refusal why) {
    switch (why) {
        case refusal::quota:
            return asked::quota;
        case refusal::subscribers:
            return asked::subscribers;
        case refusal::table_full:
            return asked::table;
        case refusal::conflict:
            return asked::mapping;
        case refusal::sets_of_one:
            return asked::blocks_of_one;
        case refusal::no_set:
            return asked::blocks;
        case refusal::no_port:
        case refusal::none:
            break;
    }
    return asked::ports;
}

// How many each refused.
using refusals_by_limit = std::array<std::uint64_t, asked_limits>;

}  // namespace natbound::calculator
