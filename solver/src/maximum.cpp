// Summing NATs side by side and clients that are routed as they are.
#include "natbound/solver/maximum.hpp"

#include <algorithm>

#include "blocks.hpp"
#include "cascade_blocks.hpp"
#include "contiguous.hpp"
#include "gated.hpp"
#include "joint_maximum.hpp"
#include "joint_nats.hpp"
#include "maximum_as_demand.hpp"
#include "narrowed.hpp"
#include "nat_capacity.hpp"
#include "natbound/model/cascade.hpp"
#include "natbound/model/error.hpp"
#include "natbound/model/gates.hpp"
#include "natbound/model/work.hpp"
#include "parted_clients.hpp"
#include "port_sets.hpp"
#include "rough.hpp"
#include "routed.hpp"
#include "server_room.hpp"
#include "shared_pools.hpp"
#include "standard_form.hpp"
#include "thinner_inside.hpp"
#include "words.hpp"

namespace natbound {

namespace bj = boost::json;

namespace {

void append(std::string& text, const std::string& more) {
    if (more.empty()) return;
    text += (text.empty() ? "" : "; ") + more;
}

// What there is room for, of blocks that were laid without regard to it.
void keep_room(nat_capacity& out, server_room& room) {
    out.blocks = room.admit(out.blocks);
    out.at_least = connections(out.blocks);
    out.mappings = 0;
    for (const auto& b : out.blocks) out.mappings += b.mappings();
}

// What NATs that share clients, but no endpoints, have together.
std::vector<joint_capacity> joint_of(const scenario& s, const reach_table& reach,
                                     const std::vector<std::vector<std::size_t>>& inside,
                                     const bj::storage_ptr& memory) {
    std::vector<joint_capacity> out;
    for (const auto& nats : nats_together(inside, s.nats.size())) {
        if (nats.size() == 1 ||
            std::any_of(nats.begin(), nats.end(), [&](auto n) { return s.nats[n].port_set; }))
            continue;
        if (auto one = joint_maximum(s, reach, inside, nats, memory))
            out.push_back(std::move(*one));
    }
    return out;
}

// In place of the blocks through its NATs, where it has more.
void lay_joint(nat_capacity& out, const joint_capacity& joint) {
    const auto through = [&](const block& b) {
        return b.nat && std::binary_search(joint.nats.begin(), joint.nats.end(), *b.nat);
    };
    count now = 0, mappings = 0;
    for (const auto& b : out.blocks)
        if (through(b)) {
            now += b.connections();
            mappings += b.mappings();
        }
    if (now >= joint.at_least) return;
    std::erase_if(out.blocks, through);
    out.blocks.insert(out.blocks.end(), joint.blocks.begin(), joint.blocks.end());
    out.at_least += joint.at_least - now;
    out.mappings -= mappings;
    for (const auto& b : joint.blocks) out.mappings += b.mappings();
}

// Ways out that share endpoints, where each leaves what it shares to those before it; or clients,
// who are parted among them.
nat_capacity joined(const scenario& s, const std::vector<nat_capacity>& parts, const routed& direct,
                    bj::array nats, const bj::storage_ptr& memory) {
    for (const auto& n : s.nats)
        if (!translates(n))
            throw unsupported("NAT " + n.name +
                              ": a firewall beside NATs that share endpoints or clients is not "
                              "settled in this version");
    const shared_pools shared(s);
    const parted_clients parted(s);
    nat_capacity out;
    std::vector<count> alone;
    scenario fewer = parted.s;  // in which the NAT that is looked at has what is left to it
    for (std::size_t w = 0; w < shared.ways.size(); ++w) {
        if (shared.ways[w].client) {
            alone.push_back(direct.most_of.at(*shared.ways[w].client));
            continue;
        }
        const std::size_t n = *shared.ways[w].nat;
        alone.push_back(parts[n].at_most);
        append(out.sets_it, s.nats[n].name + ": " + parts[n].sets_it);
        const auto& whole = parted.s.nats[n].external_ip_address_pool;
        const auto left = shared.left_by(w);
        auto rest = whole - left;
        // of a pool that is chosen from by hash or order, a part would be chosen from otherwise
        const auto& rule = s.nats[n].design.pool;
        const bool any = left.empty() || s.nats[n].port_set || rule.fallback ||
                         rule.choice == pool_choice::random ||
                         rule.choice == pool_choice::round_robin;
        if (rest.empty() || !any) continue;
        auto& pool = fewer.nats[n].external_ip_address_pool;
        pool = std::move(rest);
        nat_capacity one;
        try {
            if (!s.nats[n].port_set)
                one = capacity_of(fewer, parted.reach, n, parted.inside[n], memory);
            else if (left.empty())  // on a part of a pool sets would be others'
                lay_out(one, fewer, parted.reach, n, parted.inside[n],
                        numbered_subscribers(s, s.nats[n]), memory);
        } catch (const limit_reached&) {  // those before it stand
            break;
        }
        pool = whole;
        out.at_least += one.at_least;
        out.mappings += one.mappings;
        auto blocks = parted.named_back(std::move(one.blocks));
        std::move(blocks.begin(), blocks.end(), std::back_inserter(out.blocks));
    }
    out.at_least += direct.connections;
    out.blocks.insert(out.blocks.end(), direct.blocks.begin(), direct.blocks.end());
    out.binds = "ports";
    std::string together;
    const auto joint = shared.clashes.empty() ? joint_of(s, reaches_of(s), inside_of(s), memory)
                                              : std::vector<joint_capacity>();
    for (const auto& j : joint) lay_joint(out, j);
    out.at_most = shared.at_most(s, alone, joint, together);
    if (!together.empty()) out.sets_it = together;
    if (out.at_least < out.at_most)
        out.why_bounds = shared.clashes.empty()
                             ? "how clients are best dealt to the NATs that they are spread over"
                             : "how the endpoints that are shared are best divided is not settled";
    if (const auto clash = clash_in_words(s))
        out.sets_it = "CLASH: " + *clash + ". If none of that happened: " + out.sets_it;
    out.does_not_fit = bj::object(memory);
    out.does_not_fit.emplace("at-most", json_count(out.at_most));
    out.does_not_fit.emplace("nats", std::move(nats));
    out.does_not_fit.emplace("direct", direct.json);
    bj::array list(memory);
    for (const auto& j : joint) list.emplace_back(j.item);
    if (!list.empty()) out.does_not_fit.emplace("together", std::move(list));
    return out;
}

// A NAT's capacity, or where a limit is reached its bound by arithmetic.
nat_capacity within_limits(const scenario& s, const reach_table& reach, std::size_t nat,
                           const std::vector<std::size_t>& inside, const bj::storage_ptr& memory,
                           server_room* room) {
    try {
        return capacity_of(s, reach, nat, inside, memory, room);
    } catch (const limit_reached&) {
        return rough_capacity(s, reach, nat, inside);
    }
}

// The outermost NATs of a cascade, each with the most that some way of placing lets through it.
std::vector<nat_capacity> best_through(const scenario& s, const scenario& flat,
                                       const std::vector<nat_capacity>& parts,
                                       const bj::storage_ptr& memory) {
    std::vector<nat_capacity> out;
    const auto ways = thinner_inside(s);
    for (std::size_t w = 0; w < ways.size(); ++w) {
        const bool last = w + 1 == ways.size();
        try {
            std::vector<nat_capacity> some;
            if (last) {
                some = through_cascades(s, flat, parts, memory);
            } else {
                auto seen = side_by_side(ways[w]);
                for (auto& v : seen.servers) v.backends.reset();
                const auto reach = reaches_of(seen);
                const auto inside = inside_of(seen);
                auto alone = parts;  // whose bounds stand
                for (std::size_t n = 0; n < alone.size(); ++n) {
                    auto one = within_limits(seen, reach, n, inside[n], memory, nullptr);
                    alone[n].at_least = one.at_least;
                    alone[n].mappings = one.mappings;
                    alone[n].blocks = std::move(one.blocks);
                    alone[n].dealt = std::move(one.dealt);
                }
                some = through_cascades(ways[w], seen, alone, memory);
            }
            if (out.empty()) {
                out = std::move(some);
            } else {
                for (std::size_t n = 0; n < out.size(); ++n)
                    if (some[n].at_least > out[n].at_least) out[n] = std::move(some[n]);
            }
        } catch (const unsupported&) {
            if (last && out.empty()) throw;
        }
        if (!out.empty() && std::all_of(out.begin(), out.end(), [](const auto& one) {
                return one.at_least == one.at_most;
            }))
            break;
    }
    return out;
}

// All ways out, of what the servers have room for where `room` is given; at_most and the evidence
// say nothing of it.
nat_capacity of_ways(const scenario& s, const bj::storage_ptr& memory, server_room* room) {
    const bool cascade = is_cascade(s);
    scenario flat = cascade ? side_by_side(s) : scenario{};
    // what an inner NAT gives is not what the backends see
    for (auto& v : flat.servers) v.backends.reset();
    const scenario& seen = cascade ? flat : s;
    const auto reach = reaches_of(seen);
    const auto inside = inside_of(seen);
    const auto clash = clash_in_words(s);
    const bool each_alone = !cascade && !clash && !is_spread(s);
    nat_capacity out;
    bj::array nats(memory);
    auto direct = routed_as_they_are(s, reach, inside.back(), memory);
    if (room && each_alone) {
        direct.blocks = room->admit(direct.blocks);
        direct.connections = connections(direct.blocks);
    }
    std::vector<nat_capacity> parts(s.nats.size());
    // a NAT with a table may have less use for the room
    for (const bool table : {false, true})
        for (std::size_t n = 0; n < s.nats.size(); ++n)
            if (table == s.nats[n].connection_limits.limit_per_instance.has_value())
                parts[n] =
                    within_limits(seen, reach, n, inside[n], memory, each_alone ? room : nullptr);
    for (const auto& p : parts) out.rough = out.rough || p.rough;
    for (auto& p : parts) nats.emplace_back(std::move(p.does_not_fit));
    if (cascade) parts = best_through(s, seen, parts, memory);
    if (clash && cascade)
        throw unsupported(*clash + "; clashes beside cascades are not settled in this version");
    if (clash || is_spread(s)) {
        const bool rough = out.rough;
        out = joined(s, parts, direct, std::move(nats), memory);
        out.rough = rough;
        if (room) keep_room(out, *room);
        return out;
    }
    const bool several = s.nats.size() + (inside.back().empty() ? 0 : 1) > 1;
    for (std::size_t n = 0; n < parts.size(); ++n) {
        auto& one = parts[n];
        out.at_least += one.at_least;
        out.at_most += one.at_most;
        out.mappings += one.mappings;
        std::move(one.blocks.begin(), one.blocks.end(), std::back_inserter(out.blocks));
        std::move(one.dealt.begin(), one.dealt.end(), std::back_inserter(out.dealt));
        append(out.sets_it, (several && !cascade ? s.nats[n].name + ": " : "") + one.sets_it);
        append(out.why_bounds, one.why_bounds);
        if (out.binds.empty() || out.binds == "sockets") out.binds = one.binds;
    }
    out.at_least += direct.connections;
    out.at_most += direct.most;
    if (!inside.back().empty())
        append(out.sets_it,
               (several ? "routed untranslated: " : "") + sockets_in_words(s, inside.back()));
    if (out.binds.empty()) out.binds = "sockets";
    out.blocks.insert(out.blocks.end(), direct.blocks.begin(), direct.blocks.end());
    if (room && cascade) keep_room(out, *room);
    out.does_not_fit = bj::object(memory);
    out.does_not_fit.emplace("at-most", json_count(out.at_most));
    out.does_not_fit.emplace("nats", std::move(nats));
    out.does_not_fit.emplace("direct", direct.json);
    return out;
}

// These server sets by their own limits, and the others as if there were no others.
nat_capacity by_servers(const scenario& s, const server_room& room,
                        const std::vector<bool>& counted, const bj::storage_ptr& memory) {
    const scenario rest = without_servers(s, counted);
    nat_capacity out;
    if (rest.clients.empty()) {
        out.does_not_fit = bj::object(memory);
        out.does_not_fit.emplace("nats", bj::array(memory));
        out.does_not_fit.emplace("direct", bj::array(memory));
    } else {
        out = of_ways(rest, memory, nullptr);
    }
    bj::array servers(memory);
    std::string words;
    for (std::size_t v = 0; v < s.servers.size(); ++v) {
        if (!counted[v]) continue;
        const count& most = *room.most(v);
        append(words, room.in_words(v));
        servers.emplace_back(
            bj::object({{"server", s.servers[v].name}, {"at-most", json_count(most)}}, memory));
        out.at_most += most;
    }
    if (!rest.clients.empty()) words += "; towards the other servers: " + out.sets_it;
    out.sets_it = words;
    out.binds = "servers";
    out.does_not_fit["at-most"] = json_count(out.at_most);
    out.does_not_fit.emplace("servers", std::move(servers));
    return out;
}

// The least bound that limited server sets give: of those that are full, all, and those with one
// more or fewer.
void least_by_servers(const scenario& s, const server_room& room, nat_capacity& out,
                      const bj::storage_ptr& memory) {
    constexpr std::size_t most_toggled = 16;
    std::vector<bool> full, all, best(s.servers.size(), false);
    for (std::size_t v = 0; v < s.servers.size(); ++v) {
        full.push_back(room.most(v) && room.full(v));
        all.push_back(room.most(v).has_value());
    }
    const auto consider = [&](const std::vector<bool>& counted) {
        auto one = by_servers(s, room, counted, memory);
        if (one.at_most >= out.at_most) return;
        out.at_most = one.at_most;
        out.sets_it = std::move(one.sets_it);
        out.binds = std::move(one.binds);
        out.does_not_fit = std::move(one.does_not_fit);
        best = counted;
    };
    if (full != best) consider(full);
    if (out.at_most > out.at_least && all != full) consider(all);
    const auto limited = static_cast<std::size_t>(std::count(all.begin(), all.end(), true));
    for (std::size_t v = 0; v < s.servers.size() && limited <= most_toggled; ++v) {
        if (!all[v] || out.at_most == out.at_least) continue;
        auto other = best;
        other[v] = !other[v];
        consider(other);
    }
    if (out.at_least == out.at_most)
        out.why_bounds.clear();
    else if (out.why_bounds.empty())
        out.why_bounds = "how the room of the servers is best divided is not settled";
}

// Ways out that share servers or clients, looked at together and not one after the other.
void at_once(const scenario& s, nat_capacity& out, server_room& room) {
    if (out.at_least == out.at_most || is_cascade(s) || clash_in_words(s)) return;
    auto blocks = laid_as_demand(s);
    if (!blocks || connections(*blocks) <= out.at_least) return;
    out.blocks = std::move(*blocks);
    out.at_least = connections(out.blocks);
    out.mappings = out.at_least;
    room = server_room(s);
    room.admit(out.blocks);
    if (out.at_least == out.at_most) out.why_bounds.clear();
}

// Better bounds, or words, than there are; those, where a limit is reached or another writing is
// not settled.
template <class Work>
void improve(Work work) {
    try {
        work();
    } catch (const unsupported&) {
    }
}

nat_capacity as_written(const scenario& s, const bj::storage_ptr& memory) {
    server_room room(s);
    if (!room.any()) {
        auto out = of_ways(s, memory, nullptr);
        if (is_spread(s)) improve([&] { at_once(s, out, room); });
        return out;
    }
    auto out = of_ways(s, memory, &room);
    improve([&] {
        at_once(s, out, room);
        least_by_servers(s, room, out, memory);
    });
    return out;
}

// Of the standard form, in the given sets; nothing where that would take too many.
std::optional<nat_capacity> of_form(const standard_form& form, const bj::storage_ptr& memory) {
    auto out = as_written(form.form(), memory);
    auto blocks = form.named_back(out.blocks);
    if (!blocks) return std::nullopt;
    out.blocks = std::move(*blocks);
    if (out.rough) return out;
    auto bound = form.named_back(out.does_not_fit);
    if (!bound) return std::nullopt;
    out.does_not_fit = std::move(*bound);
    return out;
}

// What either has of each half.
void best_of(nat_capacity& out, nat_capacity other) {
    if (other.at_most < out.at_most) {
        out.at_most = other.at_most;
        out.rough = other.rough;
        out.does_not_fit = std::move(other.does_not_fit);
        out.sets_it = std::move(other.sets_it);
        out.binds = std::move(other.binds);
    }
    if (other.at_least > out.at_least) {
        out.at_least = other.at_least;
        out.mappings = other.mappings;
        out.blocks = std::move(other.blocks);
        out.dealt = std::move(other.dealt);
    }
    if (out.at_least == out.at_most) out.why_bounds.clear();
}

nat_capacity settled(const scenario& s, const bj::storage_ptr& memory) {
    if (!needs_standard_form(s)) return as_written(s, memory);
    auto out = of_form(standard_form(s), memory);
    if (!out) return as_written(s, memory);
    improve([&] {
        // a heuristic that goes from first to last may find more from last to first
        if (out->at_least < out->at_most)
            if (auto other = of_form(standard_form(s, true), memory))
                best_of(*out, std::move(*other));
        if (out->at_least < out->at_most) return;
        // the same number in the words of the scenario as it was given, where that gives it, too
        auto given = as_written(s, memory);
        if (given.at_least == given.at_most) out = std::move(given);
    });
    return std::move(*out);
}

}  // namespace

nat_capacity maximum_blocks(const scenario& s, const bj::storage_ptr& memory) {
    if (has_gates(s)) return gated_maximum(s, memory);
    nat_capacity out;
    try {
        out = settled(s, memory);
        lay_in_pairs(s, out, memory);
    } catch (const limit_reached&) {
        out = rough_maximum(s);
        leave_out_pairs(s, out);
    }
    if (const auto ended = limit_hit(); ended && out.at_least < out.at_most)
        out.why_bounds = ended->what();
    return out;
}

maximum_result maximum(const scenario& s) {
    const auto memory = bj::make_shared_resource<bj::monotonic_resource>();
    auto all = maximum_blocks(s, memory);
    const work_pause winding_up;
    maximum_result out;
    out.at_least = all.at_least;
    out.at_most = all.at_most;
    out.mappings = all.mappings;
    out.binds = std::move(all.binds);
    out.sets_it = std::move(all.sets_it);
    out.why_bounds = std::move(all.why_bounds);
    bj::object fits(memory);
    fits.emplace("connections", json_count(out.at_least));
    fits.emplace("blocks", to_json(all.blocks, s, memory));
    add_json(fits, all.dealt, s, memory);
    out.evidence = bj::object(memory);
    if (out.at_least == out.at_most && !all.rough) {
        out.connections = out.at_least;
        out.evidence.emplace("connections", json_count(out.at_least));
    }
    out.evidence.emplace("fits", std::move(fits));
    if (!all.rough) out.evidence.emplace("does-not-fit", std::move(all.does_not_fit));
    return out;
}

}  // namespace natbound
