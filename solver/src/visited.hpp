#pragma once
// What one flow's search tries on each address of the pool that it visits, and which of that is
// still to be filled: addresses differ where static mappings are kept on some of them.
#include <vector>

#include "arena.hpp"
#include "natbound/solver/sequence.hpp"

namespace natbound::detail {

struct visited_ports {
    struct part {
        address_set addresses;  // on which the same ports are kept
        count many;             // of them, that the search visits
        port_set holes;
        short_sequence sequence;
    };
    std::vector<part> parts;  // all of one source port
    std::uint64_t start = 0;  // the rank in the pool of the first address

    port source() const { return parts.front().sequence.source; }
    const part& on(ip_address a) const {
        for (const auto& p : parts)
            if (p.addresses.contains(a)) return p;
        return parts.front();
    }
    port_set ports() const {
        port_set out;
        for (const auto& p : parts) out = out | p.sequence.ports;
        return out;
    }
    // Endpoints that are to be filled.
    count size() const {
        count out = 0;
        for (const auto& p : parts) out += p.many * (p.sequence.ports - p.holes).size();
        return out;
    }
    std::vector<std::uint64_t> draws(const nat_plan& plan) const {
        std::vector<std::uint64_t> out;
        const auto& pool = plan.of->external_ip_address_pool;
        const auto size = static_cast<std::uint64_t>(plan.pool_size);
        for (std::uint64_t i = 0; i < (visits_all_addresses(plan) ? size : 1); ++i) {
            const auto& here = on(pool.at((start + i) % size)).sequence.draws;
            out.insert(out.end(), here.begin(), here.end());
        }
        return out;
    }
};

}  // namespace natbound::detail
