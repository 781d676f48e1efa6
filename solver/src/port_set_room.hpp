#pragma once
// What one subscriber can hold with so many port sets.
//
// Inside a subscriber's sets nothing tells one port from another: every mapping of the subscriber
// may have every port of them. So under each clash-scope key it holds as many mappings as it has
// sockets for and its sets have ports, the heaviest first: concave in the ports, and so is the sum
// over keys, and what a quota leaves of it. So it is concave in the sets, from the first on that is
// as large as those after it (a deterministic set, which comes first, is every address's anyway).
// How the sets lie on addresses plays no part.
#include <optional>
#include <vector>

#include "nat_reading.hpp"
#include "natbound/model/holes.hpp"
#include "natbound/model/port_sets.hpp"

namespace natbound {

// Mappings that carry so many connections each.
struct weighed_mappings {
    count weight, mappings;
};
using mapping_list = std::vector<weighed_mappings>;

// The first mappings of a list, heaviest first, within limits on mappings and on connections; the
// last may carry fewer.
mapping_list kept(mapping_list all, const std::optional<count>& mappings,
                  const std::optional<count>& connections);
count connections(const mapping_list& list);

class subscriber_room {
  public:
    // Of a client address that lies in these client sets, at a NAT with port-set. `kept`: ports of
    // its sets that static mappings keep.
    subscriber_room(const scenario& s, const reach_table& reach, const nat& n,
                    const std::vector<std::size_t>& clients, const std::vector<hole>& kept = {});

    // The most connections with so many sets: `above` is never passed, `below` can be had.
    count above(const count& sets) const { return connections(held_in(above_, sets)); }
    count below(const count& sets) const;
    // Those of `below`, by mapping.
    mapping_list held(const count& sets) const;

    const nat_readings& readings() const { return readings_; }
    std::optional<std::uint64_t> quota() const { return quota_; }
    // Under a key of the group, of sets of which static mappings keep these.
    count ports_for(const group& g, const count& sets, const std::vector<hole>& kept) const;
    // Its mappings under each kind of key, as `below` reads them and told apart by server set; the
    // server sets are the scenario's, the one client set has the number 0.
    std::vector<group> told_apart() const;

  private:
    mapping_list held_in(const std::vector<group>& groups, const count& sets) const;

    scenario alone_;
    reach_table reach_;
    std::vector<std::size_t> inside_;
    subscriber_port_sets rule_;
    std::vector<hole> kept_;
    std::optional<std::uint64_t> quota_;
    nat_readings readings_;
    std::vector<group> above_, below_;  // of one subscriber; below_ empty where above is exact
};

}  // namespace natbound
