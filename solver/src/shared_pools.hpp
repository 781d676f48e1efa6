#pragma once
// NATs (and clients that nothing translates) that share external endpoints without knowing of one
// another, or over which clients are spread. Towards each destination a tuple is one flow, so
// together they have at most as many as the endpoints of all of them, and as the sockets of their
// clients.
#include <vector>

#include "joint_maximum.hpp"
#include "nat_capacity.hpp"
#include "natbound/model/ways_out.hpp"

namespace natbound {

struct shared_pools {
    std::vector<way_out> ways;
    std::vector<clash> clashes;

    explicit shared_pools(const scenario& s);

    // The most that all ways have, where each by itself has `alone`, and some NATs together what
    // `joint` says; `sets_it` where it is less.
    count at_most(const scenario& s, const std::vector<count>& alone,
                  const std::vector<joint_capacity>& joint, std::string& sets_it) const;
    // The addresses that way number w leaves to those before it.
    address_set left_by(std::size_t w) const;
};

}  // namespace natbound
