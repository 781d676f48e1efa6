#pragma once
// Whether a demand fits through one NAT, by itself.
#include <boost/json.hpp>
#include <optional>
#include <string>
#include <vector>

#include "blocks.hpp"
#include "natbound/solver/maximum.hpp"
#include "pair_demand.hpp"
#include "port_set_evidence.hpp"

namespace natbound {

struct nat_demand_fit {
    fit_verdict verdict = fit_verdict::unknown;
    std::string why;                 // where it does not fit, or is not settled
    std::vector<block> blocks;       // where it fits: the connections; of a NAT with port sets
    std::optional<dealt_nat> dealt;  // these
    boost::json::object item;        // of `nats`, where it does not fit
    bool told_apart = false;         // by the backends, too, which were looked at
};

// The pairs of `demand` are those of the client sets inside the NAT. `at` as a solver says: each
// client set's place in the pool, by index (paired pooling). `parts_of`: the scenario whose clients
// are inside in part alone.
nat_demand_fit demand_through(const scenario& s, const reach_table& reach, std::size_t nat,
                              const std::vector<std::size_t>& inside, const demand_list& demand,
                              const boost::json::storage_ptr& memory,
                              const std::vector<std::uint64_t>* at = nullptr,
                              const scenario* parts_of = nullptr);

// Why a pair wants more than its sockets towards each endpoint; nothing where it does not.
std::optional<std::string> short_of_sockets(const scenario& s, const pair_demand& p);

}  // namespace natbound
