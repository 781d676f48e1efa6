// The law of first passages against published values, closed forms, a 50-digit table and Gauss's
// elimination; its two halves (up to t, beyond t) and its mean against each other.
#include <algorithm>
#include <chrono>
#include <cmath>
#include <cstdint>
#include <limits>
#include <natbound/calculator/erlang.hpp>
#include <natbound/calculator/first_passage_law.hpp>
#include <natbound/model/error.hpp>
#include <random>
#include <string>

#include "catch.hpp"
#include "reference.hpp"

using namespace natbound::calculator;
using reference::relative_error;

TEST_CASE("the law of the time to full agrees with the table") {
    int compared = 0;
    for (const auto& row : reference::table("passage_law.csv")) {
        const auto ports = static_cast<std::uint64_t>(row.number("ports"));
        const auto event = row.text("event") == "full" ? passage::full : passage::refusal;
        const double load = row.number("load"), t = row.number("time");
        CAPTURE(ports, load, t, row.text("event"), row.text("start"));
        const auto start = row.text("start") == "stationary"
                               ? stationary(ports, load)
                               : exactly(static_cast<std::uint64_t>(row.number("start")));
        const first_passage_law law(ports, load, event, start);
        CHECK(relative_error(law.mean().mean, row.number("mean")) < 1e-12);
        const double cdf = row.number("cdf"), survival = row.number("survival");
        CHECK(std::abs(law.cdf(t) - cdf) < 1e-11);
        if (cdf > 1e-290) CHECK(relative_error(law.cdf(t), cdf) < 1e-10);
        if (survival > 1e-290) CHECK(relative_error(law.survival(t), survival) < 1e-10);
        ++compared;
    }
    CHECK(compared >= 100);
}

TEST_CASE("published values of the time to full") {
    const double c10[] = {.00311571357376, .0412115076055, .246251573645, .512041728763,
                          .984993210397};
    const double c64[] = {5.03445795833e-7, .00504255606607, .21652399969, .543733718574,
                          .99406352625};
    const double times[] = {1, 2, 5, 10, 50};
    for (int i = 0; i < 5; ++i) {
        CHECK(relative_error(first_passage_law(10, 5, passage::full).cdf(times[i]), c10[i]) <
              1e-11);
        CHECK(relative_error(first_passage_law(64, 50, passage::full).cdf(times[i]), c64[i]) <
              1e-11);
    }
    CHECK(relative_error(first_passage_law(64512, 63000).mean().mean, 29164337.8089) < 1e-11);
    CHECK(first_passage_law(64512, 1000).mean().log_mean > 205295);
}

TEST_CASE("one port: exponential times") {
    const first_passage_law full(1, 2.5, passage::full);
    for (double t : {1e-12, 1e-3, 0.4, 1.0, 7.0, 100.0}) {
        CAPTURE(t);
        CHECK(relative_error(full.cdf(t), -std::expm1(-2.5 * t)) < 1e-12);
        CHECK(relative_error(full.survival(t), std::exp(-2.5 * t)) < 1e-11);
    }
    CHECK(relative_error(full.quantile(0.75), std::log(4.0) / 2.5) < 1e-12);
}

TEST_CASE("large systems: sharp, memoryless and two-scale, both sides by different paths") {
    struct {
        std::uint64_t ports, from;
        double load;
    } const systems[] = {
        {65536, 0, 70000}, {65536, 0, 65000}, {65536, 65500, 65000}, {65536, 65536, 64000}};
    for (const auto& x : systems) {
        const first_passage_law law(x.ports, x.load, passage::refusal, exactly(x.from));
        CAPTURE(x.load, x.from);
        for (double p : {1e-6, 0.3, 0.97}) {
            const double t = law.quantile(p);
            CAPTURE(p, t);
            CHECK(relative_error(law.cdf(t), p) < 1e-9);
            CHECK(relative_error(law.cdf(t) + law.survival(t), 1) < 1e-11);
        }
    }
}

