#pragma once
// The clients' own ports. A client address has one socket a source port towards each destination
// endpoint, and offers no connection where all of them are taken: connect() fails before anything
// is sent. A socket is taken while its connection is open, and then for as long as the client keeps
// TIME-WAIT (stream::socket_hold): of 28,232 ports and 60 s that is 470 connections a second.
//
// The number taken of one address towards one endpoint is that of a loss system: its connections
// are Poisson, so that Erlang's formula is exact for any law of times where nothing further on
// refuses, and an upper bound where something does (what is refused takes no socket).
#include <natbound/calculator/burst_limit.hpp>
#include <natbound/calculator/traffic.hpp>
#include <natbound/model/scenario.hpp>
#include <optional>
#include <string>
#include <vector>

namespace natbound::calculator {

// How a client without a free port of its own sees it.
inline constexpr const char* out_of_ports =
    "connect() fails at once with EADDRNOTAVAIL (cannot assign requested address); nothing is sent";

// What each address of a client set wants of its own ports towards the endpoints of a server set.
struct own_ports {
    std::size_t clients = 0, servers = 0;  // places in the scenario
    std::string destination;               // the busiest endpoint
    double ports = 0;                      // of the client address
    double load = 0;     // mean sockets towards the busiest endpoint, if none were refused
    double hold = 0;     // mean seconds that a socket is taken
    double rate = 0;     // connections a second, of all addresses towards all endpoints
    bool waits = false;  // TIME-WAIT is part of it
    std::optional<burst_law> bursts = {};  // where they are not Poisson
    // Each endpoint's load over that of the busiest, where they differ.
    std::vector<double> shares = {};

    // The most connections a second of one client address towards one endpoint, in the long run.
    double most_per_second() const { return ports / hold; }
    // log probability that a connection towards the busiest endpoint finds no free port, with all
    // rates scaled; and of any connection.
    double log_refusal(double scale) const;
    double average(double scale) const;
    // The scale at which log_refusal is log(target).
    double scale_for(double target) const;
};

// Of every client set and server set with traffic between them, in that order. `unknown` (not null)
// gets the names of client sets whose connections come in bursts that no chain is known for: none
// of theirs is listed.
std::vector<own_ports> own_ports_of(const scenario& s, const filled_traffic& traffic,
                                    std::vector<std::string>* unknown = nullptr);

}  // namespace natbound::calculator
