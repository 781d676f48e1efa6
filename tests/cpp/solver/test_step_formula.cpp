// The formula of a search against the search itself: every state of a few ports, and every number
// that may be drawn, for each design of the catalogue scaled down with its structure kept.
#include "catch.hpp"
#include "natbound/model/error.hpp"
#include "natbound/solver/step_formula.hpp"
#include "natbound/solver/z3_query.hpp"

using namespace natbound;

namespace {

struct compared {
    std::size_t states = 0, draws = 0, refused = 0, taken_over = 0, differences = 0;
};

bool same(const std::optional<chosen_port>& a, const std::optional<chosen_port>& b) {
    if (!a || !b) return a.has_value() == b.has_value();
    return a->at == b->at && a->taken_over == b->taken_over;
}

nat nat_of(const design& d) {
    nat n;
    n.design = d;
    n.external_ip_address_pool = {1, 1};
    return n;
}

// All states of the ports that the flow may be given, and all draws.
compared compare(const design& d, port source) {
    const nat n = nat_of(d);
    const nat_plan plan(n);
    const take_over_rule reuse{!d.reuse.take_over.empty(), d.reuse.chance};
    const step_formula formula(plan, source, reuse);
    std::vector<port> ports;
    for (const auto& part : formula.ports().parts())
        for (port p = part.first; p <= part.last; ++p) ports.push_back(p);
    compared out;
    std::vector<int> state(ports.size(), 0);  // 0 free, 1 busy, 2 closing
    const int most = reuse.allowed ? 2 : 1;
    for (bool more = true; more;) {
        port_bits taken;
        for (std::size_t i = 0; i < ports.size(); ++i) {
            if (state[i] > 0) taken.take(ports[i]);
            taken.set_closing(ports[i], state[i] == 2);
        }
        ++out.states;
        every_draw random;
        do {
            const auto wanted = choose_port(plan, taken, source, reuse, random);
            const auto drawn = random.drawn();
            const auto got = formula.evaluate(taken, drawn);
            const bool equal =
                same(wanted, got.chosen) && got.used == drawn.size() && !got.wants_more;
            out.differences += equal ? 0 : 1;
            ++out.draws;
            out.refused += wanted ? 0 : 1;
            out.taken_over += wanted && wanted->taken_over ? 1 : 0;
        } while (random.next());
        more = false;
        for (std::size_t i = 0; i < state.size() && !more; ++i) {
            more = ++state[i] <= most;
            if (!more) state[i] = 0;
        }
    }
    return out;
}

// The design with its rounds on a few ports: widths of a few bits, windows of a few probes. What
// is absent stays absent, and the order of sizes is kept.
design scaled(const design& d, const port_set& ports) {
    design out = d;
    out.port_classes = {{all_ports(), ports}};
    unsigned round_number = 0;
    for (auto& r : out.search.rounds) {
        if (r.bits) r.bits = round_number == 0 ? 3 : 1;
        if (r.offset_bits) r.offset_bits = round_number == 0 ? 3 : 2;
        if (r.probes)
            r.probes = round_number == 0 ? std::min(*r.probes, 3U) : std::min(*r.probes, 2U);
        if (r.take_over_last > 0) r.take_over_last = round_number == 0 ? 2 : 1;
        ++round_number;
    }
    return out;
}

// The same along random states and draws.
std::size_t differences_at_random(const design& d, port source, std::uint64_t seed, int trials) {
    const nat n = nat_of(d);
    const nat_plan plan(n);
    const take_over_rule reuse{!d.reuse.take_over.empty(), d.reuse.chance};
    const step_formula formula(plan, source, reuse);
    random_bits random(seed);
    std::size_t out = 0;
    for (int t = 0; t < trials; ++t) {
        port_bits taken;
        const double load = random.unit() < 0.5 ? 0.9 : 1.0;
        for (const auto& part : formula.ports().parts())
            for (port p = part.first; p <= part.last; ++p)
                if (random.chance(load)) {
                    taken.take(p);
                    taken.set_closing(p, reuse.allowed && random.chance(0.1));
                }
        // numbers are drawn as they are wanted, by the search, and kept for the formula
        struct recorder {
            random_bits& from;
            std::vector<std::uint64_t> seen;
            std::uint64_t draw(std::uint64_t values) {
                return seen.emplace_back(from.draw(values));
            }
            bool chance(double probability) {
                if (probability <= 0 || probability >= 1) return probability >= 1;
                return draw(2) == 1;
            }
        } recorded{random, {}};
        const auto wanted = choose_port(plan, taken, source, reuse, recorded);
        const auto got = formula.evaluate(taken, recorded.seen);
        out +=
            same(wanted, got.chosen) && got.used == recorded.seen.size() && !got.wants_more ? 0 : 1;
    }
    return out;
}

// Sets of ports: an odd and an even size, one port, and one with a hole.
std::vector<port_set> small_sets() {
    return {port_set(20, 22), port_set(20, 23), port_set(20, 20),
            port_set(20, 20) | port_set(23, 24)};
}

bool is_sat(const step_formula& formula, const std::string& more) {
    return z3_query(formula.smt2() + more).ask().verdict == satisfiability::sat;
}

std::string some_free(const step_formula& formula) {
    std::string out = "(assert (or";
    for (const auto& part : formula.ports().parts())
        for (port p = part.first; p <= part.last; ++p)
            out += " (not busy-" + std::to_string(p) + ")";
    return out + "))\n";
}

}  // namespace

