#pragma once
// A demand where a mapping carries several connections: those that are needed are placed, and each
// is given as many destinations as it takes.
#include <optional>
#include <vector>

#include "blocks.hpp"
#include "pair_demand.hpp"

namespace natbound {

// `reading` with mapping eim or adm, under a clash scope that each mapping lies in once. Nothing
// where the mappings that are needed do not fit.
std::optional<std::vector<block>> place_shared_mappings(const scenario& s, const reach_table& reach,
                                                        const nat_plan& plan,
                                                        const std::vector<std::size_t>& inside,
                                                        const nat_reading& reading,
                                                        const demand_list& demands,
                                                        std::size_t nat);

// The same for adm: as many mappings towards the addresses of a server set as its ports ask for,
// those of server sets on the same addresses shared.
std::optional<std::vector<block>> place_address_mappings(const scenario& s, const nat_plan& plan,
                                                         const std::vector<std::size_t>& inside,
                                                         nat_reading reading,
                                                         const demand_list& demands,
                                                         std::size_t nat);

}  // namespace natbound
