#pragma once
// Where contiguity is required (RFC 4787, 4.2.3) a flow whose partner has a mapping fails if the
// port beside it is taken, however many others are free: with two live (the partner, and one that
// holds that port), or one, where that port is never given.
#include "arena.hpp"
#include "natbound/solver/guaranteed.hpp"

namespace natbound::detail {

// Into what is guaranteed of the NAT's searches. `plan` is of the NAT without its limits.
void with_partners(const scenario& s, const nat_plan& plan, const std::vector<arena>& arenas,
                   guaranteed_result& out);

}  // namespace natbound::detail
