#pragma once
// Who sends flows into one place, and from which endpoints: NATs from their pools, clients that
// nothing translates from their own. Two that may use one endpoint towards one destination can send
// two flows with one tuple: a clash, which no allocator of either can see.
#include <optional>
#include <string>
#include <vector>

#include "natbound/model/scenario.hpp"

namespace natbound {

struct way_out {
    std::string name;
    std::optional<std::size_t> nat, client;  // one of the two
    address_set addresses;
    port_set ports;
    std::vector<bool> reaches;  // by server set
};

// Into the NAT `view`, or (the number of NATs) into what is outside all. `flat` is the scenario, or
// side_by_side() of a cascade.
std::vector<way_out> ways_out(const scenario& flat, std::size_t view);

struct clash {
    std::size_t first = 0, second = 0;  // ways out
    address_set addresses;              // shared
    port_set ports;
    std::size_t server = 0;  // that both reach
};
std::vector<clash> clashes_of(const std::vector<way_out>& ways);

// "A and B share 203.0.113.5 ports 1024-65535: ...", of the first clash outside all NATs; nothing
// where there is none. Throws unsupported where two clash inside a NAT.
std::optional<std::string> clash_in_words(const scenario& s);

}  // namespace natbound
