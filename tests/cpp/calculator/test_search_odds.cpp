// The probability given the state, and what the axes say about a search, against trying every draw.
#include <natbound/calculator/search_facts.hpp>
#include <natbound/calculator/search_odds.hpp>
#include <set>

#include "all_draws.hpp"
#include "catch.hpp"

using namespace natbound;
using namespace natbound::calculator;
using natbound::test::over_all_draws;

namespace {

// The probability that choose_port finds nothing.
double by_trying(const nat_plan& plan, const port_bits& bits, port source, take_over_rule reuse) {
    return over_all_draws(
        [&](auto& draws) { return choose_port(plan, bits, source, reuse, draws) ? 0.0 : 1.0; });
}

double by_reading(const nat_plan& plan, const port_bits& bits, port source, take_over_rule reuse) {
    const bool preserved = plan.preserves(source);
    search_odds odds(plan, plan.class_of(source), !preserved, preserved);
    odds.read(bits, reuse);
    double out = odds.drawn(preserved);
    if (preserved && !bits.busy(source)) return 0;
    if (odds.starts_at_own() && (odds.own(preserved)[source / 64] >> (source % 64) & 1U) == 0)
        return 0;
    return out;
}

}  // namespace

TEST_CASE("the odds given the state are those of all draws, for random designs and states") {
    random_bits random(20261);
    int refused = 0, closing = 0;
    for (int i = 0; i < 4000; ++i) {
        const nat n = test::nat_with(test::random_design(random));
        // a design may contradict itself; those are not asked about
        try {
            validate(n.design, "");
        } catch (const input_error&) {
            continue;
        }
        const nat_plan plan(n);
        const auto& range = plan.class_of(1030);
        for (int state = 0; state < 6; ++state) {
            port_bits bits;
            const double load = state < 2 ? 1 : 0.7 + 0.25 * random.unit();
            for (std::uint64_t rank = 0; rank < range.size; ++rank)
                if (random.chance(load)) {
                    bits.take(range.at(rank));
                    if (random.chance(0.4)) bits.set_closing(range.at(rank), true);
                }
            for (const port source : {port{1030}, range.ports.parts().back().last, port{5000}}) {
                if (random.chance(0.5)) bits.take(5000);
                const take_over_rule reuse{random.chance(0.6), n.design.reuse.chance};
                double read = 0;
                try {
                    read = by_reading(plan, bits, source, reuse);
                } catch (const unsupported&) {
                    continue;
                }
                const double tried = by_trying(plan, bits, source, reuse);
                INFO(to_json(n.design) << " source " << source << " state " << state);
                REQUIRE(read == Approx(tried).margin(1e-12));
                refused += tried > 0 && tried < 1;
                closing += reuse.allowed && tried > 0 && tried < 1 && bits.any_closing();
            }
        }
    }
    CHECK(refused > 2000);
    CHECK(closing > 500);
}

TEST_CASE("what the axes say of a search is what all draws do") {
    random_bits random(7);
    int complete = 0;
    for (int i = 0; i < 1500; ++i) {
        const nat n = test::nat_with(test::random_design(random));
        try {
            validate(n.design, "");
        } catch (const input_error&) {
            continue;
        }
        const nat_plan plan(n);
        for (const port source : {port{1031}, port{5000}}) {
            const auto& range = plan.class_of(source);
            port_bits full;
            for (std::uint64_t rank = 0; rank < range.size; ++rank) full.take(range.at(rank));
            if (plan.preserves(source)) full.take(source);
            // one port free at a time: found for every draw?
            bool finds_all = true;
            for (std::uint64_t rank = 0; rank < range.size; ++rank) {
                port_bits bits = full;
                bits.release(range.at(rank));
                finds_all = finds_all && by_trying(plan, bits, source, {}) == 0;
            }
            const auto facts = facts_of(plan, source);
            INFO(to_json(n.design) << " source " << source);
            // completeness that only several rounds, or a round with a preserved port, reach
            // together is not claimed
            if (facts.complete) REQUIRE(finds_all);
            const bool together = n.design.search.rounds.size() > 1 ||
                                  (plan.preserves(source) && range.ports.contains(source));
            if (finds_all && !together) REQUIRE(facts.complete);
            complete += facts.complete;
        }
    }
    CHECK(complete > 100);
}

TEST_CASE("no state with fewer busy ports than least_busy refuses") {
    random_bits random(8);
    for (int i = 0; i < 150; ++i) {
        const nat n = test::nat_with(test::random_design(random));
        try {
            validate(n.design, "");
        } catch (const input_error&) {
            continue;
        }
        const nat_plan plan(n);
        const auto& range = plan.class_of(1030);
        if (range.size > 9) continue;
        const auto facts = facts_of(plan, 1030);
        std::uint64_t least = range.size + 1;  // by trying all states
        for (std::uint64_t state = 0; state < (1U << range.size); ++state) {
            port_bits bits;
            std::uint64_t busy = 0;
            for (std::uint64_t rank = 0; rank < range.size; ++rank)
                if ((state >> rank & 1U) != 0) {
                    bits.take(range.at(rank));
                    ++busy;
                }
            if (busy < least && by_trying(plan, bits, 1030, {}) > 0) least = busy;
        }
        INFO(to_json(n.design));
        REQUIRE(facts.least_busy <= least);
        if (n.design.search.rounds.size() == 1 && n.design.first_choice == first_choice::none &&
            n.design.search.rounds[0].step != step_kind::independent)
            REQUIRE(facts.least_busy == least);
    }
}

TEST_CASE("the catalogue's searches: which are complete, and what defeats them") {
    const auto facts = [](const char* name, port source,
                          std::optional<port_restriction> ports = {}) {
        nat n = test::nat_with(*find_design(name));
        n.port_set_restrict = ports;
        const nat_plan plan(n);
        return facts_of(plan, source);
    };
    CHECK(facts("ideal", 40000).complete);
    CHECK(facts("ideal", 40000).least_busy == 64512);
    CHECK(facts("openbsd-pf", 40000).complete);
    CHECK(facts("openbsd-pf", 40000).least_busy == 15535);
    CHECK(!facts("linux-masquerade", 40000).complete);
    CHECK(facts("linux-masquerade", 40000).least_busy == 128);
    // One round of 100 probes with an offset that wraps at 2^16 = 655 * 100 + 36 misses ports where
    // it jumps.
    CHECK(!facts("linux-masquerade", 40000, port_restriction{40000, 40099}).complete);
    CHECK(facts("linux-masquerade", 40000, port_restriction{40000, 40063}).complete);
    CHECK(facts("cilium", 40000).least_busy == 16);
    CHECK(facts("vpp-nat44-ed", 40000).least_busy == 1);
    CHECK(!facts("vpp-nat44-ed", 40000).independent_tries);
    CHECK(facts("vpp-nat44-ed", 80).independent_tries == 10);
    CHECK(facts("ovs", 40000).least_busy == 128);
    CHECK(facts("ovs", 520).least_busy == 127);
}
