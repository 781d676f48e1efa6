// Erlang B against 50-digit tables made by other formulas, against its own recursion, and its
// inverses.
#include <cmath>
#include <cstdint>
#include <limits>
#include <natbound/calculator/erlang.hpp>
#include <natbound/model/error.hpp>
#include <random>
#include <string>

#include "catch.hpp"
#include "reference.hpp"

using namespace natbound::calculator;
using reference::relative_error;

TEST_CASE("erlang_b, its logarithm and its derivative agree with the 50-digit table") {
    int compared = 0, compared_logs = 0;
    for (const auto& row : reference::table("erlang_b.csv")) {
        const double ports = row.number("ports"), load = row.number("load");
        CAPTURE(row.text("ports"), row.text("load"));
        const double b = row.number("erlang_b"), log_b = row.number("log_erlang_b");
        CHECK(relative_error(log_erlang_b(ports, load), log_b) <= 1e-13);
        ++compared_logs;
        if (log_b < -690.7) continue;
        CHECK(relative_error(erlang_b(ports, load), b) <= 1e-13);
        CHECK(relative_error(erlang_b_load_derivative(ports, load),
                             row.number("load_derivative")) <= 2e-13);
        ++compared;
    }
    CHECK(compared_logs >= 1500);
    CHECK(compared >= 1000);
}

TEST_CASE("published values of Erlang B") {
    CHECK(relative_error(erlang_b(5, 3), 0.11005434782608695652) < 1e-15);
    CHECK(relative_error(erlang_b(64512, 60000), 1.9857622568472237804e-75) < 1e-13);
    CHECK(relative_error(erlang_b(64512, 100000), 0.35489817565334609905) < 1e-13);
    CHECK(erlang_b(64512, 1000) == 0);
    CHECK(relative_error(log_erlang_b(64512, 1000) / std::log(10.0),
                         std::log10(3.7922310873415639) - 89164) < 1e-13);
}

TEST_CASE("1/B(c) = 1 + (c/a)/B(c-1), across every change of method and for real ports") {
    std::mt19937_64 random(7);
    std::uniform_real_distribution<double> unit(0, 1);
    for (int i = 0; i < 20000; ++i) {
        double ports = 1 + std::exp(unit(random) * std::log(1e6));
        if (i % 2 == 0) ports = std::floor(ports);
        double load = ports + (2 * unit(random) - 1) * 12 * std::sqrt(ports);
        if (i % 5 == 0) load = 1e-2 * std::exp(unit(random) * std::log(1e9));
        if (!(load > 0)) continue;
        CAPTURE(ports, load);
        const double before = erlang_b(ports - 1, load), now = erlang_b(ports, load);
        if (now < 1e-290) continue;
        CHECK(relative_error(1 / now, 1 + ports / load / before) < 5e-14);
    }
}

TEST_CASE("the ends of the domain") {
    const double huge = 1e300;
    CHECK(erlang_b(0, 5) == 1);
    CHECK(erlang_b(0, 0) == 1);
    CHECK(erlang_b(3, 0) == 0);
    CHECK(log_erlang_b(3, 0) == -std::numeric_limits<double>::infinity());
    CHECK(log_erlang_b(0, 3) == 0);
    CHECK(erlang_b(1, huge) == 1);
    CHECK(log_erlang_b(1, 1e300) == -1e-300);
    CHECK(relative_error(log_erlang_b(2, 1e-300), std::log(0.5) + 2 * std::log(1e-300)) < 1e-14);
    for (double ports : {1e-300, 1e-9, 0.3, 1.0, 63.9, 64.0, 1e6, 1e15, 1e100, huge}) {
        for (double load : {1e-310, 1e-300, 1e-9, 1.0, 63.0, 1e6, 1e15, 1e100, huge}) {
            CAPTURE(ports, load);
            const double b = erlang_b(ports, load);
            CHECK((b >= 0 && b <= 1));
            CHECK(log_erlang_b(ports, load) <= 0);
            CHECK(erlang_b_load_derivative(ports, load) >= 0);
        }
    }
}

