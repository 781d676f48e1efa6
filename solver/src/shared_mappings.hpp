#pragma once
// A demand under endpoint-independent mapping: each client set needs as many mappings as its
// largest demand towards one server set asks for.
#include <optional>
#include <vector>

#include "blocks.hpp"
#include "pair_demand.hpp"

namespace natbound {

// `groups` read by pair with mapping eim. Nothing where the mappings that are needed do not fit;
// each unit of the blocks is one mapping.
std::optional<std::vector<block>> place_shared_mappings(const scenario& s,
                                                        const std::vector<group>& groups,
                                                        const std::vector<pair_demand>& demands,
                                                        std::size_t nat);

}  // namespace natbound