TEST_CASE("the formula is the search: each design of the catalogue, all states, all draws") {
    compared sum;
    for (const auto& d : catalogue())
        for (const auto& ports : small_sets())
            for (const port source : {port{21}, port{40}}) {
                INFO(d.name << " on " << to_string(ports) << " from " << source);
                const auto c = compare(scaled(d, ports), source);
                CHECK(c.differences == 0);
                CHECK(c.refused > 0);
                CHECK((c.taken_over > 0) == !d.reuse.take_over.empty());
                sum.states += c.states;
                sum.draws += c.draws;
            }
    CHECK(sum.states > 1000);
    CHECK(sum.draws > 30'000);
}

TEST_CASE("and with the widths and windows of the catalogue, at random") {
    for (const auto& d : catalogue())
        for (const port source : {port{40007}, port{50000}}) {
            // more ports than any window is long, so that no round covers them
            const auto ports = source == 50000 ? port_set(40000, 40019) | port_set(40030, 40140)
                                               : port_set(40000, 40130);
            design on = d;
            on.port_classes = {{all_ports(), ports}};
            INFO(d.name << " on " << to_string(ports) << " from " << source);
            CHECK(differences_at_random(on, source, 1, 4) == 0);
        }
}

TEST_CASE("every kind of start and step, with and without the first choice counted") {
    for (const auto start :
         {start_kind::random, start_kind::hash, start_kind::first, start_kind::own_port})
        for (const auto step : {step_kind::ascend, step_kind::ascend_then_descend,
                                step_kind::independent, step_kind::scaled})
            for (const auto first :
                 {first_choice::none, first_choice::preserve, first_choice::preserve_any})
                for (const bool counts : {false, true}) {
                    if (step == step_kind::independent && start != start_kind::random) continue;
                    design d;
                    d.first_choice = first;
                    d.search.first_choice_counts = counts;
                    search_round r;
                    r.start = start;
                    r.step = step;
                    if (step == step_kind::scaled || step == step_kind::ascend) r.bits = 2;
                    if (step != step_kind::ascend_then_descend) r.probes = 3;
                    d.search.rounds = {r, r};
                    if (r.probes) d.search.rounds[1].probes = 1;
                    if (r.bits) d.search.rounds[1].bits = 1;
                    d.reuse.take_over = {close_cause::tcp_fin};
                    if (step != step_kind::independent)
                        for (auto& one : d.search.rounds) one.take_over_last = 2;
                    for (const auto& ports :
                         {port_set(20, 22), port_set(20, 20) | port_set(22, 22)}) {
                        d.port_classes = {{all_ports(), ports}};
                        validate(d, "");
                        for (const port source : {port{20}, port{40}}) {
                            INFO(to_json(d) << " from " << source);
                            CHECK(compare(d, source).differences == 0);
                        }
                    }
                }
}

TEST_CASE("questions can be put to the formula: is a flow ever refused while a port is free?") {
    for (const auto& d : catalogue()) {
        INFO(d.name);
        const auto small = scaled(d, port_set(20, 23));
        const nat n = nat_of(small);
        const nat_plan plan(n);
        const take_over_rule reuse{!d.reuse.take_over.empty(), d.reuse.chance};
        const step_formula formula(plan, 40, reuse);
        CHECK(is_sat(formula, "(assert refused)"));
        const bool whole = d.name == "ideal" || d.name == "openbsd-pf";
        CHECK(is_sat(formula, "(assert refused)\n" + some_free(formula)) == !whole);
        // what is given was free, or closing where that is allowed
        CHECK(is_sat(formula, "(assert taken-over)") == reuse.allowed);
    }
}

TEST_CASE("a formula of a large range is refused, a number that can't be drawn too") {
    const nat n = nat_of(*find_design("ideal"));
    const nat_plan plan(n);
    CHECK_THROWS_AS(step_formula(plan, 2000, take_over_rule{}), unsupported);

    const nat small = nat_of(scaled(*find_design("ideal"), port_set(20, 22)));
    const nat_plan small_plan(small);
    const step_formula formula(small_plan, 40, {});
    CHECK_THROWS_AS(formula.evaluate({}, {3}), domain_error);
    CHECK(formula.evaluate({}, {}).wants_more);
    CHECK(formula.evaluate({}, {2}).chosen->at == 22);
}
