// Reading the rounds: which ports a round is sure to reach, for the worst draw.
#include "natbound/calculator/search_facts.hpp"

#include <algorithm>
#include <vector>

namespace natbound::calculator {
namespace {

// Different ranks in a run of that many probes whose offset wraps after the first j of them (all
// counted after the skipped first probe): the j up to rank `end`, going round, and those from rank
// 0.
std::uint64_t joined(std::uint64_t size, std::uint64_t end, std::uint64_t j, std::uint64_t rest) {
    if (j >= size || rest >= size) return size;
    const auto overlap = [&](std::uint64_t first,
                             std::uint64_t after) {  // of [first, after) with [0, rest)
        return std::min(after, rest) > first ? std::min(after, rest) - first : 0;
    };
    std::uint64_t both = 0;
    if (j <= end + 1) {
        both = overlap(end + 1 - j, end + 1);
    } else {
        both = overlap(0, end + 1) + overlap(size - (j - end - 1), size);
    }
    return j + rest - both;
}

std::uint64_t least_of_run(const search_round& round, std::uint64_t size, std::uint64_t probes,
                           std::uint64_t from) {
    std::uint64_t least = std::min(size, probes - from);
    if (!round.offset_bits) return least;
    const std::uint64_t width = std::uint64_t{1} << *round.offset_bits;
    const std::uint64_t draws = draw_count(round, size);
    if (probes > width) return 1;
    for (std::uint64_t j = 1; j < probes; ++j) {
        // a start that is not drawn may be any rank
        const std::uint64_t starts = is_drawn(round) ? draws : size;
        if (width - j >= starts) continue;
        least = std::min(least, joined(size, (width - 1) % size, j > from ? j - from : 0,
                                       probes - std::max(j, from)));
    }
    return least;
}

std::uint64_t least_of_walk(const search_round& round, const port_range_plan& range,
                            std::uint64_t probes, std::uint64_t from) {
    std::vector<std::uint64_t> seen(range.size);
    std::uint64_t least = probes;
    for (std::uint64_t start = 0; start < range.size; ++start) {
        std::uint64_t rank = start, distinct = 0;
        for (std::uint64_t i = from; i < probes; ++i) {
            if (seen[rank] != start + 1) ++distinct;
            seen[rank] = start + 1;
            rank = probed_rank<std::uint64_t>(round, 0, 1, rank, range.size, range.lowest);
        }
        least = std::min(least, distinct);
    }
    return least;
}

}  // namespace

search_facts facts_of(const nat_plan& plan, port source) {
    const auto& range = plan.class_of(source);
    const bool preserved = plan.preserves(source);
    search_facts out;
    out.least_busy = preserved ? 1 : 0;
    // of the range's own ports: a preserved port may lie outside
    std::uint64_t reached = preserved && range.ports.contains(source) ? 1 : 0;
    std::uint64_t skipped = preserved && plan.design.search.first_choice_counts ? 1 : 0;
    bool independent = !preserved;
    std::uint64_t tries = 0;
    const auto rounds = plan.rounds(range.size);
    for (const auto& round : rounds) {
        const std::uint64_t probes = probe_count(round, range.size);
        const std::uint64_t from = std::min(skipped, probes);
        skipped = 0;
        const std::uint64_t draws = draw_count(round, range.size);
        independent =
            independent && round.step == step_kind::independent && draws % range.size == 0;
        tries += probes;
        if (from == probes) continue;
        // the probe that was left out was the own port's, which was looked at already
        const bool own_seen =
            from == 1 && round.start == start_kind::own_port && range.ports.contains(source);
        std::uint64_t least = 1;
        switch (round.step) {
            case step_kind::ascend:
                least = least_of_run(round, range.size, probes, own_seen ? 0 : from);
                break;
            case step_kind::ascend_then_descend:
                least = std::min(range.size, probes - (own_seen ? 0 : from));
                break;
            case step_kind::independent:
                break;
            case step_kind::scaled:
                least = least_of_walk(round, range, probes, from);
                break;
        }
        out.least_busy = std::max(out.least_busy, least);
        reached = std::max(reached, least);
    }
    out.complete = !rounds.empty() && reached >= range.size;
    if (independent && tries > 0) out.independent_tries = tries;
    return out;
}

}  // namespace natbound::calculator
