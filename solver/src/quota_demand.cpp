// The ways to place a demand within quotas, one after the other.
#include "keyed_blocks.hpp"
#include "nat_reading.hpp"
#include "pair_network.hpp"
#include "quota.hpp"
#include "shared_mappings.hpp"

namespace natbound {

std::optional<std::vector<block>> placed_within(const scenario& s, const reach_table& reach,
                                                const nat_plan& plan, std::size_t nat,
                                                const std::vector<std::size_t>& inside,
                                                const nat_reading& reading,
                                                const std::vector<pair_demand>& pairs,
                                                const count& quota) {
    const bool shared = reading.mapping != mapping_type::edm;
    if (!shared) {
        const auto groups =
            groups_of(s, reach_of(reach, reading, pairs), plan, inside, by_pair(reading));
        if (auto found = pairs_within(s, groups, pairs, nat)) return found;
    }
    const auto laid =
        [&](const std::optional<thinned>& thin,
            const std::vector<pair_demand>& renamed) -> std::optional<std::vector<block>> {
        if (!thin) return std::nullopt;
        if (shared) {
            auto found = place_shared_mappings(thin->s, thin->reach, plan, thin->inside, reading,
                                               renamed, nat)
                             .blocks;
            if (found) found = thin->named_back(std::move(*found));
            return found;
        }
        const auto groups = groups_of(thin->s, thin->reach, plan, thin->inside, by_pair(reading));
        auto flow = send(groups, renamed);
        if (!flow.fits) return std::nullopt;
        return thin->named_back(blocks_over_keys(groups, std::move(flow.placements), nat));
    };
    auto renamed = pairs;
    const auto thin = thinned_to_pairs(s, reach, quota, shared, renamed);
    auto found = laid(thin, renamed);
    if (found || !shared) return found;
    renamed = pairs;
    const auto dealt = dealt_to_pairs(s, quota, renamed);
    return laid(dealt, renamed);
}

}  // namespace natbound
