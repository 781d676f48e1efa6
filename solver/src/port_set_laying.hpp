#pragma once
// Connections through a NAT that deals out its ports in sets, as blocks.
//
// Subscribers that are alike (the same client sets, sets of which static mappings keep the same
// ports) are looked at once, as one behind a NAT whose ports are those of its sets, one set after
// the other. What that one holds is then laid over the sets of all of them: its socket number i
// goes to port number i of its set, so a run of subscribers and a run of sets are two products of
// the same size, and a block.
#include <optional>
#include <string>
#include <vector>

#include "blocks.hpp"
#include "natbound/solver/demand.hpp"
#include "port_set_layers.hpp"

namespace natbound {

// Client sets, and addresses that are all of theirs: of an inner NAT's external addresses each may
// lie in several sets, whose ports differ.
struct subscriber_kind {
    std::vector<std::size_t> clients;
    address_set addresses;
};
std::vector<subscriber_kind> kinds_of(const scenario& s, const std::vector<std::size_t>& inside);

// What those of a kind hold at most, with as many sets as suits all best; the limits that all
// subscribers share are not looked at. `numbers` are those of the scenario that the NAT is of.
std::vector<block> laid_in_sets(const scenario& s, const reach_table& reach, std::size_t nat,
                                const std::vector<std::size_t>& inside,
                                const std::vector<numbered_addresses>& numbers,
                                const boost::json::storage_ptr& memory);

// A demand, evenly over each client set's addresses, or by the ports that static mappings leave
// them; nothing where neither is found to fit.
std::optional<std::vector<block>> placed_in_sets(const scenario& s, const reach_table& reach,
                                                 std::size_t nat,
                                                 const std::vector<std::size_t>& inside,
                                                 const std::vector<numbered_addresses>& numbers,
                                                 const demand_list& demand,
                                                 const boost::json::storage_ptr& memory);

}  // namespace natbound
