// Splitting client addresses by the pool address that is open to them.
#include "pool_split.hpp"

#include <algorithm>
#include <numeric>

#include "natbound/model/hash.hpp"
#include "natbound/model/work.hpp"

namespace natbound {

pool_split::pool_split(const nat_plan& plan, const nat_reading& reading)
    : plan_(plan), reading_(reading), by_source_(plan.design.pool.of == hash_input::source) {
    const auto& pool = plan.of->external_ip_address_pool;
    if (reading.pool == pool_reading::any)
        spots_ = plan.holes.empty() ? std::vector<address_set>{pool} : plan.holes.alike();
    else if (reading.pool == pool_reading::lowest)
        spots_.push_back({pool.at(0), pool.at(0)});
    else
        size_ = saturated(plan.pool_size);
}

std::uint32_t pool_split::spot(std::uint64_t rank) {
    const auto [it, fresh] = spot_of_.try_emplace(rank, static_cast<std::uint32_t>(spots_.size()));
    if (fresh) {
        const ip_address a = plan_.of->external_ip_address_pool.at(rank);
        spots_.push_back({a, a});
    }
    return it->second;
}

const std::vector<pool_share>& pool_split::shares(std::size_t client, const address_set& addresses,
                                                  transport protocol, const address_set& towards) {
    const bool needs_address = reading_.pool == pool_reading::hashed && !by_source_;
    const bool needs_protocol = reading_.pool == pool_reading::any_hashed;
    const auto [it, fresh] = known_.try_emplace(
        {client, needs_protocol ? protocol : transport::tcp, needs_address ? towards.at(0) : 0});
    if (fresh) it->second = split(addresses, towards);
    return it->second;
}

std::vector<pool_share> pool_split::split(const address_set& addresses,
                                          const address_set& towards) {
    if (reading_.pool == pool_reading::any || reading_.pool == pool_reading::lowest) {
        std::vector<std::uint32_t> every(spots_.size());
        std::iota(every.begin(), every.end(), 0U);
        return {{addresses, every}};
    }
    std::map<std::vector<std::uint32_t>, address_set> found;
    std::vector<std::uint32_t> spots;
    u128 left = reading_.sources.value_or(~u128{0});
    for (const auto& part : addresses.parts())
        for (ip_address a = part.first; left > 0; ++a, --left) {
            poll();
            spots_of(a, towards, spots);
            found[spots].append(a, a);
            if (a == part.last) break;
        }
    std::vector<pool_share> out;
    for (auto& [key, set] : found) out.push_back({std::move(set), key});
    return out;
}

// The addresses of the pool that one source address may use, ascending by number.
void pool_split::spots_of(ip_address source, const address_set& towards,
                          std::vector<std::uint32_t>& spots) {
    spots.clear();
    const auto pick = [&](ip_address destination) {
        return spot(hashed_rank(plan_.design.pool, source, destination, size_));
    };
    if (by_source_ || reading_.pool == pool_reading::hashed) {
        spots.push_back(pick(towards.at(0)));
        return;
    }
    u128 left = reading_.destinations.value_or(~u128{0});
    for (const auto& to : towards.parts())
        for (ip_address d = to.first; left > 0; ++d, --left) {
            poll();
            const std::uint32_t s = pick(d);
            const auto at = std::lower_bound(spots.begin(), spots.end(), s);
            if (at == spots.end() || *at != s) spots.insert(at, s);
            if (spots.size() == size_) return;
            if (d == to.last) break;
        }
}

}  // namespace natbound
