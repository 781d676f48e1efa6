#pragma once
// What the maximum is counted over. Destinations whose clash-scope keys are alike (the same clients
// may use the same external endpoints towards each) form a group; within one key, client sockets
// that may use the same external endpoints form one class, and external endpoints that the same
// sockets may use another. So the size of the problem is that of the scenario's text, and not the
// number of tuples.
#include <optional>
#include <vector>

#include "natbound/model/plan.hpp"
#include "natbound/model/scenario.hpp"

namespace natbound {

// Endpoints of one server set: addresses x ports.
struct destination_item {
    std::size_t server = 0;
    address_set addresses;
    port_set ports;

    count size() const { return addresses.size() * ports.size(); }
};
using destination_list = std::vector<destination_item>;

count endpoints(const destination_list& list);

// What a unit of a run of sockets carries.
enum class carriage {
    every,  // a unit is a socket; its mapping carries a flow to every endpoint of `to` (towards
            // each key of the group)
    each,   // a unit is an endpoint of `to` and a socket: one flow
    by_address,  // a unit is an address of `to` and a socket: a flow to each port there
};

// Sockets addresses x ports of one client set, as a run of units: the destination changes slowest,
// then the address, then the port.
struct source_run {
    std::size_t client = 0;
    address_set addresses;
    port_set ports;
    std::size_t to = 0;  // index of group::bundles
    carriage how = carriage::every;
    count units;
};

// The same as a certificate shows it: addresses x ports sockets with so many mappings each, under
// one key.
struct source_item {
    std::size_t client = 0;
    address_set addresses;
    port_set ports;
    count mappings;
    std::optional<std::size_t> to;  // the bundle, where the same sockets may use other endpoints
                                    // towards other destinations of the key
};

struct source_class {
    count weight;                          // connections that one mapping carries under its key
    count mappings;                        // under one key
    std::vector<std::uint32_t> open;       // external classes that may be searched
    std::vector<std::uint32_t> same_port;  // external classes of the very ports of this class,
                                           // where each socket may only keep its own
    std::vector<source_run> runs;
    std::vector<source_item> items;
};

struct external_class {
    address_set addresses;
    port_set ports;
    std::optional<std::size_t> nat{};  // whose they are, in a group that several NATs share

    count size() const { return addresses.size() * ports.size(); }
};

struct group {
    destination_list to;
    count keys;
    std::vector<destination_list> bundles;
    std::vector<source_class> sources;
    std::vector<external_class> externals;
};

// Which addresses of the pool are open to a flow.
enum class pool_reading {
    any,         // all of them
    lowest,      // the first alone
    hashed,      // the one that the known hash picks
    any_hashed,  // those that the known hash picks for this source and any destination that it
                 // reaches (a mapping made for one is shared by others)
};

// A NAT as it is counted: where the question itself is too hard, one reading bounds it from above
// and another from below.
struct nat_reading {
    mapping_type mapping = mapping_type::edm;  // not eim_if_possible
    natbound::clash_scope scope;
    pool_reading pool = pool_reading::any;
    // Of a known hash, only so many client addresses of each set and so many destination addresses
    // are looked at; the others are left out, or lend no address of the pool: enough for a bound
    // from below.
    std::optional<u128> sources, destinations;
    // Each class is of one client set and one server set, and each port that is kept outside its
    // range is a class of its own (edm only).
    bool by_pair = false;
};

// client_reaches[c][s]: whether client set c may connect to server set s.
using reach_table = std::vector<std::vector<bool>>;
reach_table reaches_of(const scenario& s);
// Server endpoints that a client set reaches.
count endpoints_reached(const scenario& s, const reach_table& reach, std::size_t client);

// The groups that the client sets `inside` (indices) make at the NAT. Under `reading` every mapping
// must lie under one key: adm needs the scope address or none, eim the scope none.
std::vector<group> groups_of(const scenario& s, const reach_table& reach, const nat_plan& plan,
                             const std::vector<std::size_t>& inside, const nat_reading& reading);

}  // namespace natbound
