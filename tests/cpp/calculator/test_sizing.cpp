// Inverses for rates, holds, tries and addresses: what they give meets the target, the next does
// not.
#include <cmath>
#include <limits>
#include <natbound/calculator/erlang.hpp>
#include <natbound/calculator/erlang_c.hpp>
#include <natbound/calculator/sizing.hpp>
#include <natbound/model/error.hpp>
#include <random>

#include "catch.hpp"

using namespace natbound::calculator;

TEST_CASE("rate and hold are the most load divided by the other") {
    const double rate = rate_for(28232, 60, 1e-6);
    CHECK(erlang_b(28232, rate * 60) <= 1e-6);
    CHECK(erlang_b(28232, rate * 60 * (1 + 1e-9)) > 1e-6);
    CHECK(hold_for(28232, rate, 1e-6) == Approx(60).epsilon(1e-14));
    CHECK(rate_for_waiting(64, 2, 0.1) * 2 == Approx(hold_for_waiting(64, 1, 0.1)).epsilon(1e-14));
}

TEST_CASE("tries_for is the least number of tries") {
    std::mt19937_64 random(5);
    std::uniform_real_distribution<double> unit(0, 1);
    for (int i = 0; i < 60; ++i) {
        const auto ports = static_cast<std::uint64_t>(2 + 200 * unit(random));
        const double load = static_cast<double>(ports) * (0.3 + 0.8 * unit(random));
        const draws how = i % 2 ? draws::with_replacement : draws::without_replacement;
        const double floor = erlang_b(static_cast<double>(ports), load);
        const double target = floor + (1 - floor) * std::pow(unit(random), 4) * 0.9 + 1e-6;
        if (target >= 1) continue;
        const std::uint64_t tries = tries_for(ports, load, target, how);
        CAPTURE(ports, load, target, tries);
        CHECK(refusal_probability(ports, tries, load, how) <= target * (1 + 1e-12));
        if (tries > 1)
            CHECK(refusal_probability(ports, tries - 1, load, how) > target * (1 - 1e-12));
    }
    // Table 4.5: 32 tries lose 7.8e-4 at 0.8.
    CHECK(tries_for(64512, 0.8 * 64512, 7.800244e-4) == 32);
    CHECK(tries_for(64512, 0.8 * 64512, 7.800243e-4) == 33);
    CHECK(tries_for(10, 0, 1e-9) == 1);
    CHECK_THROWS_AS(tries_for(10, 10, 0.2), natbound::domain_error);  // B = 0.2146
    CHECK_THROWS_AS(tries_for(0, 10, 0.2), natbound::domain_error);
    CHECK_THROWS_AS(tries_for(10, std::nan(""), 0.2), natbound::domain_error);
    CHECK_THROWS_AS(tries_for(10, 1, 0), natbound::domain_error);
}

TEST_CASE("tries_for in pools of some hundreds and thousands, which are summed directly") {
    std::mt19937_64 random(6);
    std::uniform_real_distribution<double> unit(0, 1);
    for (int i = 0; i < 150; ++i) {
        const auto ports = static_cast<std::uint64_t>(200 * std::pow(80, unit(random)));
        const double load = static_cast<double>(ports) * (0.2 + 1.3 * unit(random));
        const double floor = erlang_b(static_cast<double>(ports), load);
        const double target = floor + std::pow(10, -12 * unit(random)) * (1 - floor);
        if (target >= 1 || target < floor * (1 + 1e-6)) continue;
        const std::uint64_t tries = tries_for(ports, load, target);
        CAPTURE(ports, load, target, tries);
        CHECK(refusal_probability(ports, tries, load) <= target * (1 + 1e-12));
        if (tries > 1) CHECK(refusal_probability(ports, tries - 1, load) > target * (1 - 1e-12));
    }
}

