#pragma once
// Splitting a scenario's traffic into systems that do not disturb one another: the flows towards
// one clash scope (with the scope `destination endpoint`: one destination) on one external address,
// or on all of them where the search goes on to another; where classes of source ports share no
// external port (parity), those of one class. Poisson traffic split at random stays
// Poisson (batches of geometric sizes and on-off streams stay what they are, too), so each system
// is a loss system of its own. Only a flow table joins them again.
#include <list>
#include <map>
#include <memory>
#include <natbound/calculator/simulation.hpp>
#include <natbound/calculator/traffic.hpp>
#include <string>
#include <vector>

namespace natbound::calculator {

// A kind of traffic: a client set towards a destination endpoint, or towards `endpoints` of them
// that no number can tell apart.
struct traffic_kind {
    std::size_t clients = 0, servers = 0;  // places in the scenario
    std::optional<std::size_t> nat;        // none: untranslated
    ip_address address = 0;                // one of the destination endpoints
    natbound::port port = 0;
    double endpoints = 1;
    double rate = 0, load = 0;  // of each endpoint: connections a second, and times the mean hold
    double open = 0;            // of the load, what is open: all that the server itself holds
};

// One kind's flows in a system.
struct system_part {
    std::size_t kind = 0;
    std::uint32_t destination = 0;  // of the system's
    double addresses = 0;           // client addresses
    double rate = 0;
    open_time open;
    std::vector<closing_phase> closing;
    arrival_process arrives = {};

    double load() const;
};

// Under paired pooling a system is one address of a pool, to which all its clients are dealt
// (paired_pool.hpp): with them come the loads of the pool's other keys, as parts of its own.
struct pairing {
    double clients = 0, addresses = 0;
    std::vector<std::pair<double, double>> beside;  // load over this one's, and how many are so
};

struct loss_system {
    std::size_t nat = 0;
    std::optional<std::uint64_t> rank;  // of its address in the pool, where it is one known address
    std::uint32_t ranks = 1;            // addresses that a search may try
    std::vector<transport> destinations;  // endpoints in the clash scope
    std::vector<system_part> parts;
    // Of the clients' source ports those of one class, where the classes share no external port.
    std::optional<port_set> source_ports;
    double copies = 1;   // so many systems are alike
    bool dealt = false;  // its ports are dealt out in blocks on demand
    // and all blocks of a subscriber lie on one address, which matters
    bool paired_sets = false;
    std::optional<pairing> paired;

    double load() const;
    // Of a client set's ports those of this system.
    port_set ports_of(const client_set& c) const {
        return source_ports ? c.ports & *source_ports : c.ports;
    }
};

struct system_split {
    std::vector<nat_plan> plans;  // a NAT's
    std::list<nat> own;           // what a subscriber of a NAT with port sets has to itself
    std::vector<traffic_kind> kinds;
    std::vector<loss_system> systems;
    std::vector<double> nat_load;  // a NAT's
    double load = 0, rate = 0;     // of everything
    bool unknown_hash = false;     // clients lie on addresses as `assignment` has it
    std::vector<std::string> assumed;
};

// `assignment` numbers the random assignments of clients to addresses, for hashes that are not
// known.
system_split split(const scenario& s, const filled_traffic& traffic, std::uint64_t assignment = 0);

// 200 random assignments, by the load of their heaviest system, the lightest first.
std::vector<std::pair<double, std::uint64_t>> assignments_by_load(const scenario& s,
                                                                  const filled_traffic& traffic);

// The system's cells, as a table without the limits of the whole NAT.
table_setup table_of(const system_split& all, const loss_system& system);

// The system as it is simulated: at most that many clients stand for more. Kinds are numbered as
// `kinds` (places in split.kinds, which it fills).
simulation_input input_for(const scenario& s, const system_split& all, const loss_system& system,
                           std::vector<std::size_t>& kinds);

// Systems with the same key differ in nothing but their load. The first form tells NATs and client
// sets apart by their numbers; the second only sets of one system from one another, which it lists
// in the order in which they come.
std::string structure_key(const loss_system& system, const system_split& all);
std::string structure_key(const loss_system& system, const system_split& all,
                          std::vector<std::size_t>& sets);

}  // namespace natbound::calculator
