#pragma once
// An arena: the flows that compete for the same external endpoints, that is, of one clash scope and
// one way into the pool.
#include <optional>
#include <string>
#include <vector>

#include "natbound/model/nat_table.hpp"

namespace natbound::detail {

// One client address with one destination: it has a socket for each of the client set's ports.
struct actor {
    const client_set* clients;
    ip_address address;
    const server_set* server;
    endpoint destination;

    flow at(port source) const { return {server->protocol, {address, source}, destination}; }
    std::uint64_t sockets() const { return saturated(clients->ports.size()); }
    std::string from(port source) const {  // "A (10.0.0.1, source port 1024)"
        return clients->name + " (" + to_string(address) + ", source port " +
               std::to_string(source) + ")";
    }
    std::string from_to(port source) const {
        return from(source) + " to " + server->name + ":" + std::to_string(destination.port);
    }
};

struct arena {
    std::optional<std::uint64_t>
        rank;  // the pool address where each search starts, where it is fixed
    std::vector<actor> actors;
    bool all =
        true;  // every competing client address is in `actors`; else only as many as can matter
    count sockets = 0;   // that may come to these endpoints; exact where `all`
    bool mixed = false;  // the search goes on to other addresses, where others' flows come from
};

// One arena of each kind that occurs behind the NAT: destinations that are alike are represented by
// one. `enough` sockets of each client set suffice.
std::vector<arena> arenas(const scenario& s, const nat_plan& plan, std::uint64_t enough);

// Whether one search goes on to other addresses: not that of a client which has one already.
inline bool visits_all_addresses(const nat_plan& plan) {
    return plan.design.pool.fallback && !plan.pairs();
}

// The client sets inside a NAT.
std::vector<const client_set*> inside(const scenario& s, const nat& n);

// Goes through the endpoints that the client set reaches (by server set, address, port), until
// f(server, endpoint) says yes of one; whether it did.
template <class F>
bool any_destination(const scenario& s, const client_set& c, F&& f) {
    for (const auto& v : s.servers) {
        if (!reaches(c, v)) continue;
        for (const auto& part : v.addresses.parts())
            for (ip_address a = part.first;; ++a) {
                for (const auto& at : v.ports.parts())
                    for (port q = at.first; q <= at.last; ++q)
                        if (f(v, endpoint{a, q})) return true;
                if (a == part.last) break;
            }
    }
    return false;
}

}  // namespace natbound::detail
