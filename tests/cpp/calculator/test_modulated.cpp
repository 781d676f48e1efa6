// Modulated arrivals against the whole chain solved by elimination, against exact special cases,
// and against simulation by its definition.
#include <cmath>
#include <limits>
#include <natbound/calculator/erlang.hpp>
#include <natbound/calculator/hayward.hpp>
#include <natbound/calculator/modulated.hpp>
#include <natbound/model/error.hpp>
#include <random>
#include <string>

#include "catch.hpp"
#include "elimination.hpp"

using namespace natbound::calculator;
using rows = std::vector<std::vector<double>>;

namespace {

// The law of all (busy, phase), busy x phases + phase.
std::vector<double> whole_chain(int ports, const rows& q, const std::vector<double>& load) {
    const int phases = static_cast<int>(load.size());
    small_chain chain(phases * (ports + 1));
    for (int n = 0; n <= ports; ++n) {
        for (int i = 0; i < phases; ++i) {
            const auto phase = static_cast<std::size_t>(i);
            const int at = n * phases + i;
            for (int j = 0; j < phases; ++j)
                if (i != j) chain.rate(at, n * phases + j) += q[phase][static_cast<std::size_t>(j)];
            if (n < ports) chain.rate(at, at + phases) += load[phase];
            if (n > 0) chain.rate(at, at - phases) += n;
        }
    }
    return chain.law();
}

}  // namespace

TEST_CASE("the whole chain, solved by elimination") {
    std::mt19937_64 random(3);
    std::uniform_real_distribution<double> unit(0, 1);
    for (std::size_t i = 0; i < 40; ++i) {
        const std::size_t phases = 1 + i % 5;
        const int ports = static_cast<int>(unit(random) * 12);
        rows q(phases, std::vector<double>(phases));
        std::vector<double> load(phases);
        for (std::size_t a = 0; a < phases; ++a) {
            load[a] = unit(random) < 0.2 ? 0 : 20 * unit(random);
            for (std::size_t b = 0; b < phases; ++b) {
                const bool linked = b == (a + 1) % phases || unit(random) < 0.3;
                if (a != b && linked) q[a][b] = 3 * unit(random) + 1e-3;
            }
        }
        load[0] = 5;
        const auto p = whole_chain(ports, q, load);
        double full = 0, mean = 0, offered = 0, refused = 0;
        for (std::size_t at = 0; at < p.size(); ++at) {
            const auto n = static_cast<int>(at / phases);
            mean += n * p[at];
            offered += load[at % phases] * p[at];
            if (n < ports) continue;
            full += p[at];
            refused += load[at % phases] * p[at];
        }
        const auto got = modulated(static_cast<std::uint64_t>(ports), q, load);
        CAPTURE(phases, ports);
        CHECK(got.full == Approx(full).epsilon(1e-12));
        CHECK(got.mean == Approx(mean).epsilon(1e-12));
        CHECK(got.load == Approx(offered).epsilon(1e-12));
        CHECK(got.refusal == Approx(refused / offered).epsilon(1e-12));
        CHECK(got.log_full == Approx(std::log(full)).epsilon(1e-10).margin(1e-14));
        for (std::size_t a = 0; a < phases; ++a)
            CHECK(got.full_by_phase[a] == Approx(p[p.size() - phases + a]).epsilon(1e-12));
        CHECK(got.load * (1 - got.refusal) == Approx(got.mean).epsilon(1e-10));
    }
}

TEST_CASE("one phase, or equal loads, are Erlang's, in deep tails too") {
    CHECK(modulated(64, {{0}}, {50}).refusal == Approx(erlang_b(64, 50)).epsilon(1e-13));
    const auto deep = modulated(5000, {{0, 1}, {2, 0}}, {100, 100});
    CHECK(deep.refusal == 0);
    CHECK(deep.log_refusal == Approx(log_erlang_b(5000, 100)).epsilon(1e-12));
    CHECK(modulated_peakedness({{0, 1}, {2, 0}}, {100, 100}) == Approx(1));
}

