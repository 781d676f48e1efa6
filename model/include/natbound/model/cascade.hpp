#pragma once
// A cascade (NAT444): a NAT inside another. To the outer one the inner one looks like a set of
// clients, whose addresses are its pool and whose ports are those that it may give.
#include <vector>

#include "natbound/model/plan.hpp"
#include "natbound/model/scenario.hpp"

namespace natbound {

// External ports that a NAT may give to some flow from these source ports.
port_set external_ports(const nat_plan& plan, const port_set& sources);

bool is_cascade(const scenario& s);

// Whether some client set is inside several NATs: each of its flows takes any one of them.
bool is_spread(const scenario& s);

// For each NAT the one that it is inside, or the number of NATs.
std::vector<std::size_t> outer_of(const scenario& s);

// NATs, each before the one that it is inside.
std::vector<std::size_t> inner_first(const scenario& s);

// The most places at which one flow is counted: NATs, firewalls, and limits of one protocol.
unsigned stages_of(const scenario& s);

// The same NATs side by side, so that each can be looked at alone. For each that is inside another
// a set of clients of its name stands there, after the scenario's own; traffic is written once for
// each stage that it passes, spread evenly over an inner NAT's endpoints. A flow of the cascade is
// a flow at each of its stages, so what bounds a stage bounds the cascade; the converse does not
// hold. A client set that is spread over several NATs becomes one for each ("A through left"), with
// an even part of its traffic. What meets a gate (gates.hpp) is a set of clients of its own there.
scenario side_by_side(const scenario& s);

// A client set that is spread over several NATs as one for each, as above; all else as it is.
scenario parted(const scenario& s);

// The NAT that a client set of side_by_side() stands for, or the number of NATs.
std::size_t stage_of(const scenario& flat, std::size_t client);

}  // namespace natbound
