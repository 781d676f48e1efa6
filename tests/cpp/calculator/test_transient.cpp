// Erlang's system at time t: the transform and the stepped chain against a 50-digit table, closed
// forms, the stationary law, and each other.
#include <cmath>
#include <cstdint>
#include <natbound/calculator/erlang.hpp>
#include <natbound/calculator/transient.hpp>
#include <natbound/calculator/transient_steps.hpp>
#include <natbound/model/error.hpp>
#include <random>
#include <vector>

#include "catch.hpp"
#include "reference.hpp"

using namespace natbound::calculator;
using reference::relative_error;

TEST_CASE("both ways to the law at time t agree with the table") {
    int compared = 0;
    for (const auto& row : reference::table("transient.csv")) {
        const auto ports = static_cast<std::uint64_t>(row.number("ports"));
        const double load = row.number("load"), t = row.number("time");
        const double start_load = row.number("start_load"), full = row.number("full");
        CAPTURE(ports, load, t, start_load, row.text("start"));
        const auto start = start_load > 0
                               ? stationary(ports, start_load)
                               : exactly(static_cast<std::uint64_t>(row.number("start")));
        const transient_law law(ports, load, start);
        CHECK(std::abs(law.full_probability(t) - full) < 1e-11);
        CHECK(relative_error(law.mean(t), row.number("mean")) < 1e-11);
        const auto stepped = occupancy_at(ports, load, start, t);
        if (full > 1e-30) CHECK(relative_error(stepped.at_least(ports), full) < 1e-9);
        CHECK(relative_error(stepped.mean(), row.number("mean")) < 1e-11);
        CHECK(stepped.error_bound < 1e-50);
        ++compared;
    }
    CHECK(compared >= 80);
}

TEST_CASE("the two ways agree, relatively, far down in the tail") {
    std::mt19937_64 random(11);
    std::uniform_real_distribution<double> unit(0, 1);
    for (int i = 0; i < 60; ++i) {
        const std::uint64_t ports = 1 + random() % 400;
        const double c = static_cast<double>(ports);
        const double load = c * (0.5 + unit(random)), t = std::exp(6 * unit(random) - 4);
        const auto start = i % 2 == 0 ? exactly(random() % (ports / 2 + 1))
                                      : stationary(ports, load * unit(random));
        CAPTURE(ports, load, t);
        const transient_law law(ports, load, start);
        const auto stepped = occupancy_at(ports, load, start, t);
        const double want = stepped.at_least(ports);
        if (want > 1e-40) CHECK(relative_error(law.full_probability(t), want) < 1e-9);
        CHECK(relative_error(law.mean(t), stepped.mean()) < 1e-11);
    }
}

TEST_CASE("one port, and what is left after long") {
    // dp/dt = a (1 - p) - p
    const transient_law one(1, 3, exactly(1));
    CHECK(relative_error(one.full_probability(0.2), 0.75 + 0.25 * std::exp(-0.8)) < 1e-13);
    const transient_law many(64512, 63000, exactly(0));
    CHECK(relative_error(many.full_probability(60), erlang_b(64512, 63000)) < 1e-9);
    CHECK(relative_error(many.full_probability(1e6), erlang_b(64512, 63000)) < 1e-13);
    CHECK(relative_error(many.mean(0.5), -63000 * std::expm1(-0.5)) < 1e-13);
    CHECK(many.log_full_probability(0.5) < -1000);
    CHECK(many.full_probability(0.5) == 0);
}

TEST_CASE("from full to nearly empty: what has fallen far is right absolutely") {
    for (double t : {0.5, 2.0, 5.9, 40.0}) {
        for (double load : {2.5, 20.0, 33.0}) {
            const auto stepped = occupancy_at(44, load, exactly(44), t);
            CAPTURE(t, load);
            const transient_law law(44, load, exactly(44));
            CHECK(std::abs(law.full_probability(t) - stepped.at_least(44)) < 1e-12);
            CHECK(relative_error(law.mean(t), stepped.mean()) < 1e-10);
        }
    }
    CHECK(transient_law(65536, 60000, stationary(65536, 65000)).full_probability(0.5) < 1e-12);
}

TEST_CASE("the law at time t and its quantiles, both ways") {
    std::mt19937_64 random(17);
    std::uniform_real_distribution<double> unit(0, 1);
    for (int i = 0; i < 150; ++i) {
        const std::uint64_t ports = 1 + random() % 150;
        const double c = static_cast<double>(ports);
        const double load = c * (0.3 + 1.2 * unit(random)), t = std::exp(5 * unit(random) - 3);
        const auto start = i % 2 == 0 ? exactly(random() % (ports + 1))
                                      : stationary(ports, load * 2 * unit(random));
        const std::uint64_t n = random() % (ports + 2);
        CAPTURE(ports, load, t, n, i);
        const transient_law law(ports, load, start);
        const auto stepped = occupancy_at(ports, load, start, t);
        CHECK(std::abs(law.at_least(n, t) - stepped.at_least(n)) < 1e-9);
        const double p = unit(random);
        const auto q = law.quantile(p, t);
        CHECK(stepped.at_most(q) >= p - 1e-9);
        if (q > 0) CHECK(stepped.at_most(q - 1) <= p + 1e-9);
    }
    const transient_law large(65536, 70000, stationary(65536, 50000));
    const auto stepped = occupancy_at(65536, 70000, stationary(65536, 50000), 0.5);
    for (double p : {1e-6, 0.5, 0.999}) CHECK(large.quantile(p, 0.5) == stepped.quantile(p));
}

