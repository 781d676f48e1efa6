#pragma once
// Destinations, sorted by clash-scope key: which endpoints lie under one key, and which keys are
// alike.
#include <vector>

#include "natbound/solver/classes.hpp"

namespace natbound {

// Endpoints under a key that the same clients reach and that belong to one server set; under each
// of the family's keys as many.
struct key_part {
    destination_list to;
    std::vector<bool> reached;  // by index of `inside`
    transport protocol = transport::tcp;
    std::size_t place =
        0;  // parts with equal places have equal addresses; set where places are asked for
};

struct key_family {
    count keys;
    std::vector<key_part> parts;
};

struct family_question {
    clash_scope scope;
    bool places =
        false;  // split by address, so that a mapping of one destination address is one place
    bool by_server = false;            // keys of different server sets are not alike
    bool single_addresses = false;     // split down to single addresses
    std::optional<u128> destinations;  // of single addresses, the first so many alone
};

std::vector<key_family> key_families(const scenario& s, const reach_table& reach,
                                     const std::vector<std::size_t>& inside,
                                     const family_question& question);

}  // namespace natbound