TEST_CASE("the second address: exact where it is known") {
    // Without traffic of its own, lost is what one group of 15 loses.
    const auto got = overflow_to_second(10, 10, 5, 0);
    CHECK(got.overflow == Approx(2.14582343107).epsilon(1e-11));
    CHECK(got.overflow_refusal == Approx(.170083637562).epsilon(1e-11));
    CHECK(got.first_refusal == Approx(erlang_b(15, 10)).epsilon(1e-12));
    const auto idle = overflow_to_second(10, 0, 5, 3);
    CHECK(idle.own_refusal == Approx(erlang_b(5, 3)).epsilon(1e-13));
    const auto none = overflow_to_second(0, 2, 5, 3);
    CHECK(none.own_refusal == Approx(erlang_b(5, 5)).epsilon(1e-12));
    CHECK(none.overflow_refusal == Approx(none.own_refusal).epsilon(1e-12));
    // Bursty overflow is refused more than Poisson's traffic beside it.
    const auto both = overflow_to_second(64, 60, 64, 55);
    CHECK(both.overflow_refusal > both.own_refusal);
    CHECK(both.own_refusal == Approx(erlang_b(64, 55 + both.overflow)).epsilon(0.3));
    CHECK_THROWS_AS(overflow_to_second(1000, 1, 5, 1), natbound::domain_error);
    CHECK_THROWS_AS(overflow_to_second(1024, 1, 5, 1), natbound::domain_error);
    CHECK_THROWS_AS(overflow_to_second(10, std::nan(""), 5, 1), natbound::domain_error);
}

TEST_CASE("on-off sources: limits, peakedness, Hayward") {
    // Nearly always on: Poisson with all of their load.
    CHECK(on_off(20, 3, 5, 1e6, 1e-6).refusal == Approx(erlang_b(20, 15)).epsilon(1e-5));
    // Switching much faster than holds: Poisson with the mean load.
    CHECK(on_off(20, 3, 10, 1e-7, 1e-7).refusal == Approx(erlang_b(20, 15)).epsilon(1e-5));
    // Switching much slower than holds: a mixture.
    const double mixed =
        (3 * 10 * erlang_b(20, 10) + 3 * 20 * erlang_b(20, 20) + 30 * erlang_b(20, 30)) /
        (30 + 60 + 30);
    CHECK(on_off(20, 3, 10, 1e6, 1e6).refusal == Approx(mixed).epsilon(1e-4));
    // Peakedness, of one source and of several.
    rows one = {{0, 1 / 0.7}, {1 / 0.3, 0}};
    CHECK(modulated_peakedness(one, {0, 12}) ==
          Approx(on_off_peakedness(12, 0.3, 0.7)).epsilon(1e-12));
    // With ports without end the number busy has that variance: here by the mean of n^2.
    const auto wide = on_off(300, 4, 12, 0.3, 0.7);
    CHECK(wide.refusal < 1e-30);
    CHECK(wide.mean == Approx(4 * 12 * 0.3));
    const double z = on_off_peakedness(20, 1, 3);
    const auto exact = on_off(150, 20, 20, 1, 3);
    CHECK(exact.load == Approx(100));
    const double approximate = hayward(150, 100, z);  // 20 sources are smoother: 73 % high
    CHECK(approximate > exact.refusal);
    CHECK(approximate < 2 * exact.refusal);
}

TEST_CASE("modulated names what is wrong") {
    CHECK(modulated(3, {{0, 1}, {1, 0}}, {0, 0}).refusal == 0);
    CHECK(modulated(0, {{0, 1}, {1, 0}}, {1, 0}).refusal == 1);
    CHECK_THROWS_AS(modulated(3, {}, {}), natbound::domain_error);
    CHECK_THROWS_AS(modulated(3, {{0, 1}}, {1, 2}), natbound::domain_error);
    CHECK_THROWS_AS(modulated(3, {{0, 1}, {1}}, {1, 2}), natbound::domain_error);
    CHECK_THROWS_AS(modulated(3, {{0, 1}, {0, 0}}, {1, 2}), natbound::domain_error);
    CHECK_THROWS_AS(modulated(1ULL << 40, {{0}}, {1}), natbound::domain_error);
    CHECK_THROWS_AS(on_off(1000000, 1000, 1, 1, 1), natbound::domain_error);
    CHECK_THROWS_AS(on_off(10, 0, 1, 1, 1), natbound::domain_error);
    CHECK_THROWS_AS(on_off(10, 1, 1, 0, 1), natbound::domain_error);
    CHECK_THROWS_AS(on_off_peakedness(1, 1, std::nan("")), natbound::domain_error);
    try {
        modulated(3, {{0, -1}, {1, 0}}, {1, 2});
        FAIL("accepted");
    } catch (const natbound::domain_error& wrong) {
        CHECK(std::string(wrong.what()) ==
              "modulated: switching[0][1] = -1: must be at least 0 and at most 1e12");
    }
}
