// Riordan's moments against a table and against the chain they are the moments of, and Hayward.
#include <cmath>
#include <limits>
#include <natbound/calculator/erlang.hpp>
#include <natbound/calculator/hayward.hpp>
#include <natbound/model/error.hpp>

#include "catch.hpp"
#include "reference.hpp"

using namespace natbound::calculator;
using reference::relative_error;

TEST_CASE("Riordan's moments of overflow") {
    const double table[3][5] = {{10, 10, 2.14582343107, 4.36244728062, 2.03299452203},
                                {64, 60, 3.62176429225, 15.7089252579, 4.33736819689},
                                {1024, 1000, 11.9887020325, 192.377669027, 16.0465802307}};
    for (const auto& row : table) {
        const auto got = overflow(row[0], row[1]);
        CAPTURE(row[0]);
        CHECK(relative_error(got.mean, row[2]) < 5e-12);
        CHECK(relative_error(got.variance, row[3]) < 5e-12);
        CHECK(relative_error(got.peakedness, row[4]) < 5e-12);
    }
    CHECK(overflow(0, 5).peakedness == 1);
    CHECK(overflow(0, 5).mean == 5);
    CHECK(overflow(5, 0).mean == 0);
}

TEST_CASE("peakedness keeps its digits in overload") {
    const double table[6][3] = {
        // mpmath, 60 digits
        {3, 3.5, 1.4275866441951505623},       {10, 1000, 1.0100599753989995436},
        {1000, 1300, 4.1583701882689291641},   {20000, 200000, 1.111108367709018283},
        {65536, 67000, 41.223339542659697226}, {64512, 100000, 2.8172768597763259327}};
    for (const auto& row : table) {
        CAPTURE(row[0], row[1]);
        CHECK(relative_error(overflow(row[0], row[1]).peakedness, row[2]) < 1e-12);
    }
    // Both forms, where one gives way to the other.
    for (const double ports : {10.0, 64.0, 1000.0, 65536.0}) {
        const double edge = ports + 5 * std::sqrt(ports);
        CHECK(overflow(ports, edge * (1 + 1e-9)).peakedness ==
              Approx(overflow(ports, edge * (1 - 1e-9)).peakedness).epsilon(1e-7));
    }
    CHECK(overflow(4194304, 1e8).peakedness >= 1);
    CHECK(overflow(4194304, 1e15).peakedness == Approx(1));
    CHECK(overflow(64512, 1000).peakedness == Approx(1 + 1000 / 63513.0).epsilon(1e-12));
}

TEST_CASE("equivalent random traffic, near what is exact") {
    // Overflow of 10 Erlang from 10 ports to 5 more: lost is what Erlang's system of 15 loses.
    const auto first = overflow(10, 10);
    const double exact = 10 * erlang_b(15, 10) / first.mean;
    CHECK(exact == Approx(.170083637562).epsilon(1e-11));
    const double found = overflow_refusal(5, first.mean, first.variance);
    CHECK(found == Approx(exact).epsilon(0.03));
    const auto group = equivalent_random(first.mean, first.variance);
    CHECK(group.load == Approx(10.66266389).epsilon(1e-9));
    CHECK(group.ports == Approx(10.87112625).epsilon(1e-9));
    CHECK(group.load * erlang_b(group.ports + 5, group.load) / first.mean ==
          Approx(.172286).epsilon(1e-5));
    for (const double ports : {64.0, 1000.0, 28232.0}) {
        for (const double share : {0.9, 0.97, 1.02}) {
            const auto one = overflow(ports, share * ports);
            const double more = std::floor(one.mean + 2 * std::sqrt(one.variance));
            const double truth =
                erlang_b(ports + more, share * ports) / erlang_b(ports, share * ports);
            CAPTURE(ports, share, more, truth);
            CHECK(overflow_refusal(more, one.mean, one.variance) == Approx(truth).epsilon(0.1));
            CHECK(hayward(more, one.mean, one.peakedness) == Approx(truth).epsilon(0.6));
        }
    }
    CHECK(overflow_refusal(5, 2, 2) == Approx(erlang_b(5, 2)).epsilon(1e-14));
    CHECK(overflow_refusal(5, 0, 0) == 0);
    CHECK(overflow_refusal(0, 0, 0) == 1);
}

TEST_CASE("hayward names what is wrong") {
    CHECK(hayward(64, 50, 1) == erlang_b(64, 50));
    CHECK(log_hayward(64512, 1000, 2) == log_erlang_b(32256, 500));
    CHECK_THROWS_AS(equivalent_random(2, 1), natbound::domain_error);
    for (const double bad : {std::nan(""), -1.0, std::numeric_limits<double>::infinity()}) {
        CHECK_THROWS_AS(hayward(bad, 1, 1), natbound::domain_error);
        CHECK_THROWS_AS(hayward(1, bad, 1), natbound::domain_error);
        CHECK_THROWS_AS(hayward(1, 1, bad), natbound::domain_error);
        CHECK_THROWS_AS(overflow(bad, 1), natbound::domain_error);
        CHECK_THROWS_AS(overflow(1, bad), natbound::domain_error);
        CHECK_THROWS_AS(overflow_refusal(1, bad, 1), natbound::domain_error);
        CHECK_THROWS_AS(overflow_refusal(1, 1, bad), natbound::domain_error);
        CHECK_THROWS_AS(equivalent_random(bad, 1), natbound::domain_error);
    }
}
