// Enumerates the draws of a round. A run that ascends is an interval but for its wraps, so a round
// costs a few intervals a draw and not its probes.
#include "natbound/solver/sequence.hpp"

#include <algorithm>

#include "natbound/model/error.hpp"

namespace natbound {
namespace {

using ranks = interval_set<std::uint64_t>;

constexpr std::uint64_t most_draws = std::uint64_t{1} << 20U;

// What one round probes from probe `from` on, for one draw (independent rounds: the same number at
// every probe).
ranks probed(const search_round& round, const port_range_plan& range, std::uint64_t draw,
             std::uint64_t from) {
    const std::uint64_t probes = probe_count(round, range.size);
    ranks out;
    if (from >= probes) return out;
    const auto rank = [&](std::uint64_t i, std::uint64_t previous) {
        return probed_rank<std::uint64_t>(round, draw, static_cast<unsigned>(i), previous,
                                          range.size, range.lowest);
    };
    switch (round.step) {
        case step_kind::independent: {
            const std::uint64_t r = rank(0, 0);
            out.insert(r, r);
            break;
        }
        case step_kind::ascend: {
            const std::uint64_t width =
                round.offset_bits ? std::uint64_t{1} << *round.offset_bits : 0;
            for (std::uint64_t i = from; i < probes;) {
                const std::uint64_t r = rank(i, 0);
                std::uint64_t length = std::min(probes - i, range.size - r);
                if (width != 0) length = std::min(length, width - (draw + i) % width);
                out.insert(r, r + length - 1);
                i += length;
            }
            break;
        }
        case step_kind::ascend_then_descend:
        case step_kind::scaled: {
            if (round.step == step_kind::ascend_then_descend && from == 0 && probes == range.size)
                return {0, range.size - 1};
            std::uint64_t previous = 0;
            for (std::uint64_t i = 0; i < probes; ++i) {
                previous = rank(i, previous);
                if (i >= from) out.insert(previous, previous);
            }
            break;
        }
    }
    return out;
}

// The draws that are worth trying: all, or, where there are too many, one of each kind (a run that
// crosses no wrap looks the same from every start).
std::vector<std::uint64_t> worth_trying(const search_round& round, const port_range_plan& range) {
    const std::uint64_t all = draw_count(round, range.size);
    std::vector<std::uint64_t> out;
    const auto add = [&](std::uint64_t first, std::uint64_t last) {
        for (std::uint64_t d = first; d < last && d < all; ++d) out.push_back(d);
    };
    if (all <= most_draws) {
        add(0, all);
    } else if (round.step == step_kind::scaled) {
        throw unsupported(
            "a scaled search that draws more than 20 bits has too many sequences to enumerate");
    } else {
        add(0, range.size);
        add(all - std::min(all, std::min(most_draws, probe_count(round, range.size))), all);
    }
    return out;
}

bool alike(const search_round& a, const search_round& b) {
    return a.start == b.start && a.bits == b.bits && a.offset_bits == b.offset_bits &&
           a.step == b.step;
}

port_set to_ports(const ranks& set, const port_range_plan& range) {
    port_set out;
    for (const auto& part : set.parts())
        if (range.contiguous())
            out.insert(range.at(part.first), range.at(part.last));
        else
            out = out | range.ports.slice(part.first, count(part.last - part.first + 1));
    return out;
}

ranks to_ranks(const port_set& ports, const port_range_plan& range) {
    ranks out;
    const port_set inside = ports & range.ports;
    std::uint64_t before = 0;  // ports of the runs that are past
    auto run = range.ports.parts().begin();
    for (const auto& part : inside.parts()) {
        for (; run->last < part.first; ++run) before += run->last - run->first + 1;
        out.append(before + part.first - run->first, before + part.last - run->first);
    }
    return out;
}

struct candidate {
    std::uint64_t distinct = 0;  // with the flow's own port
    std::uint64_t preferred = 0;
    std::uint64_t draw = 0;
    port source = 0;
};

}  // namespace

shortest_sequences find_shortest(const nat_plan& plan, const port_set& sources,
                                 const port_set& prefer, std::size_t most, const port_set& holes) {
    const port_set shut = sources & holes;
    const port example = shut.empty() ? sources.at(0) : shut.at(0);
    const port_range_plan& range = plan.class_of(example);
    const bool preserved = plan.preserves(example);
    const auto rounds = plan.rounds(range.size);
    shortest_sequences out;
    if (rounds.empty()) {
        // its own port or nothing: a flow that does not keep it fails at once
        out.at_least = preserved && shut.empty() ? 1 : 0;
        out.found.push_back({example, {}, preserved ? port_set(example, example) : port_set{}});
        return out;
    }
    const auto skip = [&](std::size_t round) {
        return preserved && round == 0 && plan.design.search.first_choice_counts ? 1U : 0U;
    };
    const auto made = [&](std::size_t round) {
        return skip(round) < probe_count(rounds[round], range.size);
    };
    // The round that decides: of each kind the longest, and of the kinds the one whose shortest run
    // is longest. The others are then laid into it.
    const ranks own = to_ranks(sources, range), liked = to_ranks(prefer, range),
                taken = to_ranks(holes, range);
    std::vector<candidate> best;
    std::size_t decider = rounds.size();
    for (std::size_t r = 0; r < rounds.size(); ++r) {
        bool longest = made(r);
        for (std::size_t other = 0; other < rounds.size(); ++other)
            if (alike(rounds[r], rounds[other]) && made(other)) {
                const auto mine = probe_count(rounds[r], range.size),
                           its = probe_count(rounds[other], range.size);
                longest = longest && (mine > its || (mine == its && r <= other));
            }
        if (!longest) continue;
        std::vector<candidate> tried;
        const auto consider = [&](std::uint64_t draw, const port* source) {
            const ranks set = probed(rounds[r], range, draw, skip(r));
            const auto overlap = [&](const ranks& with) { return saturated((set & with).size()); };
            candidate c{saturated((set - taken).size()), overlap(liked), draw,
                        source ? *source : example};
            if (preserved && !source) {
                // the flow's own port is one more endpoint, unless one of its possible ports lies
                // in the run
                const ranks inside = set & own;
                if (inside.empty())
                    c.distinct += shut.empty() ? 1 : 0;
                else
                    c.source = range.at(inside.at(0));
            } else if (preserved) {
                const auto rank = range.rank(*source);
                if (holes.contains(*source)) {
                    // its own port is no other flow's
                } else if (!rank || !set.contains(*rank))
                    ++c.distinct;
            }
            tried.push_back(c);
        };
        if (rounds[r].start == start_kind::own_port) {
            for (const auto& part : sources.parts())
                for (port p = part.first; p <= part.last; ++p)
                    consider(range.rank(p).value_or(range.size - 1), &p);
        } else if (is_drawn(rounds[r])) {
            for (const std::uint64_t d : worth_trying(rounds[r], range)) consider(d, nullptr);
        } else {
            consider(0, nullptr);
        }
        std::stable_sort(tried.begin(), tried.end(), [](const candidate& a, const candidate& b) {
            return a.distinct != b.distinct ? a.distinct < b.distinct : a.preferred > b.preferred;
        });
        if (decider == rounds.size() || tried.front().distinct > out.at_least) {
            out.at_least = tried.front().distinct;
            decider = r;
            best = std::move(tried);
        }
    }
    for (const candidate& c : best) {
        if (out.found.size() >= most || c.distinct > best.front().distinct) break;
        const ranks main = probed(rounds[decider], range, c.draw, skip(decider));
        ranks all = main;
        short_sequence s;
        s.source = c.source;
        const std::uint64_t main_start =
            probed_rank<std::uint64_t>(rounds[decider], c.draw, 0, 0, range.size, range.lowest);
        for (std::size_t r = 0; r < rounds.size(); ++r) {
            if (!made(r)) continue;
            std::uint64_t draw = c.draw;
            if (!alike(rounds[r], rounds[decider]) && is_drawn(rounds[r])) {
                // lay it over the deciding run: the draw that adds the least, the same start tried
                // first
                std::uint64_t least = UINT64_MAX;
                std::vector<std::uint64_t> options = {main_start};
                for (const std::uint64_t d : worth_trying(rounds[r], range)) options.push_back(d);
                for (const std::uint64_t d : options) {
                    if (d >= draw_count(rounds[r], range.size)) continue;
                    const std::uint64_t more =
                        saturated((probed(rounds[r], range, d, skip(r)) - taken - all).size());
                    if (more < least) {
                        least = more;
                        draw = d;
                    }
                    if (least == 0) break;
                }
            } else if (rounds[r].start == start_kind::own_port) {
                draw = range.rank(c.source).value_or(range.size - 1);
            } else if (!is_drawn(rounds[r])) {
                draw = 0;
            }
            all = all | probed(rounds[r], range, draw, skip(r));
            if (!is_drawn(rounds[r])) continue;
            const bool each = rounds[r].step == step_kind::independent;
            const std::uint64_t numbers = each ? probe_count(rounds[r], range.size) - skip(r) : 1;
            s.draws.insert(s.draws.end(), numbers, draw);
        }
        s.ports = to_ports(all, range);
        if (preserved) s.ports = s.ports | port_set(s.source, s.source);
        out.found.push_back(std::move(s));
    }
    return out;
}

}  // namespace natbound
