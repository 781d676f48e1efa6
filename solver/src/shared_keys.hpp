#pragma once
// Overloading: who can sit together on one external endpoint. Sockets that reach the same
// destinations, and may use the same external endpoints, are of one kind; clash-scope keys under
// which the same kinds have mappings are of one sort. One external endpoint may carry any number of
// mappings, and of those that lie under one key one alone is live there.
#include <vector>

#include "natbound/solver/classes.hpp"

namespace natbound {

// One kind's mappings under keys of one sort.
struct stake {
    std::size_t kind;
    count weight;  // connections under one key
    destination_list to;
};

struct key_sort {
    count keys;
    std::vector<stake> stakes;
};

struct socket_kind {
    std::vector<std::uint32_t> open;                        // external classes
    std::vector<std::pair<std::size_t, std::size_t>> runs;  // class and run, of the group
    count sockets;
};

struct key_table {
    std::vector<socket_kind> kinds;
    std::vector<key_sort> sorts;
    std::vector<std::vector<std::pair<std::size_t, std::size_t>>> of_kind;  // sort and stake
};

// Of a group whose runs are of whole sockets (carriage::every), counted with scope none (eim) or
// address (adm), under the NAT's own clash scope. Sockets that keep a port that is not searched
// are left out: this is for bounds from below.
key_table key_table_of(const scenario& s, const group& g, const clash_scope& scope);

}  // namespace natbound
