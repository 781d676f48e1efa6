// Takes every kind of flow in turn, cheapest first, until one is shown to fail with as few live
// flows as any could.
#include "natbound/solver/guaranteed.hpp"

#include <algorithm>
#include <memory>
#include <set>

#include "filling.hpp"
#include "natbound/model/error.hpp"
#include "natbound/model/json_io.hpp"
#include "port_set_guaranteed.hpp"

namespace natbound {
namespace {

namespace bj = boost::json;
using namespace detail;

bj::value number(const count& n) {
    if (n <= (count(1) << 53)) return static_cast<std::uint64_t>(n);
    return bj::string(n.str());
}

// A kind of flow: one actor's source ports of one class, preserved or not.
struct kind {
    const arena* where;
    const actor* who;
    std::shared_ptr<const shortest_sequences> shortest;
    count at_least;  // distinct endpoints of the whole sequence, over all addresses it visits
};

class search_bound {
  public:
    search_bound(const scenario& s, const nat_plan& plan, const std::function<void()>& interrupt)
        : plan_(plan), interrupt_(interrupt) {
        if (plan.design.mapping_type != mapping_type::edm &&
            plan.design.mapping_type != mapping_type::eim_if_possible) {
            const auto scope = plan.design.clash_scope.destination;
            if (scope == scope_destination::endpoint ||
                (plan.design.mapping_type == mapping_type::eim && scope != scope_destination::none))
                throw unsupported("NAT " + plan.of->name +
                                  ": guaranteed of a mapping that several destinations share while "
                                  "ports are overloaded is not settled in this version");
        }
        if (plan.design.pool.choice == pool_choice::round_robin && !plan.design.pool.fallback &&
            plan.pool_size > 1)
            throw unsupported("NAT " + plan.of->name +
                              ": guaranteed of a round-robin pool without fallback is not settled "
                              "in this version");
        visited_ = plan.design.pool.fallback ? plan.pool_size : count(1);
        std::uint64_t widest = 0;
        for (const auto& c : plan.classes) widest = std::max(widest, c.size);
        arenas_ = arenas(
            s, plan,
            std::min<std::uint64_t>(saturated(visited_ * widest) + 2, std::uint64_t{1} << 32U));
    }

    const std::vector<arena>& all() const { return arenas_; }

    guaranteed_result run() {
        std::vector<kind> kinds = all_kinds();
        std::stable_sort(kinds.begin(), kinds.end(),
                         [](const kind& a, const kind& b) { return a.at_least < b.at_least; });
        guaranteed_result out;
        out.nat = plan_.of->name;
        std::optional<count> open_bound;  // the least bound of a kind that could not be settled
        std::set<std::string> reasons;
        // Where a source's mapping is offered towards other destinations too, a flow that was moved
        // in one arena moves others.
        bool others_keep = true, apart = true;
        const bool mixed = std::any_of(arenas_.begin(), arenas_.end(),
                                       [](const arena& where) { return where.mixed; });
        if (mixed || plan_.design.mapping_type == mapping_type::eim_if_possible)
            for (const auto& where : arenas_) others_keep = others_keep && keeps_to_itself(where);
        if (plan_.design.mapping_type == mapping_type::eim_if_possible) {
            // A mapping made towards another destination brings its pool address along, so arenas
            // of several addresses mix.
            std::set<ip_address> towards;
            for (const auto& where : arenas_)
                for (const auto& a : where.actors) towards.insert(a.destination.address);
            apart = plan_.pool_size == 1 || towards.size() == 1 ||
                    plan_.design.pool.of == hash_input::source;
        }
        for (const auto& k : kinds) {
            interrupt_();
            if (out.at_most && k.at_least >= *out.at_most) break;
            if (apart && k.at_least >= k.where->sockets && k.where->all) {
                reasons.insert("sockets");
                continue;
            }
            if (apart && others_keep && keeps_to_itself(*k.where)) {
                reasons.insert("preserved");
                continue;
            }
            if (!try_kind(k, out) && (!open_bound || k.at_least < *open_bound))
                open_bound = k.at_least;
        }
        if (!out.at_most && !open_bound) {
            out.nothing_fails = true;
            out.binds = "nothing";
            std::string why;
            for (const auto& r : reasons) why += (why.empty() ? "" : "+") + r;
            out.evidence["lower-bound"] =
                bj::object{{"reason", "nothing-fails"}, {"why", why.empty() ? "sockets" : why}};
            out.sets_it =
                reasons.count("preserved")
                    ? "no new connection can fail: towards each destination every client's ports "
                      "are its own outside, too, so each flow keeps its port"
                    : "no new connection can fail: the clients have fewer sockets than any search "
                      "has ports";
            return out;
        }
        out.at_least =
            open_bound && (!out.at_most || *open_bound < *out.at_most) ? *open_bound : *out.at_most;
        if (out.at_most && out.at_least == *out.at_most) out.connections = out.at_most;
        if (!out.at_most)
            out.sets_it = "a new connection finds at least " + grouped(out.at_least) +
                          " endpoints to try; no history that fills them was found";
        return out;
    }

