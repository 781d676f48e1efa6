// What the searches can do, and what the limits do before them; over all NATs.
#include "natbound/solver/guaranteed.hpp"

#include <algorithm>
#include <array>
#include <map>
#include <memory>
#include <set>
#include <tuple>

#include "clashing.hpp"
#include "counted_limit.hpp"
#include "filling.hpp"
#include "firewall.hpp"
#include "gated.hpp"
#include "natbound/model/cascade.hpp"
#include "natbound/model/error.hpp"
#include "natbound/model/gates.hpp"
#include "natbound/model/json_io.hpp"
#include "partner_conflict.hpp"
#include "port_set_guaranteed.hpp"
#include "search_bound.hpp"
#include "words.hpp"

namespace natbound {
namespace {

namespace bj = boost::json;
using namespace detail;

// A client set inside, of which one address could pass the quota; none where no quota can refuse.
const client_set* over_quota(const scenario& s, const nat_plan& plan) {
    if (!plan.quota) return nullptr;
    for (const auto* c : inside(s, *plan.of)) {
        count endpoints = 0;
        for (const auto& v : s.servers)
            if (reaches(*c, v)) endpoints += v.addresses.size() * v.ports.size();
        if (c->ports.size() * endpoints > *plan.quota) return c;
    }
    return nullptr;
}

// A limit that refuses (or cuts) with L live: the quota of one subscriber, or the table.
struct live_limit {
    count size;
    std::string kind;       // "quota" or "table"
    std::string reached;    // "with 2,000 live, ... the next connection is refused"
    std::string not_found;  // whose history was not found
};

// `out` is what a search can do without the limit. With fewer than L live the limit refuses nobody,
// so a history of the search that ends with fewer is one under the limit too (on its way it has at
// most one more live, while one flow holds another's port). `fill` gives a history that ends at the
// limit: where no search fails before, any that has the flows.
template <class Fill>
void with_limit(const live_limit& limit, guaranteed_result& out, Fill&& fill) {
    if (out.at_most && *out.at_most < limit.size) return;
    const bool first = out.nothing_fails || limit.size <= out.at_least;  // nothing fails before
    std::optional<filling> f = fill();
    if (!f && limit.not_found.empty()) return;  // there are too few flows, as far as is seen
    out.nothing_fails = false;
    out.connections.reset();
    out.at_most.reset();
    out.evidence = {};
    out.binds = limit.kind;
    if (first) out.at_least = limit.size;
    if (!f) {
        out.sets_it = "no new connection fails with fewer than " + grouped(out.at_least) +
                      " live; " + limit.not_found;
        return;
    }
    out.at_most = limit.size;
    if (first) out.connections = limit.size;
    out.failing = f->who.from(f->source);
    out.sets_it = limit.reached + (first ? "; no search fails with fewer live"
                                         : "; whether a search can fail with fewer is not settled");
    auto failing = trace_writer::failing(f->who, f->source, f->draws);
    out.evidence = bj::object{
        {"trace", std::move(f->trace)},
        {"failing", std::move(failing)},
        {"lower-bound", bj::object{{"reason", limit.kind}, {"limit", number(limit.size)}}}};
}

guaranteed_result of_nat(const scenario& s, const nat& n, known_sequences& sequences,
                         const std::function<void()>& interrupt) {
    nat unlimited = n;
    unlimited.connection_limits = {};
    unlimited.mapping_limits = {};
    const nat_plan searched(unlimited);
    const auto found = least_of_search(s, searched, sequences, interrupt);
    guaranteed_result out = found.result;
    with_partners(s, searched, found.arenas, out);
    const nat_plan plan(n);
    const client_set* who = over_quota(s, plan);
    if (who) {
        const count quota = *plan.quota;
        with_limit({quota, "quota",
                    "with " + grouped(quota) + " live, all of one address of " + who->name +
                        ", its next connection is refused: " + n.name + " allows a subscriber " +
                        grouped(quota),
                    "no history that reaches the quota was found (quota of " + n.name + ")"},
                   out, [&] { return fill_quota(s, plan, *who); });
    }
    nat shared = n;  // the quota, where it binds, comes first
    shared.connection_limits.limit_per_subscriber.reset();
    const nat_plan table(shared);
    const std::array limits{table.table, table.mappings};
    for (std::size_t which = 0; which < limits.size(); ++which) {
        const auto& limit = limits[which];
        // one address reaches its quota before
        if (!limit || (who && *plan.quota <= *limit)) continue;
        const bool mappings = which == 1;
        if (mappings && most_mappings(s, table) <= *limit) continue;
        const bool cuts = plan.design.pressure == pressure_kind::drop_least_recently_used;
        with_limit(
            {*limit, "table",
             (mappings ? "the table of " + n.name : table_in_words(n, *limit, "table")) +
                 " holds " + grouped(*limit) +
                 (cuts ? "; the next connection cuts the one least recently used"
                       : "; the next connection is refused"),
             mappings ? "no history that reaches the limit on mappings was found (" + n.name + ")"
                      : ""},
            out, [&]() -> std::optional<filling> {
                if (mappings) return fill_mappings(s, searched, *limit);
                auto f = fill_all(table, found.arenas.front(), *limit);
                if (!f) f = fill_table(table, found.arenas, *limit);
                if (!f) f = fill_limit(s, table, *limit);
                return f;
            });
    }
    out.evidence["nat"] = n.name;
    return out;
}

guaranteed_result nothing_translated() {
    guaranteed_result out;
    out.nothing_fails = true;
    out.binds = "nothing";
    out.sets_it =
        "no new connection can fail: nothing translates, so each flow is told apart by its own "
        "socket";
    out.evidence["lower-bound"] = bj::object{{"reason", "nothing-fails"}, {"why", "routed"}};
    return out;
}

// A cascade. A connection that fails does so at some NAT, so no fewer live than the least of the
// NATs looked at alone will do. A history that ends with a failure at a NAT with no other inside
// happens in the cascade too, unless one further out refuses before, which is a failure with no
// more live.
guaranteed_result of_stages(const scenario& s, const scenario& flat,
                            const std::function<void()>& interrupt) {
    std::vector<guaranteed_result> each;
    known_sequences sequences;
    const auto now_and_then = interrupt ? interrupt : [] {};
    for (const auto& n : flat.nats)
        if (translates(n))
            each.push_back(n.port_set ? port_set_guaranteed(flat, n, now_and_then)
                                      : of_nat(flat, n, sequences, now_and_then));
        else
            each.push_back(nothing_translated());  // with_firewalls
    const auto outer = outer_of(s);
    std::vector<bool> innermost(s.nats.size(), true);
    for (const auto n : outer)
        if (n < s.nats.size()) innermost[n] = false;
    std::optional<std::size_t> least, shown;
    for (std::size_t n = 0; n < each.size(); ++n) {
        const auto& r = each[n];
        if (r.nothing_fails) continue;
        if (!least || r.at_least < each[*least].at_least) least = n;
        if (innermost[n] && r.at_most && (!shown || *r.at_most < *each[*shown].at_most)) shown = n;
    }
    if (!least) {
        guaranteed_result out = std::move(each.front());
        out.sets_it = "no new connection can fail at any NAT of the cascade";
        return out;
    }
    guaranteed_result out = each[shown.value_or(*least)];
    out.at_least = each[*least].at_least;
    out.connections.reset();
    if (!shown) out.at_most.reset();
    if (shown && out.at_least == *out.at_most) {
        out.connections = out.at_most;
        out.evidence["connections"] = number(*out.connections);
        return out;
    }
    out.sets_it = "at " + s.nats[*least].name +
                  " a new connection finds at least so many endpoints to try; no history through "
                  "the NATs inside it that fills them is constructed in this version" +
                  (shown ? ". " + s.nats[*shown].name + ": " + each[*shown].sets_it : "");
    return out;
}

// What servers hold refuses with L live, all towards one endpoint (or address), if there are more
// sockets than that: where nothing fails before, any L flows do; where something does, that is a
// failure with fewer.
void with_servers(const scenario& s, guaranteed_result& out) {
    for (const auto& v : s.servers) {
        if (!v.connection_limits) continue;
        count sockets = 0;
        std::string who;
        for (const auto& c : s.clients)
            if (reaches(c, v)) {
                sockets += c.addresses.size() * c.ports.size();
                who += (who.empty() ? "" : ", ") + c.name;
            }
        const auto& [endpoint, address] = *v.connection_limits;
        for (const auto& [limit, there, what] :
             {std::tuple{endpoint, sockets, "endpoint"},
              std::tuple{address, count(sockets * v.ports.size()), "address"}}) {
            if (limit && there > *limit)
                count_limit(out, {*limit, "servers", "", "any client of " + who,
                                  "with " + grouped(*limit) + " live towards one " + what + " of " +
                                      v.name + " it takes no more",
                                  bj::object{{"reason", "servers"}, {"server", v.name}}});
        }
    }
}

// A limit on subscribers refuses one more client address where as many have one connection each: as
// above. (Client addresses that reach nothing have none.)
void with_subscribers(const scenario& s, guaranteed_result& out) {
    for (const auto& n : s.nats) {
        const auto& most = n.mapping_limits.limit_subscribers;
        count there = 0;
        for (const auto* c : inside(s, n)) there += c->addresses.size();
        if (most && there > *most)
            count_limit(out,
                        {*most, "subscribers", n.name, "any other client address inside " + n.name,
                         "with one connection of each of " + grouped(*most) + " client addresses " +
                             n.name + " serves no other",
                         bj::object{{"reason", "subscribers"}, {"nat", n.name}}});
    }
}

guaranteed_result of_ways(const scenario& s, const std::function<void()>& interrupt) {
    if (const auto clash = clash_in_words(s)) {
        if (is_cascade(s)) throw unsupported(*clash + "; clashes beside cascades are not settled");
        return first_clash(s, *clash);
    }
    if (auto clash = first_clash_at_backends(s)) return std::move(*clash);
    if (is_cascade(s)) return of_stages(s, side_by_side(s), interrupt);
    std::optional<guaranteed_result> best;
    std::optional<count> open_bound;
    known_sequences sequences;
    for (const auto& n : s.nats) {
        if (!translates(n)) continue;  // with_firewalls
        const auto now_and_then = interrupt ? interrupt : [] {};
        guaranteed_result r = n.port_set ? port_set_guaranteed(s, n, now_and_then)
                                         : of_nat(s, n, sequences, now_and_then);
        if (r.nothing_fails && best) continue;
        if (!r.connections && !r.nothing_fails && (!open_bound || r.at_least < *open_bound))
            open_bound = r.at_least;
        const bool better = !best || best->nothing_fails ||
                            (r.at_most && (!best->at_most || *r.at_most < *best->at_most));
        if (better) best = std::move(r);
    }
    if (!best) best = nothing_translated();
    if (open_bound && best->connections && *open_bound < *best->connections) {
        best->at_least = *open_bound;
        best->connections.reset();
    }
    if (best->connections) best->evidence["connections"] = number(*best->connections);
    return std::move(*best);
}

}  // namespace

guaranteed_result guaranteed(const scenario& s, const std::function<void()>& interrupt) {
    if (has_gates(s)) {
        const without_gates apart(s);
        auto out = guaranteed(apart.rest, interrupt);
        if (out.binds != "clash") with_gates(s, apart.gates, out);
        return out;
    }
    auto out = of_ways(s, interrupt);
    if (out.binds == "clash") return out;
    with_servers(s, out);
    with_subscribers(s, out);
    with_firewalls(s, out);
    return out;
}

}  // namespace natbound
