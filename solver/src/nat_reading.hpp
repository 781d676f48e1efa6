#pragma once
// How a NAT is to be counted, as its design says: exactly, or from above and from below where
// exactness is too hard or too long.
#include <optional>
#include <string>

#include "natbound/solver/classes.hpp"

namespace natbound {

struct nat_readings {
    nat_reading above;  // exact, where there is no other
    std::optional<nat_reading> below;
    std::string why;          // two readings
    bool overloaded = false;  // below: one mapping serves several keys, and shares its endpoint
};

// The same for demands: each class of one client set and one server set.
inline nat_reading by_pair(nat_reading r) {
    r.by_pair = true;
    return r;
}

nat_readings readings_of(const scenario& s, const reach_table& reach, const nat_plan& plan,
                         const std::vector<std::size_t>& inside);

}  // namespace natbound