  private:
    std::vector<kind> all_kinds() const {
        std::vector<kind> out;
        // Towards a hundred servers the same ports are searched: once is enough.
        struct known {
            port_set sources, liked;
            std::shared_ptr<const shortest_sequences> shortest;
        };
        std::vector<known> searched;
        const auto shortest = [&](const port_set& sources, const port_set& liked) {
            for (const auto& one : searched)
                if (one.sources == sources && one.liked == liked) return one.shortest;
            interrupt_();
            auto found = std::make_shared<const shortest_sequences>(
                find_shortest(plan_, sources, liked, 24));
            searched.push_back({sources, liked, found});
            return found;
        };
        for (const auto& where : arenas_) {
            std::set<const client_set*> seen;
            port_set liked;
            for (const auto& who : where.actors)
                if (seen.insert(who.clients).second) liked = liked | who.clients->ports;
            seen.clear();
            for (const auto& who : where.actors) {
                if (!seen.insert(who.clients).second) continue;
                for (const auto& range : plan_.classes) {
                    const port_set ports = who.clients->ports & range.source;
                    port_set kept;
                    if (plan_.design.first_choice == first_choice::preserve_any)
                        kept = ports;
                    else if (plan_.design.first_choice == first_choice::preserve)
                        kept = ports & range.ports;
                    for (const port_set& sources : {kept, ports - kept}) {
                        if (sources.empty()) continue;
                        kind k{&where, &who, shortest(sources, liked), 0};
                        k.at_least = visited_ * k.shortest->at_least;
                        out.push_back(std::move(k));
                    }
                }
            }
        }
        return out;
    }

    // Whether in this arena every flow sits on its own port for ever: each is preserved, and no two
    // sockets have the same port.
    bool keeps_to_itself(const arena& where) const {
        if (!where.all || where.actors.size() > 4096) return false;
        port_set seen;
        for (const auto& a : where.actors) {
            if (!(seen & a.clients->ports).empty()) return false;
            seen = seen | a.clients->ports;
        }
        for (const auto& range : plan_.classes) {
            const port_set ports = seen & range.source;
            if (plan_.design.first_choice == first_choice::none) return false;
            if (plan_.design.first_choice == first_choice::preserve &&
                !(ports - range.ports).empty())
                return false;
        }
        return true;
    }

    bool try_kind(const kind& k, guaranteed_result& out) {
        const auto take = [&](filling f, const port_set& ports) {
            if (out.at_most && count(f.live) >= *out.at_most) return;
            out.at_most = f.live;
            out.binds = k.at_least == visited_ * saturated(plan_.permitted(f.source).size())
                            ? "ports"
                            : "search";
            describe(f, ports, out);
        };
        if (plan_.classes.size() == 1 && k.at_least == visited_ * plan_.classes[0].size) {
            if (auto f = fill_all(plan_, *k.where, saturated(k.at_least))) {
                f->draws = failing_draws(k.shortest->found.front());
                take(std::move(*f), plan_.classes[0].ports);
                return true;
            }
        }
        for (const auto& sequence : k.shortest->found)
            // the one who fails is of this kind, any address of its set
            for (const auto& who : failing_actors(k))
                if (auto f = fill(plan_, *k.where, who, sequence)) {
                    const bool met = count(f->live) == k.at_least;
                    take(std::move(*f), sequence.ports);
                    if (met) return true;
                    break;
                }
        return false;
    }

    std::vector<actor> failing_actors(const kind& k) const {
        std::vector<actor> out;
        for (const auto& a : k.where->actors)
            if (a.clients == k.who->clients && out.size() < 2) out.push_back(a);
        return out;
    }

    std::vector<std::uint64_t> failing_draws(const short_sequence& sequence) const {
        std::vector<std::uint64_t> out;
        if (plan_.pool_size > 1 && plan_.design.pool.choice != pool_choice::round_robin &&
            !plan_.pool_rank(0, 0))
            out.push_back(0);
        for (count i = 0; i < visited_; ++i)
            out.insert(out.end(), sequence.draws.begin(), sequence.draws.end());
        return out;
    }

