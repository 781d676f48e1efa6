#pragma once
// Port contiguity (RFC 4787, 4.2.3): source ports 2k and 2k + 1 are partners.
#include "natbound/model/scenario.hpp"

namespace natbound {

// Each port's partner.
port_set partners(const port_set& ports);
// Those whose partner is there, too.
port_set in_pairs(const port_set& ports);

// Whether the NAT gives a flow the port beside its partner's or none.
bool requires_contiguity(const nat& n);

// Throws unsupported where what nats[i] requires so goes with what is not settled.
void validate_contiguity(const scenario& s, std::size_t i);

}  // namespace natbound
