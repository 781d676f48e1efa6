// Each concrete step of nat_table is an abstract step of the obligations, and each state that it
// reaches satisfies their invariant: over all states of small networks, and along random histories
// of larger ones.
#include <deque>
#include <set>

#include "abstract_steps.hpp"
#include "catch.hpp"

using namespace natbound;
using namespace natbound::testing;

namespace {

struct seen_steps {
    std::size_t states = 0, steps = 0, opens = 0, shares = 0, takes_over = 0, drops = 0,
                refused = 0;

    void add(const seen_steps& more) {
        states += more.states;
        steps += more.steps;
        opens += more.opens;
        shares += more.shares;
        takes_over += more.takes_over;
        drops += more.drops;
        refused += more.refused;
    }
};

// Whether the flow's own mapping could carry it: then a table that refuses it is wrong. (Under
// eim-if-possible a source may have several endpoints, and the table offers the first alone.)
bool could_share(abstract_steps& steps, int n) {
    if (steps.type() == mapping_type::eim_if_possible) return false;
    const auto kept = steps.after;
    bool out = false;
    for (const int e : std::set<int>(kept.external.begin(), kept.external.end())) {
        steps.after = steps.before;
        steps.after.live[static_cast<std::size_t>(n)] = 1;
        steps.after.external[static_cast<std::size_t>(n)] = e;
        out = out || steps.holds("shares", n, e);
    }
    steps.after = kept;
    return out;
}

// Makes the step on the table, and checks that it is an abstract one. False where it is not.
template <class Random>
bool is_abstract(abstract_steps& steps, watched_table& table, const one_step& step, Random& random,
                 seen_steps& seen) {
    steps.before = table.state();
    ++seen.steps;
    if (step.what == one_step::kind::close) {
        table.close(step.flow);
        steps.after = table.state();
        return steps.holds("starts-closing", step.flow) && steps.holds("invariant");
    }
    if (step.what == one_step::kind::remove) {
        table.remove(step.flow);
        steps.after = table.state();
        return steps.holds("ends", step.flow) && steps.holds("invariant");
    }
    const auto out = table.open(step.flow, random);
    if (out.cut) {  // two steps in one: a flow is dropped, then another opens or is refused
        ++seen.drops;
        const auto gone = static_cast<std::size_t>(table.index(*out.cut));
        steps.after = steps.before;
        steps.after.live[gone] = steps.after.closing[gone] = steps.after.external[gone] = 0;
        if (!steps.holds("ends", static_cast<int>(gone))) return false;
        steps.before = steps.after;
    }
    steps.after = table.state();
    if (out.refused != refusal::none) {
        ++seen.refused;
        const bool wrongly = out.refused != refusal::table_full && could_share(steps, step.flow);
        return steps.before == steps.after && !wrongly;
    }
    const int e = number_of(out.external);
    const bool opens = steps.holds("opens", step.flow, e),
               shares = steps.holds("shares", step.flow, e),
               takes = steps.holds("takes-over", step.flow, e);
    seen.opens += opens ? 1 : 0;
    seen.shares += shares && !opens ? 1 : 0;
    seen.takes_over += takes && !opens && !shares ? 1 : 0;
    return out.taken_over ? takes : opens || shares;
}

nat small_nat(const design& d) {
    nat n;
    n.design = d;
    n.external_ip_address_pool = {pool, pool};
    for (const auto* cause : {"tcp-fin", "tcp-rst", "tcp-silence", "udp"}) n.timers[cause] = {1};
    return n;
}

// A design of these axes on two ports, the second of which is also a client's own (20000 is the
// first).
design small_design(const step_rules& r, first_choice first) {
    design d;
    d.name = "small";
    d.mapping_type = r.mapping_type;
    d.clash_scope = r.clash_scope;
    d.port_classes = {{all_ports(), {20000, 20001}}};
    d.first_choice = first;
    search_round round;
    if (r.takes_over) {
        d.reuse.take_over = {close_cause::tcp_fin};
        d.reuse.chance = 0.5;
        round.take_over_last = 2;
    }
    d.search.rounds = {round};
    d.pressure = r.drops ? pressure_kind::drop_least_recently_used : pressure_kind::refuse;
    return d;
}

std::vector<design> small_designs() {
    std::vector<design> out;
    for (const auto type :
         {mapping_type::eim, mapping_type::adm, mapping_type::edm, mapping_type::eim_if_possible})
        for (const auto to :
             {scope_destination::none, scope_destination::address, scope_destination::endpoint})
            for (const bool protocol : {false, true})
                for (const bool takes_over : {false, true})
                    for (const bool drops : {false, true})
                        for (const auto first : {first_choice::none, first_choice::preserve}) {
                            step_rules r;
                            r.mapping_type = type;
                            r.clash_scope = {to, protocol};
                            r.takes_over = takes_over;
                            r.drops = drops;
                            out.push_back(small_design(r, first));
                        }
    return out;
}

// Time runs out for all that close: as many ends, one after the other.
bool time_passes(abstract_steps& steps, watched_table& table) {
    steps.before = table.state();
    table.pass();
    const auto end = table.state();
    bool good = true;
    for (std::size_t f = 0; f < end.live.size(); ++f) {
        if (steps.before.live[f] == end.live[f]) continue;
        steps.after = steps.before;
        good = good && steps.before.closing[f] == 1;
        steps.after.live[f] = steps.after.closing[f] = steps.after.external[f] = 0;
        good = good && steps.holds("ends", static_cast<int>(f));
        steps.before = steps.after;
    }
    return good && steps.before == end;
}

// All states that the table reaches, by every step and every draw.
seen_steps explore(const design& d, const std::vector<flow>& flows,
                   std::optional<std::uint64_t> limit) {
    nat n = small_nat(d);
    n.connection_limits.limit_per_instance = limit;
    const nat_plan plan(n);
    abstract_steps steps(d, flows);
    seen_steps seen;
    using key = std::pair<table_state, std::list<int>>;
    std::set<key> known;
    std::deque<std::vector<one_step>> todo{{}};
    const auto replayed = [&](const std::vector<one_step>& path) {
        watched_table table(plan, flows);
        for (const auto& s : path) {
            scripted_bits script(s.draws);
            if (s.what == one_step::kind::open)
                table.open(s.flow, script);
            else if (s.what == one_step::kind::close)
                table.close(s.flow);
            else
                table.remove(s.flow);
        }
        return table;
    };
    const auto key_of = [&](const watched_table& t) {
        return key{t.state(), limit ? t.order_of_use() : std::list<int>{}};
    };
    {
        const watched_table empty(plan, flows);
        known.insert(key_of(empty));
    }
    while (!todo.empty()) {
        const auto path = todo.front();
        todo.pop_front();
        const auto state = key_of(replayed(path)).first;
        ++seen.states;
        for (int f = 0; f < static_cast<int>(flows.size()); ++f) {
            const bool live = state.live[static_cast<std::size_t>(f)] == 1;
            const bool closing = state.closing[static_cast<std::size_t>(f)] == 1;
            for (const auto what :
                 {one_step::kind::open, one_step::kind::close, one_step::kind::remove}) {
                if (live != (what != one_step::kind::open) ||
                    (closing && what == one_step::kind::close))
                    continue;
                every_draw draws;
                do {
                    auto table = replayed(path);
                    one_step step{what, f, {}};
                    const bool good = is_abstract(steps, table, step, draws, seen);
                    if (!good)
                        FAIL("step " << static_cast<int>(what) << " of flow " << f << " after "
                                     << path.size() << " steps");
                    step.draws = draws.drawn();
                    if (known.insert(key_of(table)).second) {
                        todo.push_back(path);
                        todo.back().push_back(step);
                    }
                } while (draws.next());
            }
        }
    }
    return seen;
}

}  // namespace

