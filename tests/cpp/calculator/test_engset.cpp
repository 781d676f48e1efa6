// Engset's two congestions against 50-digit tables made by other arithmetic.
#include <cmath>
#include <limits>
#include <natbound/calculator/engset.hpp>
#include <natbound/calculator/erlang.hpp>
#include <natbound/model/error.hpp>

#include "catch.hpp"
#include "reference.hpp"

using namespace natbound::calculator;
using reference::relative_error;

TEST_CASE("both congestions agree with the 50-digit table") {
    int compared = 0;
    for (const auto& row : reference::table("engset.csv")) {
        const auto sources = static_cast<std::uint64_t>(row.number("sources"));
        const auto ports = static_cast<std::uint64_t>(row.number("ports"));
        const double alpha = row.number("alpha");
        CAPTURE(sources, ports, row.text("alpha"));
        const double log_time = row.number("log_time"), log_call = row.number("log_call");
        CHECK(relative_error(log_engset_time_congestion(sources, ports, alpha), log_time) <= 1e-12);
        CHECK(relative_error(log_engset_call_congestion(sources, ports, alpha), log_call) <= 1e-12);
        if (log_time > -690) {
            CHECK(relative_error(engset_time_congestion(sources, ports, alpha),
                                 row.number("time")) <= 1e-12);
        }
        if (log_call > -690) {
            CHECK(relative_error(engset_call_congestion(sources, ports, alpha),
                                 row.number("call")) <= 1e-12);
        }
        ++compared;
    }
    CHECK(compared >= 500);
}

TEST_CASE("published values; what R's queueing::Engset returns is the time congestion") {
    CHECK(engset_time_congestion(3, 2, 5.0 / 7) == Approx(0.327510917030568).epsilon(1e-13));
    CHECK(engset_call_congestion(3, 2, 5.0 / 7) == Approx(0.173611111111111).epsilon(1e-13));
    CHECK(engset_time_congestion(10000, 1024, 0.1) == Approx(5.93725889584655e-6).epsilon(1e-12));
    CHECK(engset_call_congestion(10000, 1024, 0.1) == Approx(5.86220881926572e-6).epsilon(1e-12));
}

TEST_CASE("many sources of little load are Erlang's") {
    const double b = erlang_b(64, 50);
    CHECK(engset_call_congestion(10000000, 64, 50e-7) == Approx(b).epsilon(1e-4));
}

TEST_CASE("engset at the ends of its domain") {
    const double infinite = std::numeric_limits<double>::infinity();
    CHECK(engset_time_congestion(5, 0, 0.5) == 1);
    CHECK(engset_call_congestion(5, 5, 0.5) == 0);
    CHECK(engset_time_congestion(5, 5, 0.5) > 0);
    CHECK(engset_time_congestion(5, 6, 0.5) == 0);
    CHECK(engset_time_congestion(5, 4194304, 0.5) == 0);
    CHECK(log_engset_call_congestion(5, 5, 0.5) == -infinite);
    CHECK(engset_time_congestion(5, 2, 0) == 0);
    CHECK(engset_call_congestion(5, 2, 1e100) == Approx(1));
    CHECK(engset_call_congestion(1, 1, 0.5) == 0);
    for (const double bad : {std::nan(""), infinite, -1.0, 1e101}) {
        CHECK_THROWS_AS(engset_time_congestion(5, 2, bad), natbound::domain_error);
        CHECK_THROWS_AS(log_engset_call_congestion(5, 2, bad), natbound::domain_error);
    }
    CHECK_THROWS_AS(engset_time_congestion(0, 2, 0.5), natbound::domain_error);
    CHECK_THROWS_AS(engset_time_congestion(10000001, 2, 0.5), natbound::domain_error);
    CHECK_THROWS_AS(engset_time_congestion(5, (1ULL << 32) + 1, 0.5), natbound::domain_error);
}
