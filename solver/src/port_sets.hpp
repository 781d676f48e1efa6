#pragma once
// Maximum and demand of a NAT that deals out its ports in sets (port-set: deterministic NAT, port
// blocks). Counted per client set, never per client address.
#include <string>
#include <vector>

#include "nat_capacity.hpp"
#include "natbound/solver/maximum.hpp"
#include "port_set_layers.hpp"
#include "port_set_room.hpp"

namespace natbound {

// How many sets client addresses have anyway (deterministic: one each), how many more there are for
// all, and the most of one address, its own among them.
struct port_set_supply {
    count own, shared, each, subscribers;
    count sets() const { return own * subscribers + shared; }
};
port_set_supply supply_of(const nat& n, const count& subscribers);
// What is there for all; and the most that one address may have.
std::string shared_in_words(const nat& n, const port_set_supply& supply);
std::string own_in_words(const nat& n, const port_set_supply& supply);

// `room` as in capacity_of.
nat_capacity port_set_capacity(const scenario& s, const reach_table& reach, std::size_t nat,
                               const std::vector<std::size_t>& inside,
                               const boost::json::storage_ptr& memory, server_room* room = nullptr);

// In place of counts the blocks, which are found whatever else the scenario holds; at_most stays.
// `numbers` are those of the scenario that the NAT is of.
void lay_out(nat_capacity& out, const scenario& s, const reach_table& reach, std::size_t nat,
             const std::vector<std::size_t>& inside, const std::vector<numbered_addresses>& numbers,
             const boost::json::storage_ptr& memory, server_room* room = nullptr);

struct port_set_fit {
    fit_verdict verdict = fit_verdict::unknown;
    std::string why;
    dealt_nat dealt;           // where it fits
    boost::json::object item;  // of `nats`, where it does not
};
port_set_fit port_set_fits(const scenario& s, const reach_table& reach, std::size_t nat,
                           const std::vector<std::size_t>& inside, const demand_list& mine,
                           const boost::json::storage_ptr& memory);

}  // namespace natbound
