#pragma once
// Whether a demand by pairs goes through one NAT: a maximum flow over all groups together, each
// with its keys summed.
#include <boost/json.hpp>
#include <map>
#include <optional>
#include <vector>

#include "natbound/solver/classes.hpp"
#include "pair_demand.hpp"
#include "pairing.hpp"

namespace natbound {

struct pair_flow {
    bool fits = false;
    std::vector<std::vector<placement>> placements;  // by group, all keys summed; where it fits
    std::vector<bool>
        closed;  // by demand: those whose neighbours are too few; where it does not fit
    count room;  // what there is for the closed ones: less than they want
    // By group: its source classes and external classes on the side of the source of the cut.
    std::vector<std::vector<bool>> closed_classes, open;
};

// `groups` read by_pair. Demands towards a server set that no class serves do not fit. With
// `copies` the NAT is there so many times: whether n connections in n copies fit is whether one
// would, could connections be split.
struct limit_above {
    count most;
    std::optional<std::size_t> around = {};  // a place in the list, before this one
};
struct flow_limits {
    std::map<std::size_t, count> tables;      // by NAT, where external classes say whose they are
    std::vector<std::optional<count>> rooms;  // by group, where they do not (or empty)
    // On what several demands have together, before it comes to the groups: each with the one
    // around it; and by demand (or empty) the innermost that it meets.
    std::vector<limit_above> above;
    std::vector<std::optional<std::size_t>> above_of;
    // By group (or empty): how often an external endpoint may be used over all keys together; none:
    // once for each.
    std::vector<std::optional<count>> uses;
};
pair_flow send(const std::vector<group>& groups, const std::vector<pair_demand>& demands,
               const count& copies = 1, const flow_limits& limits = {});

// What the classes of a demand are made of: its own pairs, where what a flow may use does not hang
// on what else its client reaches; else all.
reach_table reach_of(const reach_table& all, const nat_reading& reading,
                     const std::vector<pair_demand>& demands);

// The closed demands as a group of a certificate, if in this form they show that they are too many;
// and in words.
struct pair_hall {
    boost::json::object group;
    std::string in_words;
};
std::optional<pair_hall> hall_of(const scenario& s, const nat_reading& reading,
                                 const std::vector<group>& groups,
                                 const std::vector<pair_demand>& demands,
                                 const std::vector<bool>& closed,
                                 const boost::json::storage_ptr& memory);

}  // namespace natbound
