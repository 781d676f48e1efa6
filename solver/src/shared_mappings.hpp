#pragma once
// A demand where a mapping carries several connections: those that are needed are placed, and each
// is given as many destinations as it takes.
#include <optional>
#include <vector>

#include "blocks.hpp"
#include "pair_demand.hpp"

namespace natbound {

struct shared_placing {
    std::optional<std::vector<block>> blocks;  // nothing where what is needed does not fit
    demand_list closed;  // then: pairs whose mappings may use too few external endpoints alone
};

// `reading` with mapping eim or adm, under a clash scope that each mapping lies in once.
shared_placing place_shared_mappings(const scenario& s, const reach_table& reach,
                                     const nat_plan& plan, const std::vector<std::size_t>& inside,
                                     const nat_reading& reading, const demand_list& demands,
                                     std::size_t nat);

// The same for adm: as many mappings towards the addresses of a server set as its ports ask for,
// those of server sets on the same addresses shared.
shared_placing place_address_mappings(const scenario& s, const nat_plan& plan,
                                      const std::vector<std::size_t>& inside, nat_reading reading,
                                      const demand_list& demands, std::size_t nat);

}  // namespace natbound
