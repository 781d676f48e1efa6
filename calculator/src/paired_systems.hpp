#pragma once
// Which paired pools have a law (paired_pool.hpp), and what their systems must know of each other.
#include <cstdint>

#include "natbound/calculator/paired_pool.hpp"
#include "natbound/calculator/systems.hpp"

namespace natbound::calculator::detail {

// The share of dealings that a bad one is told by.
inline constexpr double bad_dealings = 0.05;

// Throws where the traffic of these clients through the NAT has no law that is known.
void refuse_pairing(const scenario& s, const nat_plan& plan, std::size_t clients);

// Of port sets on demand: whether which subscribers share an external address matters, as what they
// may hold there is more than it has. Throws where it does and has no law that is known, and says
// what is assumed.
bool pair_sets(const scenario& s, system_split& all, std::size_t nat);

// Throws: the clients of a NAT that pairs must be alike.
[[noreturn]] void refuse_unlike(const nat& n);

// Tells the systems of a NAT that pairs of one another. Their clients must be alike: of the same
// load towards each key.
void pair_systems(const scenario& s, system_split& all, std::size_t nat);

// What log_paired_refusal() takes, at a load of the system and with so many ports an address.
paired_pool pool_of(const pairing& with, double load, double ports);

// The load of the system at which connections of the fullest address are refused with probability
// epsilon, where only bad_dealings of the dealings give it more clients.
double load_if_badly_dealt(const pairing& with, double ports, double epsilon);

}  // namespace natbound::calculator::detail
