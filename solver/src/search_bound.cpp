// Takes every kind of flow in turn, cheapest first, until one is shown to fail with as few live
// flows as any could.
#include "search_bound.hpp"

#include <algorithm>
#include <set>

#include "filling.hpp"
#include "mapping_conflict.hpp"
#include "natbound/model/error.hpp"

namespace natbound::detail {

namespace bj = boost::json;

bj::value number(const count& n) {
    if (n <= (count(1) << 53)) return static_cast<std::uint64_t>(n);
    return bj::string(n.str());
}

std::shared_ptr<const shortest_sequences> known_sequences::of(const nat_plan& plan,
                                                              const port_set& sources,
                                                              const port_set& liked,
                                                              const port_set& holes) {
    std::string key = to_json(plan.design);
    if (const auto& given = plan.of->port_set_restrict) key += to_string(given->ports());
    auto& here = by_design_[key];
    for (const auto& one : here)
        if (one.sources == sources && one.liked == liked && one.holes == holes) return one.shortest;
    auto found =
        std::make_shared<const shortest_sequences>(find_shortest(plan, sources, liked, 24, holes));
    here.push_back({sources, liked, holes, found});
    return found;
}

namespace {

// Addresses of the pool that are alike, and the shortest sequences there.
struct kind_part {
    address_set addresses;
    count many;  // that one search visits
    port_set holes;
    std::shared_ptr<const shortest_sequences> shortest;
};

// A kind of flow: one actor's source ports of one class, preserved or not.
struct kind {
    const arena* where;
    const actor* who;
    port_set sources;
    std::vector<kind_part> parts;
    std::uint64_t start = 0;  // the rank of the first address that the search visits
    count at_least;           // distinct endpoints of the whole sequence, over all of them
    count permitted;          // endpoints there that it may be given
};

class search_bound {
  public:
    search_bound(const scenario& s, const nat_plan& plan, known_sequences& sequences,
                 const std::function<void()>& interrupt)
        : plan_(plan), sequences_(sequences), interrupt_(interrupt) {
        if (plan.design.pool.choice == pool_choice::round_robin && !plan.design.pool.fallback &&
            plan.pool_size > 1 && !plan.pairs())
            throw unsupported("NAT " + plan.of->name +
                              ": guaranteed of a round-robin pool without fallback is not settled "
                              "in this version");
        conflicts_ = may_conflict(s, plan);
        if (conflicts_) conflict_ = find_conflict(s, plan);
        visited_ = visits_all_addresses(plan) ? plan.pool_size : count(1);
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
        // it brings its address along, too
        const bool lent = plan_.design.mapping_type == mapping_type::eim_if_possible ||
                          (plan_.design.mapping_type == mapping_type::eim &&
                           plan_.design.clash_scope.destination != scope_destination::none);
        if (mixed || lent || conflicts_)
            for (const auto& where : arenas_) others_keep = others_keep && keeps_to_itself(where);
        if (lent) {
            // A mapping made towards another destination brings its pool address along, so arenas
            // of several addresses mix.
            std::set<ip_address> towards;
            for (const auto& where : arenas_)
                for (const auto& a : where.actors) towards.insert(a.destination.address);
            apart = plan_.pool_size == 1 || towards.size() == 1 ||
                    plan_.design.pool.of == hash_input::source;
        }
        const bool preserved = apart && others_keep &&
                               std::all_of(arenas_.begin(), arenas_.end(), [&](const auto& where) {
                                   return keeps_to_itself(where);
                               });
        if (conflict_) tell_conflict(out);
        if (conflicts_ && !conflict_ && !preserved) open_bound = 2;
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
    kind kind_of(const arena& where, const actor& who, const port_set& sources,
                 const port_set& liked) {
        kind k{&where, &who, sources, {}, where.rank.value_or(0), 0, 0};
        const auto& pool = plan_.of->external_ip_address_pool;
        std::vector<address_set> alike{pool};
        if (!plan_.holes.empty()) alike = plan_.holes.alike();
        for (const auto& addresses : alike) {
            const auto holes = plan_.holes.at(who.server->protocol, addresses.at(0));
            k.parts.push_back(
                {addresses, addresses.size(), holes, sequences_.of(plan_, sources, liked, holes)});
        }
        if (!visits_all_addresses(plan_)) {
            // one address alone: the one that is fixed, else the one where it fails soonest
            const bool fixed = where.rank && !plan_.design.pool.fallback;
            std::stable_sort(k.parts.begin(), k.parts.end(), [&](const auto& a, const auto& b) {
                return fixed ? a.addresses.contains(pool.at(k.start)) >
                                   b.addresses.contains(pool.at(k.start))
                             : a.shortest->at_least < b.shortest->at_least;
            });
            k.parts.resize(1);
            k.parts.front().many = 1;
            const bool there = where.rank && k.parts.front().addresses.contains(pool.at(k.start));
            if (!fixed && !there)
                k.start = static_cast<std::uint64_t>(*pool.rank(k.parts.front().addresses.at(0)));
        }
        for (const auto& p : k.parts) {
            k.at_least += p.many * p.shortest->at_least;
            k.permitted += p.many * (plan_.permitted(sources.at(0)) - p.holes).size();
        }
        return k;
    }

    // The shortest sequences of a kind, those of all its addresses from one source port.
    std::vector<visited_ports> visits(const kind& k) {
        std::vector<visited_ports> out;
        std::set<port> seen;
        for (const auto& first : k.parts.front().shortest->found) {
            visited_ports v{{}, k.start};
            for (const auto& p : k.parts) {
                const bool same = &p == &k.parts.front();
                if (!same && seen.size() >= 4 && seen.count(first.source) == 0) break;
                v.parts.push_back(
                    {p.addresses, p.many, p.holes,
                     same ? first
                          : sequences_.of(plan_, {first.source, first.source}, {}, p.holes)
                                ->found.front()});
            }
            seen.insert(first.source);
            if (v.parts.size() == k.parts.size()) out.push_back(std::move(v));
        }
        return out;
    }

    std::vector<kind> all_kinds() {
        std::vector<kind> out;
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
                        interrupt_();
                        out.push_back(kind_of(where, who, sources, liked));
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
        port_set seen = plan_.holes.anywhere();  // no flow's own
        for (const auto& a : where.actors) {
            if (!(seen & a.clients->ports).empty()) return false;
            seen = seen | a.clients->ports;
        }
        seen = seen - plan_.holes.anywhere();
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
        const auto take = [&](filling f, const visited_ports& visited) {
            if (out.at_most && count(f.live) >= *out.at_most) return;
            out.at_most = f.live;
            out.binds = k.at_least == k.permitted ? "ports" : "search";
            describe(f, visited, out);
        };
        const auto all = visits(k);
        if (plan_.holes.empty() && plan_.classes.size() == 1 &&
            k.at_least == visited_ * plan_.classes[0].size) {
            if (auto f = fill_all(plan_, *k.where, saturated(k.at_least))) {
                f->draws = failing_draws(all.front());
                take(std::move(*f), all.front());
                return true;
            }
        }
        for (const auto& visited : all)
            // the one who fails is of this kind, any address of its set
            for (const auto& who : failing_actors(k))
                if (auto f = fill(plan_, *k.where, who, visited)) {
                    const bool met = count(f->live) == k.at_least;
                    take(std::move(*f), visited);
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

    std::vector<std::uint64_t> failing_draws(const visited_ports& visited) const {
        std::vector<std::uint64_t> out;
        if (plan_.pool_size > 1 && plan_.design.pool.choice != pool_choice::round_robin &&
            !plan_.pool_rank(0, 0))
            out.push_back(0);
        const auto rest = visited.draws(plan_);
        out.insert(out.end(), rest.begin(), rest.end());
        return out;
    }

    void tell_conflict(guaranteed_result& out) {
        auto& f = *conflict_;
        out.at_most = f.live;
        out.binds = "ports";
        out.failing = f.who.from_to(f.source);
        out.sets_it = "with 2 live, " + out.failing +
                      " can fail: its mapping, which was made towards another destination, has an "
                      "external endpoint that another mapping uses towards this one (overloading)";
        out.evidence = bj::object{
            {"trace", std::move(f.trace)},
            {"failing", trace_writer::failing(f.who, f.source, f.draws)},
            {"lower-bound", bj::object{{"reason", "conflict"}, {"limit", number(f.live)}}}};
    }

    void describe(filling& f, const visited_ports& visited, guaranteed_result& out) const {
        const port_set ports = visited.ports();
        out.failing = f.who.from_to(f.source);
        count tried = 0;
        for (const auto& p : visited.parts) tried += p.many * p.sequence.ports.size();
        const count probed = visited.size(), kept = tried - probed;
        const std::string where = ", " + to_string(ports) +
                                  (visited_ > 1 ? " on each of " + grouped(visited_) + " addresses"
                                   : plan_.pairs() ? " on the address that its client has"
                                                   : "");
        if (ports.empty())
            out.sets_it =
                out.failing + " fails at once: its port is not kept, and none is searched";
        else if (probed == 0)
            out.sets_it = out.failing +
                          " can fail at once: static mappings keep every endpoint "
                          "that it would try" +
                          where;
        else
            out.sets_it = "with " + grouped(f.live) + " live, " + out.failing +
                          " can fail: every endpoint that it would try" + where + ", is taken" +
                          (kept > 0 ? " (" + grouped(kept) + " by static mappings)" : "") +
                          "; fewer can't do it, since every search has at least " +
                          grouped(probed) + (kept > 0 ? " other" : " distinct") +
                          " endpoints, each held by a flow of its own";
        out.evidence = bj::object{
            {"trace", std::move(f.trace)},
            {"failing", trace_writer::failing(f.who, f.source, f.draws)},
            {"lower-bound", bj::object{{"reason", "sequence"}, {"endpoints", number(f.live)}}}};
    }

    const nat_plan& plan_;
    known_sequences& sequences_;
    const std::function<void()>& interrupt_;
    count visited_;
    bool conflicts_ = false;           // between mappings that serve several keys: 2 live can do it
    std::optional<filling> conflict_;  // found
    std::vector<arena> arenas_;
};

}  // namespace

searched least_of_search(const scenario& s, const nat_plan& plan, known_sequences& sequences,
                         const std::function<void()>& interrupt) {
    search_bound search(s, plan, sequences, interrupt);
    auto result = search.run();
    return {std::move(result), search.all()};
}

}  // namespace natbound::detail
