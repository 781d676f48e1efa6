#pragma once
// One NAT with all of its traffic as one simulation.
#include <string>
#include <vector>

#include "natbound/calculator/simulation.hpp"

namespace natbound::calculator::detail {

struct named_kind {
    std::size_t clients = 0, servers = 0;
    std::string destination;  // empty: the whole set
};

struct whole_nat {
    simulation_input input;
    std::vector<named_kind> kinds;
    double copies = 1;  // so many are alike, and one is simulated
    std::vector<std::string> assumed;
};

// `plan` must outlive what is made. Hashes that are not known are any fixed function: `assignment`
// says which.
whole_nat whole_nat_of(const scenario& s, const filled_traffic& traffic, const nat_plan& plan,
                       std::uint64_t assignment);

// A number of which nothing is known but that it is a function of these.
std::uint64_t mixed(ip_address a, ip_address b, std::uint64_t assignment);

std::string endpoint_text(ip_address a, port p);

}  // namespace natbound::calculator::detail
