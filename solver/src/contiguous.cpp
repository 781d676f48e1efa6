// Copies of halves, and singles.
#include "contiguous.hpp"

#include <algorithm>
#include <map>

#include "natbound/model/contiguity.hpp"
#include "natbound/model/error.hpp"
#include "natbound/model/ways_out.hpp"
#include "pair_fit.hpp"
#include "port_division.hpp"

namespace natbound {

namespace {

bool has_pairs(const scenario& s, const std::vector<std::size_t>& inside) {
    return std::any_of(inside.begin(), inside.end(),
                       [&](std::size_t c) { return !in_pairs(s.clients[c].ports).empty(); });
}

// By NAT: the client sets inside it, where partners are to be kept together; else none.
std::vector<std::vector<std::size_t>> paired_inside(const scenario& s) {
    if (std::none_of(s.nats.begin(), s.nats.end(), requires_contiguity)) return {};
    if (const auto clash = clash_in_words(s))
        throw unsupported(*clash + "; that is not settled beside port-contiguity: require");
    auto out = inside_of(s);
    out.pop_back();
    for (std::size_t n = 0; n < s.nats.size(); ++n)
        if (!requires_contiguity(s.nats[n]) || !has_pairs(s, out[n])) out[n].clear();
    return out;
}

// The scenario with parity alone.
scenario without_contiguity(const scenario& s) {
    scenario out = s;
    for (auto& n : out.nats) {
        if (n.port_set_restrict) n.design = restricted(n.design);
        n.design.port_contiguity = contiguity::none;
    }
    return out;
}

// Blocks of a part, as those of the scenario.
std::vector<block> named_back(std::vector<block> blocks, const scenario_part& part,
                              std::size_t nat) {
    for (auto& b : blocks) {
        b.client = part.client_of[b.client];
        b.nat = nat;
    }
    return blocks;
}

std::vector<block> copied(std::vector<block> blocks) {
    for (auto& b : blocks) {
        b.ports = partners(b.ports);
        b.via_ports = partners(b.via_ports);
    }
    return blocks;
}

void append(std::vector<block>& to, std::vector<block> some) {
    std::move(some.begin(), some.end(), std::back_inserter(to));
}

// What fits at one NAT, its limits kept.
nat_capacity laid(const scenario& s, std::size_t n, const std::vector<std::size_t>& inside,
                  const count& enough, const boost::json::storage_ptr& memory) {
    const port_divider divider(s, n, inside);
    nat_capacity best;
    for (const auto& choice : divider.choices()) {
        const auto [halves, singles] = divider.divide(choice);
        nat_capacity here;
        if (halves) {
            auto some = named_back(maximum_blocks(halves->s, memory).blocks, *halves, n);
            append(here.blocks, copied(some));
            append(here.blocks, std::move(some));
        }
        if (singles)
            append(here.blocks, named_back(maximum_blocks(singles->s, memory).blocks, *singles, n));
        keep_limits(here, s.nats[n]);
        if (here.at_least > best.at_least) best = std::move(here);
        if (best.at_least >= enough) break;
    }
    return best;
}

// The blocks of that NAT, which are then gone.
std::vector<block> taken_out(std::vector<block>& blocks, std::size_t nat) {
    const auto first = std::stable_partition(blocks.begin(), blocks.end(),
                                             [&](const block& b) { return b.nat != nat; });
    std::vector<block> out(std::make_move_iterator(first), std::make_move_iterator(blocks.end()));
    blocks.erase(first, blocks.end());
    return out;
}

count mappings_of(const std::vector<block>& blocks) {
    count out = 0;
    for (const auto& b : blocks) out += b.mappings();
    return out;
}

// As lay_in_pairs: `lay` gives what takes the place of a NAT's blocks.
template <class Lay>
void replace(const scenario& s, nat_capacity& out, Lay&& lay) {
    const auto inside = paired_inside(s);
    for (std::size_t n = 0; n < inside.size(); ++n) {
        if (inside[n].empty()) continue;
        const auto before = taken_out(out.blocks, n);
        const count there = connections(before);
        nat_capacity after = lay(n, inside[n], there);
        out.at_least = out.at_least - there + after.at_least;
        out.mappings = out.mappings - mappings_of(before) + after.mappings;
        append(out.blocks, std::move(after.blocks));
    }
}

// Of a pair that wants an odd number the copy carries one connection less. Nothing where one of its
// mappings carries others' connections, too.
std::optional<std::vector<block>> copied_but(std::vector<block> half, const demand_list& odd) {
    std::vector<block> out;
    std::map<std::pair<std::size_t, std::size_t>, std::vector<block>> of;
    for (auto& b : copied(std::move(half))) {
        const std::size_t server = b.to->list.front().server;
        for (const auto& item : b.to->list)
            if (item.server != server) return std::nullopt;
        of[{b.client, server}].push_back(std::move(b));
    }
    for (const auto& p : odd) {
        auto& blocks = of[{p.client, p.server}];
        keep_connections(blocks, connections(blocks) - 1);
    }
    for (auto& [pair, blocks] : of) append(out, std::move(blocks));
    return out;
}

// The pairs through one NAT, as halves of what they want; nothing where they do not fit so.
std::optional<std::vector<block>> in_halves(const scenario& s, std::size_t n,
                                            const std::vector<std::size_t>& inside,
                                            const demand_list& mine) {
    const auto division = port_divider(s, n, inside).divide({});
    if (!division.halves) return std::nullopt;
    const auto& part = *division.halves;
    demand_list some, odd;
    for (const auto& p : mine) {
        const auto at = std::find(part.client_of.begin(), part.client_of.end(), p.client);
        if (at == part.client_of.end()) return std::nullopt;
        some.push_back({static_cast<std::size_t>(at - part.client_of.begin()), p.server,
                        (p.connections + 1) / 2});
        if (p.connections % 2 != 0) odd.push_back(p);
    }
    by_pairs half(part.s, some);
    if (!half.each_nat()) return std::nullopt;
    auto blocks = named_back(std::move(half.blocks()), part, n);
    auto copy = copied_but(blocks, odd);
    if (!copy) return std::nullopt;
    append(*copy, std::move(blocks));
    const nat_plan plan(s.nats[n]);
    if ((plan.table && connections(*copy) > *plan.table) ||
        (plan.mappings && mappings_of(*copy) > *plan.mappings))
        return std::nullopt;
    return copy;
}

// All of a demand, at those NATs as halves.
std::optional<fit_result> all_in_halves(const scenario& s, const demand_list& demand) {
    const auto inside = paired_inside(s);
    demand_list others = demand;
    std::vector<block> blocks;
    for (std::size_t n = 0; n < inside.size(); ++n) {
        demand_list mine;
        const auto is_mine = [&](const pair_demand& p) {
            return std::find(inside[n].begin(), inside[n].end(), p.client) != inside[n].end();
        };
        std::copy_if(demand.begin(), demand.end(), std::back_inserter(mine), is_mine);
        if (mine.empty()) continue;
        std::erase_if(others, is_mine);
        auto some = in_halves(s, n, inside[n], mine);
        if (!some) return std::nullopt;
        append(blocks, std::move(*some));
    }
    const scenario parity = without_contiguity(s);
    by_pairs rest(parity, others);
    if (!others.empty() && !rest.each_nat()) return std::nullopt;
    append(blocks, std::move(rest.blocks()));
    by_pairs all(s, demand);
    all.blocks() = std::move(blocks);
    return all.fitting();
}

// The scenario in which of each two partners one alone is there, the even and the odd ones in turn.
scenario thinned(const scenario& s) {
    scenario out = without_contiguity(s);
    for (const auto& inside : paired_inside(s))
        for (const auto c : inside) {
            port_set& own = out.clients[c].ports;
            port_set gone;
            bool even = false;
            const port_set paired = in_pairs(own) & even_ports();
            for (const auto& part : paired.parts()) {
                const port p = part.first + (even ? 0 : 1);
                gone.append(p, p);
                even = !even;
            }
            own = own - gone;
        }
    return out;
}

}  // namespace

bool keeps_pairs(const scenario& s) {
    const auto inside = paired_inside(s);
    return std::any_of(inside.begin(), inside.end(), [](const auto& n) { return !n.empty(); });
}

void lay_in_pairs(const scenario& s, nat_capacity& out, const boost::json::storage_ptr& memory) {
    replace(s, out,
            [&](std::size_t n, const std::vector<std::size_t>& inside, const count& enough) {
                auto after = laid(s, n, inside, enough, memory);
                if (after.at_least < enough && out.why_bounds.empty())
                    out.why_bounds =
                        "how ports are best laid that have no partner, beside those that have "
                        "one, is not settled (port-contiguity: require)";
                return after;
            });
}

void leave_out_pairs(const scenario& s, nat_capacity& out) {
    replace(s, out, [](std::size_t, const std::vector<std::size_t>&, const count&) {
        return nat_capacity{};
    });
}

fit_result fits_in_pairs(const scenario& s, const demand_list& demand) {
    auto parity = fits(without_contiguity(s), demand);
    if (parity.verdict == fit_verdict::does_not_fit) return parity;
    if (auto found = fits(thinned(s), demand); found.verdict == fit_verdict::fits) return found;
    if (auto found = all_in_halves(s, demand)) return std::move(*found);
    fit_result out;
    out.sets_it = parity.verdict == fit_verdict::unknown
                      ? std::move(parity.sets_it)
                      : "it fits where parity alone is kept; whether with partners together "
                        "(port-contiguity: require) is not settled";
    return out;
}

}  // namespace natbound
