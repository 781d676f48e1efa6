#pragma once
// Clash-scope keys by kind, and the mappings of each client set under one, as terms over sizes.
#include <string>
#include <utility>
#include <vector>

#include "all_sizes_terms.hpp"
#include "natbound/model/plan.hpp"
#include "natbound/solver/classes.hpp"

namespace natbound {

// "c0-addresses": of client set 0 (v: server set, p: place, n: NAT).
term size_name(char kind, std::size_t i, const std::string& what);

// What one mapping carries, and how many a socket has.
struct mapping_terms {
    term weight, each;
};
struct key_terms {
    term keys;                                                    // how many
    std::vector<std::pair<std::size_t, mapping_terms>> mappings;  // by client set
};

// Where servers lie: for each place the server sets.
using server_places = std::vector<std::vector<std::size_t>>;
term endpoints_of(const server_places& places, std::size_t server);

// Throws unsupported where a mapping lies under several keys.
std::vector<key_terms> key_terms_of(const scenario& s, const reach_table& reach,
                                    const server_places& places, const nat_plan& plan,
                                    const std::vector<std::size_t>& inside);

}  // namespace natbound
