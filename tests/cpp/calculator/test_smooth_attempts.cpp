// The smooth formula against the chain, wherever it says that it holds; and tries_for, which trusts
// it.
#include <cmath>
#include <natbound/calculator/attempts.hpp>
#include <natbound/calculator/erlang.hpp>
#include <natbound/calculator/sizing.hpp>
#include <random>

#include "../../../calculator/src/smooth_attempts.hpp"
#include "catch.hpp"

using namespace natbound::calculator;

TEST_CASE("the smooth formula is the chain, to 1e-11 of the refusal probability") {
    std::mt19937_64 random(19);
    std::uniform_real_distribution<double> unit(0, 1);
    int held = 0;
    double worst = 0;
    for (int i = 0; i < 1500; ++i) {
        const auto ports = static_cast<std::uint64_t>(1000 * std::pow(1000, unit(random)));
        const auto tries = static_cast<std::uint64_t>(std::pow(1000, unit(random)));
        const double load = static_cast<double>(ports) * (0.02 + 1.3 * unit(random));
        const auto how = i % 2 ? draws::with_replacement : draws::without_replacement;
        const auto found = detail::smooth_attempts(static_cast<double>(ports),
                                                   static_cast<double>(tries), load, how);
        if (!found) continue;
        ++held;
        const auto chain = attempts(ports, tries, load, how);
        const double off = std::abs(found->log_refusal - chain.log_refusal);
        CAPTURE(ports, tries, load, found->log_refusal, off);
        CHECK(off < 1e-11);
        CHECK(std::abs(found->growth - chain.growth) < 1e-9 * chain.growth);
        worst = std::max(worst, off);
    }
    CAPTURE(held, worst);
    CHECK(held >= 300);
    CHECK(worst < 1e-11);
}

TEST_CASE("tries_for in large pools is the least by the chain") {
    std::mt19937_64 random(23);
    std::uniform_real_distribution<double> unit(0, 1);
    for (int i = 0; i < 80; ++i) {
        const auto ports = static_cast<std::uint64_t>(2000 * std::pow(500, unit(random)));
        const double load = static_cast<double>(ports) * (0.2 + 0.78 * unit(random));
        const double target = std::exp(-12 * unit(random));
        if (erlang_b(static_cast<double>(ports), load) >= target) continue;
        const auto how = i % 2 ? draws::with_replacement : draws::without_replacement;
        const std::uint64_t tries = tries_for(ports, load, target, how);
        CAPTURE(ports, load, target, tries);
        CHECK(refusal_probability(ports, tries, load, how) <= target);
        if (tries > 1) CHECK(refusal_probability(ports, tries - 1, load, how) > target);
    }
}
