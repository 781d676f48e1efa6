#pragma once
// NATs that require contiguity (RFC 4787, 4.2.3): source ports 2k and 2k + 1 of a client, where
// both have mappings, have external ports 2j and 2j + 1 of one address.
//
// No more fits there than where parity alone is kept, and that bound has its certificate already.
// What fits is laid so that partners are together: as copies of the even ports' half, or with one
// of the two unused (port_division.hpp). Where both meet the answer is exact: wherever clients'
// ports, and the external ones, come in whole pairs; and wherever there are more than enough of
// source ports. Else there are bounds.
#include "nat_capacity.hpp"
#include "natbound/solver/maximum.hpp"

namespace natbound {

// Whether a NAT requires it of clients that have ports which are partners.
bool keeps_pairs(const scenario& s);

// The maximum with parity alone, `out`, laid anew at such NATs.
void lay_in_pairs(const scenario& s, nat_capacity& out, const boost::json::storage_ptr& memory);
// The same without those NATs' connections: where there is no time for it.
void leave_out_pairs(const scenario& s, nat_capacity& out);

fit_result fits_in_pairs(const scenario& s, const demand_list& demand);

}  // namespace natbound
