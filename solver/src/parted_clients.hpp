#pragma once
// Clients that are spread over several NATs, given to each in part: what fits then fits.
#include <vector>

#include "blocks.hpp"

namespace natbound {

struct parted_clients {
    scenario s;  // as given, with the parts as client sets, under the same names
    reach_table reach;
    std::vector<std::vector<std::size_t>> inside;  // by NAT, and (last) inside none
    std::vector<std::size_t> client_of;            // by part

    explicit parted_clients(const scenario& given);

    std::vector<block> named_back(std::vector<block> blocks) const;
};

}  // namespace natbound
