#pragma once
// Pieces of a network's stages written as sets of clients.
#include <functional>
#include <string>
#include <vector>

#include "natbound/model/scenario.hpp"

namespace natbound {

// A share of the entry's traffic, from this set; `addresses` of all that it is from.
traffic_entry a_part(const traffic_entry& t, const std::string& from, double share,
                     double addresses);

// What a NAT sends outwards; `sent`: what a client set or NAT inside it does.
client_set sent_by(const scenario& s, std::size_t n,
                   const std::function<client_set(const std::string&)>& sent);

const client_set* client_named(const scenario& s, const std::string& name);
double addresses_of(const client_set& c);

// What the part of a client set is called that a NAT is the way of.
inline std::string part_through(const std::string& clients, const std::string& nat) {
    return clients + " through " + nat;
}

// As where no traffic is given: even over client addresses and, for each, over server endpoints;
// one live in all.
std::vector<traffic_entry> even_traffic(const scenario& s);

// Where a scenario has gates: side by side without them, and each gate as a firewall with clients
// of its own, who reach what it counts ("A at edge", "A at gw (tcp)").
scenario gates_beside(const scenario& s);

}  // namespace natbound
