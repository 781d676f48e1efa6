// The search: the word-wise one against the definition, probe by probe, over all states and all
// draws of small ranges.
#include "catch.hpp"
#include "natbound/model/choose.hpp"
#include "natbound/model/hash.hpp"

using namespace natbound;

namespace {

nat small_nat(const std::string& design, port lowest, port ports) {
    nat n;
    n.name = "n";
    n.external_ip_address_pool = {parse_address("203.0.113.5"), parse_address("203.0.113.5")};
    n.design = *find_design(design);
    n.design.when_restricted = {};
    for (auto& c : n.design.port_classes) c.ports = {lowest, lowest + ports - 1};
    n.design.port_classes = {{all_ports(), {lowest, lowest + ports - 1}}};
    for (auto& r : n.design.search.rounds) {
        if (r.bits) r.bits = 3;
        if (r.offset_bits) r.offset_bits = 3;
        if (r.probes) r.probes = std::min(*r.probes, 3U);
        if (r.take_over_last) r.take_over_last = 1;
    }
    if (n.design.search.rounds.size() > 2) n.design.search.rounds.resize(2);
    return n;
}

// The definition: own port, then every probe of every round, straight from probed_rank.
template <class Random>
std::optional<chosen_port> by_definition(const nat_plan& plan, const port_bits& taken, port source,
                                         take_over_rule reuse, Random& random) {
    const auto& range = plan.class_of(source);
    const bool own = plan.preserves(source);
    if (own && !taken.busy(source)) return chosen_port{source, false};
    bool first = true;
    for (const auto& round : plan.rounds(range.size)) {
        const std::uint64_t probes = probe_count(round, range.size),
                            from = first && own && plan.design.search.first_choice_counts ? 1 : 0;
        first = false;
        std::uint64_t draw = 0, previous = 0;
        for (std::uint64_t i = from; i < probes; ++i) {
            if (is_drawn(round) && (i == from || round.step == step_kind::independent))
                draw = random.draw(draw_count(round, range.size));
            if (round.start == start_kind::own_port)
                draw =
                    static_cast<std::uint64_t>(range.ports.rank(source).value_or(range.size - 1));
            previous = probed_rank<std::uint64_t>(round, draw, static_cast<unsigned>(i), previous,
                                                  range.size, range.lowest);
            const port p = range.at(previous);
            if (!taken.busy(p)) return chosen_port{p, false};
            if (reuse.allowed && probes - i <= round.take_over_last && taken.closing(p) &&
                random.chance(reuse.chance))
                return chosen_port{p, true};
        }
    }
    return std::nullopt;
}

}  // namespace

TEST_CASE("every design finds what its definition says, in every state, for every draw") {
    std::size_t compared = 0;
    for (const auto& d : catalogue())
        for (port ports = 1; ports <= 6; ++ports) {
            const nat n = small_nat(d.name, 61, ports);  // across a word's end
            const nat_plan plan(n);
            for (unsigned state = 0; state < (1U << (2 * ports)); ++state) {
                port_bits taken;
                bool possible = true;
                for (port p = 0; p < ports; ++p) {
                    const unsigned two = (state >> (2 * p)) & 3U;  // free, busy, closing
                    if (two == 3) possible = false;
                    if (two >= 1) taken.take(61 + p);
                    if (two == 2) taken.set_closing(61 + p, true);
                }
                if (!possible) continue;
                for (const port source : {61U, 61U + ports - 1, 7000U}) {
                    const take_over_rule reuse{!d.reuse.take_over.empty(), d.reuse.chance};
                    std::size_t runs = 0;
                    for (every_draw draws;;) {
                        const auto got = choose_port(plan, taken, source, reuse, draws);
                        const auto numbers = draws.drawn();
                        scripted_bits script(numbers);
                        const auto wanted = by_definition(plan, taken, source, reuse, script);
                        REQUIRE(script.spent());
                        REQUIRE(got.has_value() == wanted.has_value());
                        if (got) {
                            REQUIRE(got->at == wanted->at);
                            REQUIRE(got->taken_over == wanted->taken_over);
                        }
                        ++compared;
                        if (!draws.next() || ++runs > 4000) break;
                    }
                }
            }
        }
    CHECK(compared > 100000);
}

TEST_CASE("Linux: wraps at 65,536 and rounds of 128, 64, 32, 16, 8") {
    nat n;
    n.external_ip_address_pool = {parse_address("203.0.113.5"), parse_address("203.0.113.5")};
    n.design = *find_design("linux-masquerade");
    const nat_plan plan(n);
    REQUIRE(plan.classes.size() == 3);
    const auto& wide = plan.class_of(40000);
    std::uint64_t probes = 0;
    for (const auto& r : plan.rounds(wide.size)) probes += probe_count(r, wide.size);
    CHECK(probes == 248);
    CHECK(plan.rounds(100).size() == 1);
    const auto round = plan.rounds(wide.size).front();
    CHECK(wide.at(probed_rank<std::uint64_t>(round, 65535, 0, 0, wide.size, wide.lowest)) ==
          1024 + 65535 % 64512);
    CHECK(wide.at(probed_rank<std::uint64_t>(round, 65535, 1, 0, wide.size, wide.lowest)) == 1024);
    CHECK(plan.preserves(550));
    CHECK(plan.permitted(550) == (port_set(550, 550) | port_set(600, 1023)));
}

TEST_CASE("Cilium: the scaled walk over 32768-65535 soon circles over 16 ports") {
    nat n;
    n.external_ip_address_pool = {parse_address("203.0.113.5"), parse_address("203.0.113.5")};
    n.design = *find_design("cilium");
    const nat_plan plan(n);
    const auto& range = plan.class_of(0);
    const auto round = plan.rounds(range.size).back();
    for (const std::uint64_t draw : {0U, 12345U, 65535U}) {
        port_set tail;
        std::uint64_t previous = 0;
        for (unsigned i = 0; i < 64; ++i) {
            previous =
                probed_rank<std::uint64_t>(round, draw, i, previous, range.size, range.lowest);
            if (i >= 32) tail.insert(range.at(previous), range.at(previous));
        }
        CHECK(tail.size() == 16);
        CHECK(tail.contains(65535));
        CHECK(tail.contains(32768));
    }
}

TEST_CASE("jhash2 and the pool address that Linux picks") {
    const pool_rule both{pool_choice::hash, "jhash2", hash_input::source_and_destination, false};
    const pool_rule source{pool_choice::hash, "jhash2", hash_input::source, false};
    const auto to = parse_address("198.51.100.7");
    CHECK(hashed_rank(both, parse_address("10.0.0.2"), to, 8) == 7);
    CHECK(hashed_rank(source, parse_address("10.0.0.2"), to, 8) == 7);
    CHECK(hashed_rank(both, parse_address("10.0.0.3"), to, 8) == 0);
}