    void describe(filling& f, const port_set& ports, guaranteed_result& out) const {
        const std::string server =
            f.who.server->name + ":" + std::to_string(f.who.destination.port);
        out.failing = f.who.clients->name + " (" + to_string(f.who.address) + ", source port " +
                      std::to_string(f.source) + ") to " + server;
        const count probed = visited_ * ports.size();
        if (ports.empty())
            out.sets_it =
                out.failing + " fails at once: its port is not kept, and none is searched";
        else
            out.sets_it = "with " + grouped(f.live) + " live, " + out.failing +
                          " can fail: every endpoint that it would try, " + to_string(ports) +
                          (visited_ > 1 ? " on each of " + grouped(visited_) + " addresses" : "") +
                          ", is taken; fewer can't do it, since every search has at least " +
                          grouped(probed) + " distinct endpoints, each held by a flow of its own";
        bj::object failing = trace_writer::step("open", f.who, f.source, f.source);
        bj::array draws;
        for (const auto d : f.draws) draws.push_back(d);
        failing["draws"] = draws;
        failing["step"] = bj::array(f.draws.size(), 0);
        out.evidence = bj::object{
            {"trace", std::move(f.trace)},
            {"failing", std::move(failing)},
            {"lower-bound", bj::object{{"reason", "sequence"}, {"endpoints", number(f.live)}}}};
    }

    const nat_plan& plan_;
    const std::function<void()>& interrupt_;
    count visited_;
    std::vector<arena> arenas_;
};

bj::object failing_step(const filling& f) {
    bj::object out = trace_writer::step("open", f.who, f.source, f.source);
    bj::array draws;
    for (const auto d : f.draws) draws.push_back(d);
    out["draws"] = draws;
    out["step"] = bj::array(f.draws.size(), 0);
    return out;
}

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
    if (!f && limit.kind == "table") return;  // there are too few flows, as far as is seen
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
    out.failing = f->who.clients->name + " (" + to_string(f->who.address) + ", source port " +
                  std::to_string(f->source) + ")";
    out.sets_it = limit.reached + (first ? "; no search fails with fewer live"
                                         : "; whether a search can fail with fewer is not settled");
    auto failing = failing_step(*f);
    out.evidence = bj::object{
        {"trace", std::move(f->trace)},
        {"failing", std::move(failing)},
        {"lower-bound", bj::object{{"reason", limit.kind}, {"limit", number(limit.size)}}}};
}

guaranteed_result of_nat(const scenario& s, const nat& n, const std::function<void()>& interrupt) {
    nat unlimited = n;
    unlimited.connection_limits = {};
    unlimited.mapping_limits = {};
    const nat_plan searched(unlimited);
    search_bound search(s, searched, interrupt);
    guaranteed_result out = search.run();
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
    for (const auto& limit : {table.table, table.mappings}) {
        // one address reaches its quota before
        if (!limit || (who && *plan.quota <= *limit)) continue;
        const bool cuts = plan.design.pressure == pressure_kind::drop_least_recently_used;
        with_limit({*limit, "table",
                    "the table of " + n.name + " holds " + grouped(*limit) +
                        (cuts ? "; the next connection cuts the one least recently used"
                              : "; the next connection is refused"),
                    ""},
                   out, [&] {
                       auto f = fill_all(table, search.all().front(), *limit);
                       if (!f) f = fill_table(table, search.all(), *limit);
                       if (!f) f = fill_limit(s, table, *limit);
                       return f;
                   });
    }
    out.evidence["nat"] = n.name;
    return out;
}

}  // namespace

guaranteed_result guaranteed(const scenario& s, const std::function<void()>& interrupt) {
    std::optional<guaranteed_result> best;
    std::optional<count> open_bound;
    for (const auto& n : s.nats) {
        for (const auto& name : n.inside)
            for (const auto& other : s.nats)
                if (other.name == name)
                    throw unsupported("NAT " + other.name + " is inside NAT " + n.name +
                                      ": cascades are not settled in this version");
        const auto now_and_then = interrupt ? interrupt : [] {};
        guaranteed_result r =
            n.port_set ? port_set_guaranteed(s, n, now_and_then) : of_nat(s, n, now_and_then);
        if (r.nothing_fails && best) continue;
        if (!r.connections && !r.nothing_fails && (!open_bound || r.at_least < *open_bound))
            open_bound = r.at_least;
        const bool better = !best || best->nothing_fails ||
                            (r.at_most && (!best->at_most || *r.at_most < *best->at_most));
        if (better) best = std::move(r);
    }
    if (!best) {
        best.emplace();
        best->nothing_fails = true;
        best->binds = "nothing";
        best->sets_it =
            "no new connection can fail: nothing translates, so each flow is told apart by its own "
            "socket";
        best->evidence["lower-bound"] = bj::object{{"reason", "nothing-fails"}, {"why", "routed"}};
    }
    if (open_bound && best->connections && *open_bound < *best->connections) {
        best->at_least = *open_bound;
        best->connections.reset();
    }
    if (best->connections) best->evidence["connections"] = number(*best->connections);
    return std::move(*best);
}

}  // namespace natbound