TEST_CASE("a flood on a large NAT") {
    const auto before = stationary(65536, 50000);
    const transient_law law(65536, 70000, before);
    const auto stepped = occupancy_at(65536, 70000, before, 1.25);
    CHECK(relative_error(law.full_probability(1.25), stepped.at_least(65536)) < 1e-9);
    CHECK(relative_error(law.mean(1.25), stepped.mean()) < 1e-10);
    CHECK(relative_error(stepped.at_most(65536), 1) < 1e-10);
}

TEST_CASE("ports taken away: old flows above the new limit end in their own time") {
    // 3 live flows on 1 port and no arrivals worth counting: binomial.
    const auto law = occupancy_at(1, 1e-12, exactly(3), 0.7);
    const double alive = std::exp(-0.7);
    CHECK(relative_error(law.at_least(3), std::pow(alive, 3)) < 1e-11);
    CHECK(relative_error(law.at_least(1), 1 - std::pow(1 - alive, 3)) < 1e-10);
    CHECK(law.quantile(1) == 3);
    CHECK(law.quantile(0.0) == 0);
}

TEST_CASE("edges and bad arguments of transients") {
    const transient_law law(5, 2, exactly(3));
    CHECK(law.full_probability(0) == 0);
    CHECK(law.mean(0) == 3);
    CHECK(occupancy_at(5, 2, exactly(3), 0).mean() == 3);
    CHECK_THROWS_AS(law.full_probability(-1), natbound::domain_error);
    CHECK_THROWS_AS(law.mean(std::nan("")), natbound::domain_error);
    CHECK_THROWS_AS(transient_law(0, 2, exactly(0)), natbound::domain_error);
    CHECK_THROWS_AS(transient_law(5, 2, exactly(6)), natbound::domain_error);
    CHECK_THROWS_AS(transient_law(5, std::nan(""), exactly(0)), natbound::domain_error);
    CHECK_THROWS_AS(occupancy_at(65536, 65536, exactly(0), 1e5), natbound::domain_error);
    CHECK_THROWS_AS(law.mean(-1), natbound::domain_error);
    CHECK_THROWS_AS(stationary(5, -2), natbound::domain_error);
    CHECK_THROWS_AS(transient_law(5, 2, {0, {}}), natbound::domain_error);
    CHECK_THROWS_AS(transient_law(5, 2, {0, {0.5, 0.4}}), natbound::domain_error);
    CHECK_THROWS_AS(transient_law(5, 2, {0, {1.5, -0.5}}), natbound::domain_error);
    CHECK_THROWS_AS(occupancy_at(5, 2, {0, {std::nan("")}}, 1), natbound::domain_error);
    CHECK_THROWS_AS(law.at_least(3, -1), natbound::domain_error);
    CHECK_THROWS_AS(law.quantile(2, 1), natbound::domain_error);
    CHECK(law.at_least(0, 1) == 1);
    CHECK(law.at_least(6, 1) == 0);
    CHECK(law.quantile(1, 1) == 5);
    // Zeros at either end of a start change nothing.
    CHECK(relative_error(transient_law(5, 2, {0, {0, 0, 0, 1, 0}}).full_probability(0.3),
                         law.full_probability(0.3)) < 1e-14);
    CHECK_THROWS_AS(exactly(3).quantile(1.5), natbound::domain_error);
}

TEST_CASE("a law of refusals: the stepped chain against one stepped in tiny steps") {
    constexpr std::uint64_t ports = 9;
    constexpr double load = 7, time = 0.8;
    const auto refusal = [](std::uint64_t n) { return std::pow(static_cast<double>(n) / 9, 2); };
    for (const bool until_refused : {false, true}) {
        std::vector<double> p(ports + 1);
        p[3] = 1;
        constexpr int steps = 1 << 20;  // Euler's, with Richardson's correction
        const auto euler = [&](int many) {
            auto now = p;
            const double dt = time / many;
            for (int i = 0; i < many; ++i) {
                auto next = now;
                for (std::uint64_t n = 0; n <= ports; ++n) {
                    const double refused = n == ports ? 1 : refusal(n);
                    const double up = load * (1 - refused), down = static_cast<double>(n);
                    next[n] -= dt * now[n] * (up + down + (until_refused ? load * refused : 0));
                    if (n < ports) next[n + 1] += dt * now[n] * up;
                    if (n > 0) next[n - 1] += dt * now[n] * down;
                }
                now = next;
            }
            return now;
        };
        const auto coarse = euler(steps / 2), fine = euler(steps);
        const auto law = occupancy_at(ports, load, refusal, exactly(3), time, until_refused);
        double sum = 0;
        for (std::size_t i = 0; i < law.chances.size(); ++i) {
            const std::size_t n = law.from + i;
            CHECK(std::abs(law.chances[i] - (2 * fine[n] - coarse[n])) < 1e-10);
            sum += law.chances[i];
        }
        CHECK((until_refused ? sum < 0.9 : std::abs(sum - 1) < 1e-12));
    }
    CHECK_THROWS_AS(occupancy_at(
                        9, 7, [](std::uint64_t) { return 1.5; }, exactly(3), 1),
                    natbound::domain_error);
}
