#pragma once
// Reasons in the scenario's own words.
#include <string>
#include <vector>

#include "natbound/model/table_words.hpp"
#include "natbound/solver/classes.hpp"
#include "pairing.hpp"

namespace natbound {

// "A", "A and X", "A, B and 998 others"
std::string listed(const std::vector<std::string>& names);

// "C:80", "each of the 100 endpoints of C"
std::string destinations_in_words(const scenario& s, const destination_list& to, const count& keys,
                                  scope_destination scope);

// "A and X want 129,024 tuples towards C:80; only 64,512 are open to them", of the group and level
// that lack most; empty where nothing is lacking.
std::string shortage_in_words(const scenario& s, const std::vector<group>& groups,
                              const std::vector<pairing>& pairings, scope_destination scope);

// "the clients' own ports: ..."
std::string sockets_in_words(const scenario& s, const std::vector<std::size_t>& clients);

}  // namespace natbound