TEST_CASE("load_for is the most load, to 1e-12") {
    std::mt19937_64 random(11);
    std::uniform_real_distribution<double> unit(0, 1);
    for (int i = 0; i < 3000; ++i) {
        double ports = std::exp(unit(random) * std::log(4194304));
        if (i % 4 != 0) ports = std::floor(ports);
        double target = std::exp(-690 * unit(random));
        if (i % 3 == 0) target = unit(random);
        if (i % 7 == 0) target = 1 - std::exp(-30 * unit(random));
        CAPTURE(ports, target);
        if (!(target > 0 && target < 1)) continue;
        const double load = load_for(ports, target);
        // As far as the rounding of B reaches: far where B is next to 1, and flat.
        const double flat = 5e-15 * target / (load * erlang_b_load_derivative(ports, load));
        CHECK(erlang_b(ports, load * (1 - flat)) <= target);
        CHECK(erlang_b(ports, load * (1 + 1e-12 + flat)) >= target);
        if (target < 0.9) CHECK(erlang_b(ports, load) <= target);
    }
    CHECK(relative_error(load_for(1, 0.25), 1.0 / 3) < 1e-15);
    CHECK(load_for(0, 0.5) == 0);
    // next to 1 a bit of the target is more of the load
    const double near_one[3][2] = {
        {18, 0.9999998361127244}, {163, 0.9999996137831225}, {7625, 0.9999984585199857}};
    for (const auto& [ports, target] : near_one) {
        const double load = load_for(ports, target);
        CHECK(erlang_b(ports, load) <= target);
        CHECK(load == Approx(ports / (1 - target)).epsilon(1e-3));
        CHECK(erlang_b(ports, load * (1 + 1e-8)) > target);
    }
    CHECK(erlang_b(3, load_for(3, 1 - 0x1p-53)) <= 1 - 0x1p-53);
    CHECK(load_for(1, 5e-324) == 5e-324);
    // Any printed Erlang table.
    CHECK(std::abs(load_for(10, 0.01) - 4.4612) < 5e-5);
    CHECK(std::abs(load_for(100, 0.001) - 75.242) < 5e-4);
    CHECK(std::abs(load_for(64512, 1e-9) - 63164.7381) < 5e-5);
}

TEST_CASE("ports_for is the least number of ports") {
    const std::uint64_t want[2][6] = {{61, 64, 71, 77, 87, 98},
                                      {58848, 59489, 60275, 60581, 60945, 61315}};
    const double targets[6] = {2e-2, 1e-2, 1e-3, 1e-4, 1e-6, 1e-9};
    for (int i = 0; i < 6; ++i) {
        CHECK(ports_for(50, targets[i]) == want[0][i]);
        CHECK(ports_for(60000, targets[i]) == want[1][i]);
    }
    std::mt19937_64 random(13);
    std::uniform_real_distribution<double> unit(0, 1);
    for (int i = 0; i < 400; ++i) {
        const double load = 1e-3 * std::exp(unit(random) * std::log(1e6));
        const double target = std::exp(-600 * unit(random) * unit(random));
        double inverse = 1;  // of B, by Erlang's recursion
        std::uint64_t least = 0;
        while (inverse * target < 1) {
            ++least;
            inverse = 1 + static_cast<double>(least) / load * inverse;
        }
        CAPTURE(load, target);
        CHECK(ports_for(load, target) == least);
    }
    CHECK(ports_for(0, 1e-9) == 1);
    CHECK(ports_for(7, 1) == 0);
    CHECK(ports_for(1e8, 0.5) == 50000001);  // B(c,a) > 1 - c/a
}

TEST_CASE("bad arguments are named") {
    const double nan = std::nan(""), infinite = std::numeric_limits<double>::infinity();
    for (double bad : {nan, infinite, -infinite, -1.0, 1e301}) {
        CHECK_THROWS_AS(erlang_b(bad, 1), natbound::domain_error);
        CHECK_THROWS_AS(erlang_b(1, bad), natbound::domain_error);
        CHECK_THROWS_AS(log_erlang_b(bad, 1), natbound::domain_error);
        CHECK_THROWS_AS(log_erlang_b(1, bad), natbound::domain_error);
        CHECK_THROWS_AS(erlang_b_load_derivative(1, bad), natbound::domain_error);
        CHECK_THROWS_AS(load_for(bad, 0.1), natbound::domain_error);
        CHECK_THROWS_AS(load_for(1, bad), natbound::domain_error);
        CHECK_THROWS_AS(ports_for(bad, 0.1), natbound::domain_error);
        CHECK_THROWS_AS(ports_for(1, bad), natbound::domain_error);
    }
    for (double bad : {0.0, 1.0}) CHECK_THROWS_AS(load_for(1, bad), natbound::domain_error);
    try {
        erlang_b(3, -2.5);
        FAIL("accepted");
    } catch (const natbound::domain_error& wrong) {
        const std::string text = wrong.what();
        CHECK(text == "erlang_b: load = -2.5: must be at least 0 and at most 1e300");
    }
}
