#pragma once
// An assignment as blocks: runs of sockets on runs of external endpoints, as docs/certificates.md
// writes them.
#include <boost/json.hpp>
#include <memory>
#include <vector>

#include "natbound/solver/classes.hpp"
#include "pairing.hpp"

namespace natbound {

struct target {
    destination_list list;
    count endpoints;
};

// What carries a block's units at one NAT.
struct hop {
    std::size_t nat = 0;
    address_set addresses;
    port_set ports;
    count first;
    bool preserve = false;
};

struct block {
    std::shared_ptr<const target> to;
    std::size_t client = 0;
    address_set addresses;
    port_set ports;
    count first, shift;
    std::optional<std::size_t> nat;  // none: routed as it is
    address_set via_addresses;
    port_set via_ports;
    count via_first;
    count size;
    count weight = 1;  // connections of one mapping
    bool preserve = false, spread = false;
    std::vector<hop> before;  // NATs passed before `nat`, the innermost first

    count connections() const { return spread ? size : size * to->endpoints; }
    count mappings() const { return connections() / weight; }
};

// Leaves only the addresses that a block's units lie on, on both sides.
void trim(block& b);

// A part of a block: units from .. from + size - 1, towards these.
block part_of(const block& b, std::shared_ptr<const target> to, const count& from,
              const count& size);

// The blocks of what pair_up found.
std::vector<block> blocks_of(const group& g, const pairing& found, std::size_t nat);

// Endpoints number from .. from + size - 1 of a list, in order.
destination_list slice_endpoints(const destination_list& list, count from, count size);

count connections(const std::vector<block>& blocks);

// The first so many mappings, heaviest first; of the last block a part.
void keep_mappings(std::vector<block>& blocks, const count& most);
// The first so many connections; the last mapping may lose some of its own. Returns the number of
// mappings that are left.
count keep_connections(std::vector<block>& blocks, const count& most);

boost::json::array to_json(const std::vector<block>& blocks, const scenario& s,
                           const boost::json::storage_ptr& memory);

// Pieces of JSON that certificates share.
boost::json::value json_count(const count& value);
boost::json::array json_set(const address_set& set, const boost::json::storage_ptr& memory);
boost::json::array json_set(const port_set& set, const boost::json::storage_ptr& memory);
boost::json::array to_json(const destination_list& list, const scenario& s,
                           const boost::json::storage_ptr& memory);

}  // namespace natbound
