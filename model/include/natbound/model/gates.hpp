#pragma once
// Limits on what some client sets have live together towards some servers, whatever becomes of
// their tuples: gates. Two things in a scenario are such limits and nothing else:
// - A firewall (translates: false) in a row with NATs: before one, behind one, between two. It
//   changes no tuple, so what it has live is what its clients have live.
// - A limit of one protocol, of a NAT (or firewall) that carries several.
// So a scenario with them is the same scenario without, and its gates.
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "natbound/model/scenario.hpp"

namespace natbound {

struct gate {
    std::size_t nat = 0;                // whose limit it is, in the scenario with gates
    std::optional<transport> protocol;  // of which it is a limit; none: of all
    std::vector<std::size_t> clients;   // all whose connections pass it, however far inside
    std::vector<std::size_t> servers;   // of that protocol
    std::uint64_t most = 0;
    // Where clients are spread over NATs, and some of their ways do not pass it: the first NATs, in
    // the scenario without gates, of those that do. Empty: all that its clients send meets it.
    std::vector<std::size_t> ways = {};

    // Whether connections of the client set to the server set meet it, by some way at least.
    bool counts(std::size_t client, std::size_t server) const;
    // By this way: its first NAT, or none.
    bool counts(std::size_t client, std::size_t server, std::optional<std::size_t> way) const;
    bool on_every_way() const { return ways.empty(); }
};

// Whether it is a firewall that is inside another NAT (or firewall), or has one inside.
bool is_in_row(const scenario& s, std::size_t nat);

// Whether any firewall is in a row, or a limit is of one protocol.
bool has_gates(const scenario& s);

// Client sets and NATs whose connections come to this NAT or firewall directly, or through
// firewalls alone.
std::vector<std::string> comes_to(const scenario& s, const nat& n);

struct without_gates {
    scenario rest;                  // without firewalls in rows and limits of one protocol
    std::vector<std::size_t> nats;  // by NAT of `rest`: its number in the scenario
    std::vector<gate> gates;        // a NAT's before those that it is inside

    // A quota of a firewall whose clients are those of the NAT that it is inside becomes the NAT's.
    explicit without_gates(const scenario& s);
};

// The same without gates, but that those that count all that goes through one NAT, whose clients
// are spread over others, too, are tables of that NAT; and the other gates.
struct with_tables {
    scenario rest;
    std::vector<gate> gates;

    explicit with_tables(const without_gates& apart);
};

// The NAT that a firewall's quota can be told for, as above; nothing where it is no such one.
std::optional<std::size_t> keeps_quota_of(const scenario& s, std::size_t firewall);

// Whether some connection is counted at several places: at NATs inside one another, or at gates; or
// its clients are spread.
bool is_staged(const scenario& s);

// Whether a client set of side_by_side() is what another one, or a NAT, sends at a later stage.
// What passes a firewall that is in a row with others is a set of clients of its own there ("A at
// edge"), and so is what meets a limit of one protocol ("A at gw (tcp)"); `given_names` says whose
// it is.
bool is_later_stage(const scenario& flat, std::size_t client);

}  // namespace natbound