TEST_CASE("quantiles undo the law: loads from rare to certain, starts from empty to full") {
    std::mt19937_64 random(8);
    std::uniform_real_distribution<double> unit(0, 1);
    for (int i = 0; i < 200; ++i) {
        const auto ports = static_cast<std::uint64_t>(std::pow(2000, unit(random)));
        const double load = static_cast<double>(ports) * std::pow(10, 2.2 * unit(random) - 1.6);
        const auto from =
            static_cast<std::uint64_t>(static_cast<double>(ports) * std::pow(unit(random), i % 3));
        const auto event = i % 2 == 0 || from == ports ? passage::refusal : passage::full;
        const first_passage_law law(ports, load, event, exactly(from));
        const double x = unit(random);
        const double p = i % 4 == 0   ? std::pow(10, -12 * x) * 0.5
                         : i % 4 == 1 ? 1 - std::pow(10, -12 * x) * 0.5
                                      : x;
        const double t = law.quantile(p);
        CAPTURE(i, ports, load, from, p, t);
        if (!std::isfinite(t)) continue;
        // As far off in probability as a relative 1e-9 of the time is.
        const double near = std::abs(law.cdf(t * (1 + 1e-9)) - law.cdf(t * (1 - 1e-9)));
        REQUIRE(std::abs(law.cdf(t) - p) <= 1e-10 * p + near);
        REQUIRE(std::abs(law.survival(t) - (1 - p)) <= 1e-15 + 1e-9 * (1 - p) + near);
    }
}

TEST_CASE("a quantile takes fewer than 8 values of the law") {
    const auto seconds = [](const auto& work) {
        double best = 1e9;
        for (int i = 0; i < 3; ++i) {
            const auto from = std::chrono::steady_clock::now();
            work();
            best = std::min(
                best,
                std::chrono::duration<double>(std::chrono::steady_clock::now() - from).count());
        }
        return best;
    };
    // Where it took 14 paths and more: between the middle and the wait without memory.
    for (const double load : {7400.0, 7700.0, 7900.0, 8000.0}) {
        const first_passage_law law(8192, load);
        for (const double p : {1e-9, 0.1, 0.9, 0.999}) {
            double t = 0;
            const double inverse = seconds([&] { t = law.quantile(p); });
            CAPTURE(load, p, t);
            CHECK(inverse < 8 * seconds([&] { law.cdf(t); }));
        }
    }
}

TEST_CASE("beyond the largest double, and from a stationary start") {
    const first_passage_law rare(64512, 1000);
    CHECK(rare.mean().mean == std::numeric_limits<double>::infinity());
    CHECK(relative_error(rare.log_quantile(0.5), rare.mean().log_mean + std::log(std::log(2.0))) <
          1e-14);
    CHECK(rare.cdf(1e9) == 0);
    // From the edge it may happen at once, or not for ages.
    const first_passage_law edge(64512, 1000, passage::refusal, exactly(64512));
    CHECK(std::abs(edge.cdf(10) - 1000.0 / 64512) < 3e-4);
    CHECK(edge.log_quantile(0.5) > 205290);
    // Refusals renew Erlang's system, so from stationarity the density at 0 is load x B.
    const first_passage_law law(100, 90, passage::refusal, stationary(100, 90));
    CHECK(relative_error(law.cdf(1e-9), 90 * erlang_b(100, 90) * 1e-9) < 1e-5);
    const first_passage_law full(100, 90, passage::full, stationary(100, 90));
    CHECK(relative_error(full.cdf(0), erlang_b(100, 90)) < 1e-13);
    CHECK(full.quantile(0.01) == 0);
}

TEST_CASE("edges and bad arguments of the law of first passages") {
    CHECK(first_passage_law(0, 4, passage::full).cdf(0) == 1);
    CHECK(relative_error(first_passage_law(0, 4).cdf(0.25), -std::expm1(-1)) < 1e-12);
    CHECK(first_passage_law(5, 4, passage::full, exactly(5)).mean().mean == 0);
    CHECK(first_passage_law(5, 4, passage::full, {4, {0, 1}}).cdf(0) == 1);
    CHECK(first_passage_law(5, 4).cdf(std::numeric_limits<double>::infinity()) == 1);
    for (double bad : {0.0, -1.0, 2e12, std::nan("")}) {
        CHECK_THROWS_AS(first_passage_law(3, bad), natbound::domain_error);
    }
    const first_passage_law law(3, 1);
    CHECK_THROWS_AS(law.cdf(-1), natbound::domain_error);
    CHECK_THROWS_AS(law.cdf(std::nan("")), natbound::domain_error);
    CHECK_THROWS_AS(law.quantile(1), natbound::domain_error);
    try {
        first_passage_law(3, 1, passage::full, exactly(4));
        FAIL("accepted");
    } catch (const natbound::domain_error& wrong) {
        CHECK(std::string(wrong.what()) ==
              "first_passage_law: start = 4: must be at most the number of ports");
    }
}