TEST_CASE("all states of small networks: each concrete step is an abstract one") {
    // a flow towards each destination from one source, and a second source
    const auto all = flows_between(2, 2, 2, 2);
    const std::vector<std::vector<flow>> networks{
        {all[0], all[1], all[4], all[5]},   // TCP, one address, two ports
        {all[0], all[2], all[4], all[14]},  // TCP, two addresses, and one UDP flow
    };
    seen_steps sum;
    for (const auto& d : small_designs())
        for (const auto& flows : networks) {
            const bool drops = d.pressure == pressure_kind::drop_least_recently_used;
            INFO(to_json(d));
            const auto seen =
                explore(d, flows, drops ? std::optional<std::uint64_t>(2) : std::nullopt);
            CHECK(seen.states > 5);
            sum.add(seen);
        }
    CHECK(sum.states > 10'000);
    CHECK(sum.shares > 0);
    CHECK(sum.takes_over > 0);
    CHECK(sum.drops > 0);
    CHECK(sum.refused > 0);
}

TEST_CASE("long random histories of the catalogue's designs are abstract steps too") {
    // 2 protocols, 3 sources, 2 addresses and 2 ports; a pool of two addresses of five ports
    const auto flows = flows_between(2, 3, 2, 2);
    seen_steps sum;
    for (const auto& listed : catalogue())
        for (const auto type : {listed.mapping_type, mapping_type::eim, mapping_type::adm})
            for (const auto to : {scope_destination::none, scope_destination::address,
                                  scope_destination::endpoint}) {
                design d = listed;
                d.mapping_type = type;
                d.clash_scope.destination = to;
                d.port_classes = {{all_ports(), {19999, 20003}}};
                INFO(d.name << " with mapping type " << static_cast<int>(type) << " and scope "
                            << static_cast<int>(to));
                nat n = small_nat(d);
                n.external_ip_address_pool = {pool, pool + 1};
                n.connection_limits.limit_per_instance = 12;
                const nat_plan plan(n);
                abstract_steps steps(d, flows);
                watched_table table(plan, flows);
                random_bits random(static_cast<std::uint64_t>(type) * 3 +
                                   static_cast<std::uint64_t>(to));
                seen_steps seen;
                bool all_good = true;
                for (int i = 0; i < 250 && all_good; ++i) {
                    one_step step;
                    step.flow = static_cast<int>(random.draw(flows.size()));
                    const auto f = static_cast<std::size_t>(step.flow);
                    if (table.state().live[f] == 1)
                        step.what = table.state().closing[f] == 0 && random.chance(0.5)
                                        ? one_step::kind::close
                                        : one_step::kind::remove;
                    all_good =
                        is_abstract(steps, table, step, random, seen) && steps.holds("invariant");
                    if (i % 50 == 49) all_good = all_good && time_passes(steps, table);
                }
                CHECK(all_good);
                sum.add(seen);
            }
    CHECK(sum.opens > 500);
    CHECK(sum.shares > 500);
    CHECK(sum.takes_over > 10);
    CHECK(sum.refused > 1000);
}
