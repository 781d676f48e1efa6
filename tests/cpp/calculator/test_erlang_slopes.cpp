// The slopes of log B against 50-digit tables made by other arithmetic.
#include <cmath>
#include <limits>
#include <natbound/calculator/erlang.hpp>
#include <natbound/model/error.hpp>

#include "catch.hpp"
#include "reference.hpp"

using namespace natbound::calculator;
using reference::relative_error;

TEST_CASE("the slopes of Erlang B agree with the 50-digit table") {
    int compared = 0;
    double worst_load = 0, worst_ports = 0;
    for (const auto& row : reference::table("slopes.csv")) {
        const double ports = row.number("ports"), load = row.number("load");
        CAPTURE(row.text("ports"), row.text("load"));
        const double in_load = relative_error(log_erlang_b_load_derivative(ports, load),
                                              row.number("log_load_derivative"));
        const double in_ports = relative_error(log_erlang_b_ports_derivative(ports, load),
                                               row.number("log_ports_derivative"));
        CHECK(in_load <= 1e-12);
        CHECK(in_ports <= 1e-12);
        worst_load = std::max(worst_load, in_load);
        worst_ports = std::max(worst_ports, in_ports);
        const double b = erlang_b(ports, load);
        CHECK(erlang_b_ports_derivative(ports, load) ==
              Approx(b * log_erlang_b_ports_derivative(ports, load)).epsilon(1e-14));
        ++compared;
    }
    CAPTURE(worst_load, worst_ports);
    CHECK(worst_load <= 3e-13);
    CHECK(worst_ports <= 1e-12);
    CHECK(compared >= 500);
}

TEST_CASE("a port more multiplies B by about e to its slope") {
    for (const double ports : {0.0, 0.5, 10.0, 64.0, 1000.0, 64512.0}) {
        const double load = ports * 0.99 + 0.1;
        const double whole = log_erlang_b(ports + 1e-4, load) - log_erlang_b(ports, load);
        const double middle = log_erlang_b_ports_derivative(ports + 0.5e-4, load);
        CAPTURE(ports);
        CHECK(whole / 1e-4 == Approx(middle).epsilon(1e-6));
    }
}

TEST_CASE("slopes at the ends of the domain are numbers") {
    CHECK(log_erlang_b_load_derivative(5e-324, 0.5) >= 0);
    for (const double ports : {0.0, 1e-300, 1e-9, 0.3, 1.0, 63.9, 64.0, 1e6, 1e15}) {
        for (const double load : {1e-300, 1e-9, 1.0, 63.0, 1e6, 1e15}) {
            CAPTURE(ports, load);
            CHECK(log_erlang_b_load_derivative(ports, load) >= 0);
            CHECK(log_erlang_b_ports_derivative(ports, load) < 0);
        }
    }
    const double nan = std::nan(""), infinite = std::numeric_limits<double>::infinity();
    for (const double bad : {nan, infinite, -1.0, 1e301}) {
        CHECK_THROWS_AS(log_erlang_b_load_derivative(bad, 1), natbound::domain_error);
        CHECK_THROWS_AS(log_erlang_b_load_derivative(1, bad), natbound::domain_error);
        CHECK_THROWS_AS(log_erlang_b_ports_derivative(bad, 1), natbound::domain_error);
        CHECK_THROWS_AS(erlang_b_ports_derivative(1, bad), natbound::domain_error);
    }
    CHECK_THROWS_AS(log_erlang_b_ports_derivative(1, 0), natbound::domain_error);
}
