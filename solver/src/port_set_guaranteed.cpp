// Deterministic sets: each subscriber is behind a NAT of its own, so the fewest live flows are
// those of the subscriber whose search fails first; only the table is common to all. (Of sets on
// demand see sets_on_demand.hpp.) Subscribers of
// a client set whose sets have the same of its own ports in the same places are alike, and one is
// looked at.
#include "port_set_guaranteed.hpp"

#include <algorithm>
#include <set>

#include "filling.hpp"
#include "natbound/model/error.hpp"
#include "natbound/model/holes.hpp"
#include "natbound/model/port_sets.hpp"
#include "set_holding.hpp"
#include "sets_on_demand.hpp"
#include "words.hpp"

namespace natbound {

namespace detail {

scenario behind_set(const scenario& s, const nat& n, const client_set& c, ip_address address,
                    const dealt_set& set) {
    scenario out;
    out.clients = {c};
    out.clients.front().addresses = {address, address};
    out.servers = s.servers;
    out.nats = {own_nat(n, set)};
    out.nats.front().inside = {c.name};
    return out;
}

set_shape shape_of(const nat& n, const client_set& c, const dealt_set& set) {
    set_shape out;
    const port_set own = c.ports & port_set(set.first, set.last);
    for (const auto& part : own.parts())
        out.emplace_back(part.first - set.first, part.last - set.first);
    for (const auto& round : n.design.search.rounds)
        if (round.step == step_kind::scaled) out.emplace_back(set.first, set.last);
    const hole_list holes(n, n.design.clash_scope.protocol);
    for (const auto& h : holes.all()) {
        if (!h.addresses.contains(set.address)) continue;
        out.emplace_back(port_count, h.protocol ? static_cast<port>(*h.protocol) : port_count);
        const port_set kept = h.ports & port_set(set.first, set.last);
        for (const auto& part : kept.parts())
            out.emplace_back(part.first - set.first, part.last - set.first);
    }
    return out;
}

}  // namespace detail

namespace {

namespace bj = boost::json;
using namespace detail;

constexpr std::uint64_t most_stepped = 300'000;

// Each by itself: those that static mappings keep ports of differ by address, too.
constexpr std::uint64_t most_subscribers = 100'000;

// A limit that refuses with so many live, before any search does or instead of it; `full` is a
// history that reaches it.
void limit_refuses(const nat& n, const std::string& kind, std::uint64_t limit,
                   const std::string& in_words, std::optional<filling> full,
                   guaranteed_result& out) {
    const bool first = out.nothing_fails || limit <= out.at_least;
    out.nothing_fails = false;
    out.connections.reset();
    out.at_most.reset();
    out.evidence = {};
    out.binds = kind;
    if (first) out.at_least = limit;
    if (!full) {
        out.sets_it = "no new connection fails with fewer than " + grouped(out.at_least) +
                      " live; no history that reaches the " + kind + " of " + n.name + " was found";
        return;
    }
    out.at_most = limit;
    if (first) out.connections = limit;
    out.failing = full->who.from(full->source);
    out.sets_it = in_words;
    auto failing = trace_writer::failing(full->who, full->source, {});
    out.evidence = bj::object{{"trace", std::move(full->trace)},
                              {"failing", std::move(failing)},
                              {"lower-bound", bj::object{{"reason", kind}, {"limit", limit}}},
                              {"nat", n.name}};
}

// A table of all subscribers that may be full before any search fails.
void with_table(const scenario& s, const nat& n, guaranteed_result& out) {
    const nat whole = undealt(n);
    const nat_plan plan(whole);
    if (plan.mappings)
        throw unsupported("NAT " + n.name +
                          ": guaranteed with port sets and a limit on mappings that several flows "
                          "share is not settled in this version");
    if (!plan.table || (out.at_most && *out.at_most < *plan.table)) return;
    std::optional<filling> full;
    if (*plan.table <= most_stepped) full = fill_sets(s, n, *plan.table, nullptr);
    if (!full && out.nothing_fails && *plan.table <= most_stepped) return;  // too few flows
    limit_refuses(n, "table", *plan.table,
                  table_in_words(n, *plan.table, "table") + " holds " + grouped(*plan.table) +
                      "; the next connection is refused or cuts another",
                  std::move(full), out);
}

// The better of two: fewer live flows, and nothing said of what is not known of either.
void take(guaranteed_result& best, guaranteed_result one) {
    if (one.nothing_fails) return;
    if (best.nothing_fails) {
        best = std::move(one);
        return;
    }
    const count at_least = std::min(best.at_least, one.at_least);
    if (one.at_most && (!best.at_most || *one.at_most < *best.at_most)) best = std::move(one);
    best.at_least = at_least;
    best.connections.reset();
    if (best.at_most && *best.at_most == at_least) best.connections = at_least;
}

// A quota of one subscriber that may refuse before any search does (of deterministic sets each
// subscriber has been looked at with its quota).
void with_quota(const scenario& s, const nat& n, guaranteed_result& out) {
    const auto quota = n.connection_limits.limit_per_subscriber;
    if (!quota || (out.at_most && *out.at_most < *quota)) return;
    for (const auto* c : inside(s, n)) {
        count endpoints = 0;
        for (const auto& v : s.servers)
            if (reaches(*c, v)) endpoints += v.addresses.size() * v.ports.size();
        if (c->ports.size() * endpoints <= *quota) continue;
        std::optional<filling> full;
        if (*quota <= most_stepped) full = fill_sets(s, n, *quota, c);
        if (!full && *quota <= most_stepped) continue;  // its sets hold fewer
        limit_refuses(n, "quota", *quota,
                      "with " + grouped(*quota) + " live, all of one address of " + c->name +
                          ", its next connection is refused: " + n.name + " allows a subscriber " +
                          grouped(*quota),
                      std::move(full), out);
        return;
    }
}

}  // namespace

guaranteed_result port_set_guaranteed(const scenario& s, const nat& n,
                                      const std::function<void()>& interrupt) {
    if (dealt_on_demand(*n.port_set)) {
        auto out = guaranteed_on_demand(s, n, interrupt);
        with_quota(s, n, out);
        with_table(s, n, out);
        out.nat = n.name;
        if (!out.connections) out.evidence.erase("connections");
        return out;
    }
    const port_set_layout layout(n);
    guaranteed_result best;
    best.nothing_fails = true;
    for (const auto* c : inside(s, n)) {
        const count first = first_subscriber(s, n, *c);
        if (n.static_mappings && c->addresses.size() > most_subscribers)
            throw unsupported(
                "NAT " + n.name + ": guaranteed with static mappings and port sets of more than " +
                grouped(most_subscribers) + " client addresses is not settled in this version");
        const auto many = saturated(
            n.static_mappings ? c->addresses.size()
                              : std::min<count>(c->addresses.size(), layout.on_an_address()));
        std::set<set_shape> seen;
        for (std::uint64_t i = 0; i < many; ++i) {
            const auto set = layout.at(first + i);
            if (!seen.insert(shape_of(n, *c, set)).second) continue;
            interrupt();
            auto one = guaranteed(behind_set(s, n, *c, c->addresses.at(i), set), interrupt);
            if (one.nothing_fails && best.nothing_fails && best.evidence.empty())
                best = std::move(one);
            else
                take(best, std::move(one));
        }
    }
    with_table(s, n, best);
    best.nat = n.name;
    if (!best.connections) best.evidence.erase("connections");
    return best;
}

}  // namespace natbound
