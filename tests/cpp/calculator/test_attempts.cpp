// The chain of limited tries against 50-digit sums over all states, closed forms, and itself.
#include <cmath>
#include <cstdint>
#include <limits>
#include <natbound/calculator/attempts.hpp>
#include <natbound/calculator/birth_death.hpp>
#include <natbound/calculator/erlang.hpp>
#include <natbound/model/error.hpp>

#include "catch.hpp"
#include "reference.hpp"

using namespace natbound::calculator;
using reference::relative_error;

namespace {

std::uint64_t count(const reference::row& row, const char* name) {
    return static_cast<std::uint64_t>(row.number(name));
}

}  // namespace

TEST_CASE("the chain agrees with 50-digit sums") {
    int compared = 0;
    for (const auto& row : reference::table("attempts.csv")) {
        const auto ports = count(row, "ports"), tries = count(row, "tries");
        const double load = row.number("load"), want = row.number("log_refusal");
        const auto how =
            row.text("draws") == "with" ? draws::with_replacement : draws::without_replacement;
        CAPTURE(ports, tries, row.text("draws"), load);
        const auto got = attempts(ports, tries, load, how);
        // Relative also where it is next to 0, or far below the least double.
        CHECK(std::abs(got.log_refusal - want) <= 1e-12 * std::abs(want));
        CHECK(std::abs(got.log_refusal - want) <=
              got.left_out + got.rounding + 2e-16 * std::abs(want));
        CHECK(got.left_out < 1e-16);
        if (want > -690) CHECK(relative_error(got.refusal, std::exp(want)) < 1e-12);
        ++compared;
    }
    CHECK(compared >= 700);
}

TEST_CASE("64,512 ports, the published table") {
    const std::uint64_t tries[] = {20, 32, 128, 248};
    const double want[4][3] = {{9.546319226e-3, 7.518451141e-2, .1061352935},
                               {7.800243987e-4, 4.481510716e-2, 7.704586685e-2},
                               {4.611091381e-13, 1.328955495e-3, 2.78106974e-2},
                               {1.671991626e-24, 4.909219e-6, 1.672938695e-2}};
    for (int i = 0; i < 4; ++i) {
        const double ports = 64512;
        CHECK(relative_error(refusal_probability(64512, tries[i], .80 * ports), want[i][0]) < 1e-8);
        CHECK(relative_error(refusal_probability(64512, tries[i], .95 * ports), want[i][1]) < 2e-7);
        CHECK(relative_error(refusal_probability(64512, tries[i], ports), want[i][2]) < 1e-8);
    }
}

TEST_CASE("one try is a closed form, all ports tried is Erlang B") {
    for (std::uint64_t ports : {1ULL, 100ULL, 64512ULL, 1048576ULL}) {
        for (double share : {1e-3, 0.5, 0.95, 1.0, 40.0}) {
            const double load = share * static_cast<double>(ports);
            CAPTURE(ports, share);
            for (auto how : {draws::with_replacement, draws::without_replacement}) {
                CHECK(relative_error(refusal_probability(ports, 1, load, how),
                                     share / (1 + share)) < 1e-12);
            }
            const double c = static_cast<double>(ports);
            const auto all = attempts(ports, ports, load, draws::without_replacement);
            const double want = log_erlang_b(c, load);
            CHECK(std::abs(all.log_refusal - want) <= 1e-12 * std::abs(want));
            CHECK(log_refusal_probability(ports, ports, load) >= want - 1e-9);
        }
    }
}

