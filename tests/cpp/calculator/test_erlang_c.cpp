// Erlang C against 50-digit tables made by other arithmetic, and its inverses.
#include <cmath>
#include <limits>
#include <natbound/calculator/erlang.hpp>
#include <natbound/calculator/erlang_c.hpp>
#include <natbound/model/error.hpp>

#include "catch.hpp"
#include "reference.hpp"

using namespace natbound::calculator;
using reference::relative_error;

TEST_CASE("erlang_c, its logarithm and its slopes agree with the 50-digit table") {
    int compared = 0;
    for (const auto& row : reference::table("erlang_c.csv")) {
        const double ports = row.number("ports"), load = row.number("load");
        CAPTURE(row.text("ports"), row.text("load"));
        const double log_c = row.number("log_erlang_c");
        CHECK(relative_error(log_erlang_c(ports, load), log_c) <= 1e-13);
        CHECK(relative_error(log_erlang_c_load_derivative(ports, load),
                             row.number("log_load_derivative")) <= 1e-12);
        CHECK(relative_error(log_erlang_c_ports_derivative(ports, load),
                             row.number("log_ports_derivative")) <= 1e-12);
        if (log_c < -690.7) continue;
        CHECK(relative_error(erlang_c(ports, load), row.number("erlang_c")) <= 1e-13);
        ++compared;
    }
    CHECK(compared >= 500);
}

TEST_CASE("C = B/(1 - (1 - B) a/c), and the mean wait is C/(c - a)") {
    for (const double load : {1e-3, 0.5, 7.0, 60.0, 63.99}) {
        const double b = erlang_b(64, load), c = erlang_c(64, load);
        CHECK(relative_error(c, b / (1 - (1 - b) * load / 64)) < 1e-12);
        CHECK(relative_error(erlang_c_wait(64, load), c / (64 - load)) < 1e-15);
    }
    CHECK(relative_error(erlang_c(1, 0.25), 0.25) < 1e-15);  // one server: C = a
    CHECK(relative_error(erlang_c(2, 1), 1.0 / 3) < 1e-15);
    CHECK(relative_error(erlang_c(10, 8), 0.40918015079) < 1e-10);
}

TEST_CASE("erlang_c at the ends of its domain") {
    const double infinite = std::numeric_limits<double>::infinity();
    CHECK(erlang_c(0, 0) == 1);
    CHECK(erlang_c(3, 0) == 0);
    CHECK(erlang_c(3, 3) == 1);
    CHECK(erlang_c(3, 1e300) == 1);
    CHECK(log_erlang_c(3, 0) == -infinite);
    CHECK(log_erlang_c(3, 4) == 0);
    CHECK(erlang_c_wait(3, 3) == infinite);
    CHECK(erlang_c_wait(3, 0) == 0);
    CHECK(log_erlang_c_load_derivative(3, 3) == 0);
    CHECK(erlang_c(64512, 1000) == 0);
    CHECK(std::isfinite(log_erlang_c(64512, 1000)));
    for (const double bad : {std::nan(""), infinite, -1.0, 1e301}) {
        CHECK_THROWS_AS(erlang_c(bad, 1), natbound::domain_error);
        CHECK_THROWS_AS(erlang_c(1, bad), natbound::domain_error);
        CHECK_THROWS_AS(log_erlang_c(1, bad), natbound::domain_error);
        CHECK_THROWS_AS(erlang_c_wait(1, bad), natbound::domain_error);
        CHECK_THROWS_AS(log_erlang_c_load_derivative(1, bad), natbound::domain_error);
        CHECK_THROWS_AS(log_erlang_c_ports_derivative(bad, 1), natbound::domain_error);
        CHECK_THROWS_AS(load_for_waiting(bad, 0.1), natbound::domain_error);
        CHECK_THROWS_AS(load_for_waiting(1, bad), natbound::domain_error);
        CHECK_THROWS_AS(ports_for_waiting(bad, 0.1), natbound::domain_error);
        CHECK_THROWS_AS(ports_for_waiting(1, bad), natbound::domain_error);
    }
}

TEST_CASE("the most load agrees with the 50-digit table, for loss and for waiting") {
    int compared = 0;
    for (const auto& row : reference::table("loads.csv")) {
        const double ports = row.number("ports"), target = row.number("target");
        CAPTURE(row.text("ports"), row.text("target"));
        CHECK(relative_error(load_for(ports, target), row.number("erlang_b")) <= 1e-12);
        const double load = load_for_waiting(ports, target);
        CHECK(relative_error(load, row.number("erlang_c")) <= 1e-12);
        if (target < 0.9) CHECK(erlang_c(ports, load) <= target);
        ++compared;
    }
    CHECK(compared >= 300);
    CHECK(load_for_waiting(0, 0.5) == 0);
    CHECK(relative_error(load_for_waiting(1, 0.25), 0.25) < 1e-15);
}

TEST_CASE("the least ports agree with the 50-digit table, for loss and for waiting") {
    int compared = 0;
    for (const auto& row : reference::table("ports.csv")) {
        const double load = row.number("load"), target = row.number("target");
        CAPTURE(row.text("load"), row.text("target"));
        CHECK(static_cast<double>(ports_for(load, target)) == row.number("erlang_b"));
        CHECK(static_cast<double>(ports_for_waiting(load, target)) == row.number("erlang_c"));
        ++compared;
    }
    CHECK(compared >= 200);
    CHECK(ports_for_waiting(0, 1e-9) == 1);
    CHECK(ports_for_waiting(7, 1) == 0);
}
