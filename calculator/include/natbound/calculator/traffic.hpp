#pragma once
// A scenario's traffic with everything filled in: who opens how many connections a second towards
// what, how long each stays open, and how long the NAT keeps its entry after the close. Arrivals
// are Poisson unless the scenario says otherwise. Whatever the scenario leaves out is filled in
// here and said in `assumed`.
#include <natbound/model/scenario.hpp>
#include <optional>
#include <string>
#include <vector>

namespace natbound::calculator {

// How long a flow is open, from its first packet to its close. cv is lognormal's and gamma's;
// samples (seconds) and their weights (none: all alike) are an empirical law's, or a mixture's
// means, or a histogram's edges with the weights of its bins.
struct open_time {
    hold_law law = hold_law::exponential;
    double mean = 0;  // seconds
    double cv = 0;
    std::vector<double> samples = {}, weights = {};
    friend bool operator==(const open_time&, const open_time&) = default;
};

// What happens to a share of the flows after their close: the entry stays for that many seconds.
struct closing_phase {
    close_cause cause = close_cause::tcp_fin;
    double share = 0;
    double seconds = 0;
    friend bool operator==(const closing_phase&, const closing_phase&) = default;
};

// How connections come (arrival_rule of the scenario). Those of one source are in one state
// together.
struct arrival_process {
    arrival_law law = arrival_law::poisson;
    double batch = 1;        // batches: the geometric sizes' mean
    std::size_t source = 0;  // on-off, mmpp: the entry
    // on-off (two: on, off), mmpp: the rate in each state over the mean rate; a second's changes
    // from each state to each other; and the share of time in each.
    std::vector<double> levels = {};
    std::vector<std::vector<double>> switching = {};
    std::vector<double> shares = {};
    friend bool operator==(const arrival_process&, const arrival_process&) = default;

    // Where each connection of a batch is kept with that chance, the others go elsewhere: geometric
    // sizes stay geometric, of those batches of which any is left.
    arrival_process thinned(double chance) const;
    // How many times the mean rate connections come at in the busiest state.
    double peak() const;
    bool changes() const { return !levels.empty(); }
    double longest_memory() const;  // seconds in which the state is forgotten to a part of e
};

// The traffic of one entry from one client set to one server set.
struct stream {
    std::size_t clients = 0, servers = 0;  // places in scenario.clients and scenario.servers
    double rate = 0;                       // connections a second, of all clients and endpoints
    open_time open;
    std::vector<closing_phase> closing;  // shares add up to 1; empty where `hold` was given
    // The share of each destination endpoint, addresses before ports, both ascending; empty: even.
    std::vector<double> weights;
    arrival_process arrives = {};
    double packets = 0;  // of a connection, both directions; 0: not said
    // TIME-WAIT at the client, in seconds (none: its socket goes with the NAT's entry), follows
    // closes by FIN that the client makes first; their shares of all closes, and of those by FIN.
    std::optional<double> time_wait = {};
    double fin = 1, client_closes = 1;

    double socket_hold() const;  // mean seconds that the client's own socket is taken
    double hold() const;         // mean seconds that a tuple is occupied
    double load() const { return rate * hold(); }
};

struct filled_traffic {
    std::vector<stream> streams;  // in the order of the entries, then `from`, then `to`
    bool given = false;           // by the scenario; else evenly spread, 60 s holds, a load of 1
    std::vector<std::string> assumed;

    double rate() const;  // connections a second
    bool bursty() const;  // any entry that is not Poisson
    double load() const;  // mean number of live flows if nothing is refused
};

// Throws input_error where the entries contradict one another (a `live` below what the closing
// phases alone hold), unsupported for weights over more than 2^20 endpoints.
filled_traffic fill_traffic(const scenario& s);

// Throws input_error where the scenario has no traffic, and `what` ("a risk is one of traffic")
// wants some.
void need_traffic(const scenario& s, const std::string& what);

// The NAT that translates a client set; nullptr where it is routed untranslated. Throws unsupported
// for a NAT inside another one and for two NATs that share an address.
// Throws unsupported where two NATs share external endpoints unawares: a clash is no refusal.
void refuse_clashes(const scenario& s);

const nat* nat_of(const scenario& s, std::size_t clients);

}  // namespace natbound::calculator
