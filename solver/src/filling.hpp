#pragma once
// Histories that fill just the endpoints that one flow would probe.
#include <optional>

#include "arena.hpp"
#include "trace.hpp"
#include "visited.hpp"

namespace natbound::detail {

struct filling {
    boost::json::array trace;  // ends with the endpoints full
    actor who;                 // the flow that then fails
    port source = 0;
    std::vector<std::uint64_t> draws;  // and what it draws
    std::uint64_t live = 0;
};

// Fills the ports of `visited` (on each address that the search visits) with flows of the arena
// other than the failing one, stepping the concrete design; nothing where this way finds none.
std::optional<filling> fill(const nat_plan& plan, const arena& where, const actor& failing,
                            const visited_ports& visited);

// For a complete search that preserves nothing: all ports of all addresses, in order, without
// stepping each flow; stops at `most` flows.
std::optional<filling> fill_all(const nat_plan& plan, const arena& where, std::uint64_t most);

// The first `most` sockets of the arena, whatever they get: no search fails below guaranteed, so
// any history will do.
std::optional<filling> fill_table(const nat_plan& plan, const std::vector<arena>& all,
                                  std::uint64_t most);

// One address of the client set opens flows towards everything that it reaches, until the quota
// refuses one; nothing where something else refuses before, or the quota is too large to be
// stepped.
std::optional<filling> fill_quota(const scenario& s, const nat_plan& plan, const client_set& c);

// The same of all clients, until the table is full with `most`.
std::optional<filling> fill_limit(const scenario& s, const nat_plan& plan, std::uint64_t most);

// The same with a mapping of its own for each flow, which is what a limit on mappings counts (the
// table does not keep one).
std::optional<filling> fill_mappings(const scenario& s, const nat_plan& plan, std::uint64_t most);
// The most mappings that all clients inside can have, where one carries several connections.
count most_mappings(const scenario& s, const nat_plan& plan);

}  // namespace natbound::detail
