// Deterministic sets: each subscriber is behind a NAT of its own, so the fewest live flows are
// those of the subscriber whose search fails first; only the table is common to all. Subscribers of
// a client set whose sets have the same of its own ports in the same places are alike, and one is
// looked at.
#include "port_set_guaranteed.hpp"

#include <algorithm>
#include <set>

#include "aiming.hpp"
#include "filling.hpp"
#include "natbound/model/error.hpp"
#include "natbound/model/holes.hpp"
#include "natbound/model/port_sets.hpp"

namespace natbound {
namespace {

namespace bj = boost::json;
using namespace detail;

constexpr std::uint64_t most_stepped = 300'000;

scenario of_one(const scenario& s, const nat& n, const client_set& c, ip_address address,
                const dealt_set& set) {
    scenario out;
    out.clients = {c};
    out.clients.front().addresses = {address, address};
    out.servers = s.servers;
    out.nats = {own_nat(n, set)};
    out.nats.front().inside = {c.name};
    return out;
}

// What of a set can matter to a search for one of its ports.
using shape = std::vector<std::pair<port, port>>;
shape shape_of(const nat& n, const client_set& c, const dealt_set& set) {
    shape out;
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

// Each by itself: those that static mappings keep ports of differ by address, too.
constexpr std::uint64_t most_subscribers = 100'000;

// Subscribers open flow after flow, each within its own set, until the table holds `most`; then the
// next flow. Nothing where there are too few.
class table_filler {
  public:
    table_filler(const scenario& s, const nat& n, std::uint64_t most) : s_(s), n_(n), most_(most) {}

    std::optional<filling> run() {
        const port_set_layout layout(n_);
        count number = 0;
        for (const auto& name : n_.inside)
            for (const auto& c : s_.clients) {
                if (c.name != name) continue;
                for (const auto& part : c.addresses.parts())
                    for (ip_address a = part.first;; ++a) {
                        if (subscriber(c, a, layout.at(number))) return std::move(out_);
                        ++number;
                        if (a == part.last) break;
                    }
            }
        return std::nullopt;
    }

  private:
    bool subscriber(const client_set& c, ip_address from, const dealt_set& set) {
        const nat own = own_nat(n_, set);
        const nat_plan plan(own);
        nat_table table(plan);
        aiming aim(plan);
        return any_destination(s_, c, [&](const server_set& v, const endpoint& to) {
            return towards(plan, table, aim, {&c, from, &v, to});
        });
    }

    bool towards(const nat_plan& plan, nat_table& table, aiming& aim, const actor& who) {
        const std::uint64_t n = plan.classes.front().size;
        std::uint64_t here = 0;
        for (const auto& part : who.clients->ports.parts())
            for (port p = part.first; p <= part.last; ++p) {
                if (live_ == most_) {
                    out_.who = who;
                    out_.source = p;
                    out_.live = live_;
                    out_.trace = writer_.take();
                    return true;
                }
                aim.aim(table, who.at(p), here % n, 0);
                if (table.open(who.at(p), aim).failed()) return false;
                writer_.open(who, p, aim.drawn);
                ++live_;
                ++here;
            }
        return false;
    }

    const scenario& s_;
    const nat& n_;
    std::uint64_t most_, live_ = 0;
    trace_writer writer_;
    filling out_;
};

bj::object failing_step(const filling& f) {
    bj::object out = trace_writer::step("open", f.who, f.source, f.source);
    out["draws"] = bj::array{};
    out["step"] = bj::array{};
    return out;
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
    const bool first = out.nothing_fails || *plan.table <= out.at_least;
    std::optional<filling> full;
    if (*plan.table <= most_stepped) full = table_filler(s, n, *plan.table).run();
    if (!full && out.nothing_fails && *plan.table <= most_stepped) return;  // too few flows
    out.nothing_fails = false;
    out.connections.reset();
    out.at_most.reset();
    out.evidence = {};
    out.binds = "table";
    if (first) out.at_least = *plan.table;
    if (!full) {
        out.sets_it = "no new connection fails with fewer than " + grouped(out.at_least) +
                      " live; no history that fills the table of " + n.name + " was found";
        return;
    }
    out.at_most = *plan.table;
    if (first) out.connections = *plan.table;
    out.failing = full->who.clients->name + " (" + to_string(full->who.address) + ", source port " +
                  std::to_string(full->source) + ")";
    out.sets_it = "the table of " + n.name + " holds " + grouped(*plan.table) +
                  "; the next connection is refused or cuts another";
    auto failing = failing_step(*full);
    out.evidence =
        bj::object{{"trace", std::move(full->trace)},
                   {"failing", std::move(failing)},
                   {"lower-bound", bj::object{{"reason", "table"}, {"limit", *plan.table}}},
                   {"nat", n.name}};
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

// With a dynamic part behind it. A connection fails only if its subscriber's own set fails it, and
// what is live there (and of its quota, and of the table) could be so with the own sets alone:
// leave the connections out that found no place there. So none fails with fewer live than without
// it. With just as many where a table or a quota refuses it, whatever sets there are; how many the
// dynamic sets add to a search is not looked for.
void keep_bound(const nat& n, guaranteed_result& out) {
    if (out.nothing_fails) return;
    if (out.connections && (out.binds == "table" || out.binds == "quota")) return;
    out.evidence = {};
    out.connections.reset();
    out.at_most.reset();
    out.sets_it = "no new connection fails with fewer than " + grouped(out.at_least) +
                  " live, by the deterministic sets of " + n.name +
                  " alone; what its dynamic sets add is not settled in this version";
}

}  // namespace

guaranteed_result port_set_guaranteed(const scenario& s, const nat& n,
                                      const std::function<void()>& interrupt) {
    if (!n.port_set->deterministic)
        throw unsupported("NAT " + n.name +
                          ": guaranteed with port blocks that are dealt on demand is not settled "
                          "in this version");
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
        std::set<shape> seen;
        for (std::uint64_t i = 0; i < many; ++i) {
            const auto set = layout.at(first + i);
            if (!seen.insert(shape_of(n, *c, set)).second) continue;
            interrupt();
            auto one = guaranteed(of_one(s, n, *c, c->addresses.at(i), set), interrupt);
            if (one.nothing_fails && best.nothing_fails && best.evidence.empty())
                best = std::move(one);
            else
                take(best, std::move(one));
        }
    }
    with_table(s, n, best);
    best.nat = n.name;
    if (n.port_set->dynamic) keep_bound(n, best);
    if (!best.connections) best.evidence.erase("connections");
    return best;
}

}  // namespace natbound