TEST_CASE("the sum around the modes agrees with the sum over all states") {
    const std::uint64_t ports = 20000;
    const double c = static_cast<double>(ports);
    for (std::uint64_t tries : {1ULL, 5ULL, 32ULL, 33ULL, 128ULL, 3000ULL}) {
        for (double share : {0.5, 0.9, 0.99, 1.01, 3.0}) {
            const double k = static_cast<double>(tries);
            const auto with = [&](std::uint64_t n) {
                return std::exp(k * std::log1p((static_cast<double>(n) - c) / c));
            };
            const auto without = [&](std::uint64_t n) {
                double r = 1;
                for (std::uint64_t i = 0; i < tries && r > 0; ++i) {
                    if (i >= n) return 0.0;
                    r *= static_cast<double>(n - i) / static_cast<double>(ports - i);
                }
                return r;
            };
            CAPTURE(tries, share);
            for (auto how : {draws::with_replacement, draws::without_replacement}) {
                const auto quick = attempts(ports, tries, share * c, how);
                const auto whole = how == draws::with_replacement
                                       ? birth_death(ports, share * c, with)
                                       : birth_death(ports, share * c, without);
                if (quick.log_refusal > -500) {
                    CHECK(std::abs(quick.log_refusal - whole.log_refusal) < 2e-12);
                }
                CHECK(relative_error(quick.mean, whole.mean) < 1e-12);
            }
        }
    }
}

TEST_CASE("birth_death without refusals is Erlang's system, however deep") {
    const auto never = [](std::uint64_t) { return 0.0; };
    for (double load : {1e-5, 10.0, 700.0, 1000.0, 1e7}) {
        const auto got = birth_death(1000, load, never);
        const double want = log_erlang_b(1000, load);
        CHECK(std::abs(got.log_refusal - want) <= 1e-13 * std::abs(want));
        CHECK(std::abs(got.log_full - want) <= 1e-13 * std::abs(want) + 1e-15);
        CHECK(relative_error(got.mean, load * -std::expm1(want)) < 1e-9);
    }
    const auto half = birth_death(10, 3, [](std::uint64_t n) { return n == 5 ? 1.0 : 0.0; });
    CHECK(relative_error(half.refusal, erlang_b(5, 3)) < 1e-14);
    CHECK(half.log_full == -std::numeric_limits<double>::infinity());
    CHECK(birth_death(0, 3, never).refusal == 1);
    CHECK(birth_death(4, 0, never).refusal == 0);
}

TEST_CASE("load_for_attempts inverts") {
    for (std::uint64_t tries : {1ULL, 2ULL, 32ULL, 5000ULL}) {
        for (double target : {1e-300, 1e-30, 1e-6, 0.01, 0.5, 0.99}) {
            for (auto how : {draws::with_replacement, draws::without_replacement}) {
                CAPTURE(tries, target);
                const double load = load_for_attempts(4096, tries, target, how);
                const auto there = attempts(4096, tries, load, how);
                CHECK(load > 0);
                CHECK(std::abs(there.log_refusal - std::log(target)) <
                      1e-12 * (1 + there.growth + std::abs(std::log(target))));
                // The growth used for Newton's step, against a difference.
                const double more = log_refusal_probability(4096, tries, load * 1.0001, how);
                const double less = log_refusal_probability(4096, tries, load / 1.0001, how);
                const double slope = (more - less) / (2 * std::log(1.0001));
                CHECK(relative_error(slope, there.growth) < 1e-3);
            }
        }
    }
    CHECK(relative_error(load_for_attempts(1, 1, 0.25), 1.0 / 3) < 1e-12);
}

TEST_CASE("edges and bad arguments of the chain") {
    CHECK(refusal_probability(0, 3, 2) == 1);
    CHECK(refusal_probability(5, 3, 0) == 0);
    CHECK(relative_error(refusal_probability(1, 7, 3), 0.75) < 1e-14);
    CHECK(log_refusal_probability(1000, 4, 1e300) < 0);
    CHECK(refusal_probability(1000, 4, 1e300) > 0.999);
    const double nan = std::nan("");
    CHECK_THROWS_AS(attempts(5, 0, 1), natbound::domain_error);
    CHECK_THROWS_AS(attempts(1ULL << 40, 1, 1), natbound::domain_error);
    for (double bad : {nan, -1.0, std::numeric_limits<double>::infinity()}) {
        CHECK_THROWS_AS(attempts(5, 1, bad), natbound::domain_error);
        CHECK_THROWS_AS(load_for_attempts(5, 1, bad), natbound::domain_error);
        CHECK_THROWS_AS(birth_death(5, bad, [](std::uint64_t) { return 0.0; }),
                        natbound::domain_error);
    }
    CHECK_THROWS_AS(birth_death(5, 1, [](std::uint64_t) { return 1.5; }), natbound::domain_error);
}
