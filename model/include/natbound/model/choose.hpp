#pragma once
// The search: the first port of a flow's probe sequence that is free. A template over the random
// source and what tells the taken ports (port_bits, sparse_port_bits), so that one text is stepped
// by the simulator, replayed from a trace, and run over all draws.
#include <optional>

#include "natbound/model/plan.hpp"
#include "natbound/model/port_bits.hpp"
#include "natbound/model/random.hpp"

namespace natbound {

// What a search may do with closing entries for this flow: nothing, unless the design takes them
// over and the flow is TCP.
struct take_over_rule {
    bool allowed = false;
    double chance = 0;
};

struct chosen_port {
    port at;
    bool taken_over;  // a closing entry was there
};

namespace detail {

// One round, probe by probe.
template <class Ports, class Random>
std::optional<chosen_port> walk(const search_round& round, const port_range_plan& range,
                                const Ports& taken, std::uint64_t draw, std::uint64_t from,
                                take_over_rule reuse, Random& random) {
    const std::uint64_t probes = probe_count(round, range.size);
    std::uint64_t previous = 0;
    for (std::uint64_t i = from; i < probes; ++i) {
        if (round.step == step_kind::independent && i > from)
            draw = random.draw(draw_count(round, range.size));
        const std::uint64_t rank = probed_rank<std::uint64_t>(round, draw, static_cast<unsigned>(i),
                                                              previous, range.size, range.lowest);
        const port p = range.at(rank);
        if (!taken.busy(p)) return chosen_port{p, false};
        if (reuse.allowed && probes - i <= round.take_over_last && taken.closing(p) &&
            random.chance(reuse.chance))
            return chosen_port{p, true};
        previous = rank;
    }
    return std::nullopt;
}

// The same for a run that ascends through consecutive ports, a word at a time: it breaks where the
// offset wraps and where the range ends. The free port, or port_count.
template <class Ports>
port run(const search_round& round, const port_range_plan& range, const Ports& taken,
         std::uint64_t draw, std::uint64_t from, std::uint64_t to) {
    const std::uint64_t width = round.offset_bits ? std::uint64_t{1} << *round.offset_bits : 0;
    while (from < to) {
        const std::uint64_t rank = probed_rank<std::uint64_t>(
            round, draw, static_cast<unsigned>(from), 0, range.size, range.lowest);
        std::uint64_t length = std::min(to - from, range.size - rank);
        if (width != 0) length = std::min(length, width - ((draw + from) & (width - 1)));
        const port first = range.lowest + static_cast<port>(rank);
        const port found = taken.first_free(first, first + static_cast<port>(length) - 1);
        if (found != port_count) return found;
        from += length;
    }
    return port_count;
}

// Up to the top, then down from below the start. The free port, or port_count.
template <class Ports>
port sweep(const port_range_plan& range, const Ports& taken, std::uint64_t start) {
    const port at = range.lowest + static_cast<port>(start);
    if (const port up = taken.first_free(at, range.lowest + static_cast<port>(range.size) - 1);
        up != port_count)
        return up;
    return start == 0 ? port_count : taken.last_free(range.lowest, at - 1);
}

}  // namespace detail

// The port that a flow from `source` gets on one external address, or nothing. Random is
// random_bits, scripted_bits or every_draw.
template <class Ports, class Random>
std::optional<chosen_port> choose_port(const nat_plan& plan, const Ports& taken, port source,
                                       take_over_rule reuse, Random& random) {
    const port_range_plan& range = plan.class_of(source);
    const bool preserves = plan.preserves(source);
    if (preserves && !taken.busy(source)) return chosen_port{source, false};
    std::uint64_t skipped = preserves && plan.design.search.first_choice_counts ? 1 : 0;
    const bool covered_ends = plan.design.search.stop_when_covered;
    for (const auto& round : plan.design.search.rounds) {
        const std::uint64_t probes = probe_count(round, range.size);
        if (skipped < probes) {
            std::uint64_t draw = 0;
            if (is_drawn(round))
                draw = random.draw(draw_count(round, range.size));
            else if (round.start == start_kind::own_port)
                draw = range.rank(source).value_or(range.size - 1);
            const bool closing_matters =
                reuse.allowed && round.take_over_last > 0 && taken.any_closing();
            if (!range.contiguous() ||
                (round.step != step_kind::ascend && round.step != step_kind::ascend_then_descend)) {
                if (const auto found =
                        detail::walk(round, range, taken, draw, skipped, reuse, random))
                    return chosen_port{found->at, found->taken_over};
            } else if (round.step == step_kind::ascend) {
                const std::uint64_t plain =
                    closing_matters ? probes - std::min<std::uint64_t>(probes, round.take_over_last)
                                    : probes;
                if (const port found = detail::run(round, range, taken, draw, skipped, plain);
                    found != port_count)
                    return chosen_port{found, false};
                if (plain < probes) {
                    if (const auto found = detail::walk(round, range, taken, draw,
                                                        std::max(plain, skipped), reuse, random))
                        return chosen_port{found->at, found->taken_over};
                }
            } else if (skipped == 0 && probes == range.size && !closing_matters) {
                if (const port found = detail::sweep(range, taken, draw); found != port_count)
                    return chosen_port{found, false};
            } else {
                if (const auto found =
                        detail::walk(round, range, taken, draw, skipped, reuse, random))
                    return chosen_port{found->at, found->taken_over};
            }
        }
        skipped = 0;
        if (covered_ends && probes >= range.size) break;
    }
    return std::nullopt;
}

}  // namespace natbound