TEST_CASE("addresses_for is the least number of addresses") {
    for (const double load : {0.5, 63.0, 1000.0, 250000.0}) {
        for (const double target : {0.1, 1e-3, 1e-9}) {
            for (const std::uint64_t ports : {1ULL, 64ULL, 64512ULL}) {
                CAPTURE(load, target, ports);
                const double each = static_cast<double>(ports);
                const auto split = addresses_for(load, ports, target);
                const auto lost = [&](std::uint64_t n) {
                    return erlang_b(each, load / static_cast<double>(n));
                };
                CHECK(lost(split) <= target);
                if (split > 1) CHECK(lost(split - 1) > target);
                const auto shared = addresses_for(load, ports, target, addresses::shared);
                CHECK(shared * ports >= ports_for(load, target));
                CHECK((shared - 1) * ports < ports_for(load, target));
                CHECK(shared <= split);
                const auto waits = addresses_for_waiting(load, ports, target);
                CHECK(erlang_c(each, load / static_cast<double>(waits)) <= target);
                if (waits > 1)
                    CHECK(erlang_c(each, load / static_cast<double>(waits - 1)) > target);
                CHECK(waits >= split);
                const auto line = addresses_for_waiting(load, ports, target, addresses::shared);
                CHECK(line * ports >= ports_for_waiting(load, target));
                CHECK((line - 1) * ports < ports_for_waiting(load, target));
            }
        }
    }
    CHECK(addresses_for(0, 64, 1e-6) == 1);
    // Next to 1 the most load is known to a half only: found by bisection, not step by step.
    CHECK(addresses_for(1e12, 1, 1 - 0x1p-53) >= 1);
    CHECK(addresses_for_waiting(1e12, 1, 1 - 0x1p-53) > 999999999000);
    CHECK(addresses_for(5, 64, 1) == 0);
    for (const double bad : {std::nan(""), -1.0, std::numeric_limits<double>::infinity()}) {
        CHECK_THROWS_AS(addresses_for(bad, 64, 0.1), natbound::domain_error);
        CHECK_THROWS_AS(addresses_for_waiting(bad, 64, 0.1), natbound::domain_error);
        CHECK_THROWS_AS(addresses_for(1, 64, bad), natbound::domain_error);
        CHECK_THROWS_AS(rate_for(1, bad, 0.1), natbound::domain_error);
        CHECK_THROWS_AS(rate_for(bad, 1, 0.1), natbound::domain_error);
        CHECK_THROWS_AS(hold_for(1, bad, 0.1), natbound::domain_error);
        CHECK_THROWS_AS(hold_for_waiting(1, 1, bad), natbound::domain_error);
    }
    CHECK_THROWS_AS(addresses_for(1, 0, 0.1), natbound::domain_error);
}

TEST_CASE("real ports meet the target just so, and round up to whole ones") {
    std::mt19937_64 random(29);
    std::uniform_real_distribution<double> unit(0, 1);
    for (int i = 0; i < 2000; ++i) {
        const double load = 1e-4 * std::pow(1e10, unit(random));
        double target = std::exp(-300 * unit(random) * unit(random));
        if (i % 5 == 0) target = 1 - std::pow(10, -12 * unit(random));
        if (!(target > 0 && target < 1)) continue;
        CAPTURE(load, target);
        const double loss = real_ports_for(load, target);
        CHECK(std::ceil(loss) == static_cast<double>(ports_for(load, target)));
        // B's own rounding, in ports.
        const double slack = 3e-16 * (1 + std::abs(std::log(target))) /
                             std::abs(log_erlang_b_ports_derivative(loss, load));
        CHECK(log_erlang_b(loss + slack, load) <= std::log(target) * (1 - 1e-15));
        CHECK(log_erlang_b(loss * (1 - 1e-12) - slack, load) >= std::log(target));
        const double wait = real_ports_for_waiting(load, target);
        CHECK(wait > load);
        CHECK(std::ceil(wait) == static_cast<double>(ports_for_waiting(load, target)));
        CHECK(log_erlang_c(wait * (1 + 1e-12), load) <= std::log(target));
    }
    CHECK(real_ports_for(5, erlang_b(7.25, 5)) == Approx(7.25).epsilon(1e-13));
    CHECK(real_ports_for_waiting(5, erlang_c(7.25, 5)) == Approx(7.25).epsilon(1e-13));
    CHECK(real_ports_for(5, 1) == 0);
    for (const double bad : {std::nan(""), -1.0, 0.0, std::numeric_limits<double>::infinity()}) {
        CHECK_THROWS_AS(real_ports_for(bad, 0.1), natbound::domain_error);
        CHECK_THROWS_AS(real_ports_for(1, bad), natbound::domain_error);
        CHECK_THROWS_AS(real_ports_for_waiting(bad, 0.1), natbound::domain_error);
        CHECK_THROWS_AS(real_ports_for_waiting(1, bad), natbound::domain_error);
    }
}
