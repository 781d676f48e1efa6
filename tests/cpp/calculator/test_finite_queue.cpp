// Finite queues against a table made by another method, closed forms, and a policer's tokens.
#include <algorithm>
#include <cmath>
#include <cstdint>
#include <natbound/calculator/finite_queue.hpp>
#include <natbound/model/error.hpp>
#include <random>
#include <tuple>
#include <vector>

#include "catch.hpp"
#include "reference.hpp"

using namespace natbound::calculator;
using reference::relative_error;

TEST_CASE("finite queues agree with the table") {
    int compared = 0;
    for (const auto& row : reference::table("finite_queue.csv")) {
        const auto law =
            row.text("service") == "constant" ? service::constant : service::exponential;
        const auto room = static_cast<std::uint64_t>(row.number("room"));
        const double load = row.number("load"), log_loss = row.number("log_loss");
        CAPTURE(row.text("service"), room, load);
        const auto got = finite_queue(law, room, load);
        CHECK(std::abs(got.log_loss - log_loss) < 1e-11 * std::max(1.0, std::abs(log_loss)));
        CHECK(relative_error(got.loss, std::exp(log_loss)) < 1e-11);
        CHECK(relative_error(got.length, row.number("length")) < 1e-11);
        CHECK(relative_error(got.delay * load * (1 - std::exp(log_loss)), row.number("length")) <
              1e-9);
        ++compared;
    }
    CHECK(compared >= 120);
}

TEST_CASE("closed forms of finite queues") {
    // One place: Erlang's formula, whatever the service.
    for (double load : {0.2, 1.0, 3.0}) {
        CHECK(relative_error(finite_queue(service::constant, 1, load).loss, load / (1 + load)) <
              1e-14);
        CHECK(relative_error(finite_queue(service::exponential, 1, load).loss, load / (1 + load)) <
              1e-14);
        CHECK(finite_queue(service::constant, 1, load).waiting < 1e-14);
    }
    // Room without end: Pollaczek and Khinchine.
    CHECK(relative_error(finite_queue(service::constant, 3000, 0.8).waiting, 0.8 / 2 / 0.2) <
          1e-11);
    CHECK(relative_error(finite_queue(service::exponential, 3000, 0.8).waiting, 0.8 / 0.2) < 1e-11);
    // Overload: load - 1 of load is lost.
    CHECK(relative_error(finite_queue(service::constant, 4000, 3).loss, 2.0 / 3) < 1e-12);
    CHECK(relative_error(finite_queue(service::exponential, 1, 1e6).loss, 1e6 / (1e6 + 1)) < 1e-14);
    CHECK(relative_error(finite_queue(service::exponential, 4194304, 1).loss, 1 / 4194305.0) <
          1e-13);
    CHECK(finite_queue(service::exponential, 100000, 0.5).log_loss < -69000);
    // Far out each place more costs the same factor.
    const auto far = [](std::uint64_t room) {
        return finite_queue(service::constant, room, 0.5).log_loss;
    };
    CHECK(relative_error(far(100000) - far(99999), far(201) - far(200)) < 1e-8);
    CHECK(far(100000) < -100000);
}

TEST_CASE("a token bucket that polices loses what M/D/1/K loses") {
    std::mt19937_64 random(9);
    const double load = 0.95, depth = 5;
    std::exponential_distribution<double> gap(load);
    double tokens = depth;
    std::uint64_t lost = 0;
    const std::uint64_t arrivals = 4000000;
    for (std::uint64_t i = 0; i < arrivals; ++i) {
        tokens = std::min(depth, tokens + gap(random));
        if (tokens >= 1) {
            tokens -= 1;
        } else {
            ++lost;
        }
    }
    const double share = static_cast<double>(lost) / static_cast<double>(arrivals);
    CHECK(std::abs(share - finite_queue(service::constant, 5, load).loss) < 1e-3);
}

TEST_CASE("room for a target") {
    for (const auto law : {service::exponential, service::constant}) {
        for (double load : {0.3, 0.9, 1.0}) {
            for (double target : {0.2, 1e-3}) {
                const auto room = room_for(law, load, target);
                CAPTURE(load, target, room);
                CHECK(finite_queue(law, room, load).loss <= target);
                if (room > 1) CHECK(finite_queue(law, room - 1, load).loss > target);
            }
        }
    }
    CHECK_THROWS_AS(room_for(service::exponential, 2, 0.4), natbound::domain_error);
}

TEST_CASE("bad arguments of finite queues") {
    for (const auto law : {service::exponential, service::constant}) {
        CHECK_THROWS_AS(finite_queue(law, 0, 1), natbound::domain_error);
        CHECK_THROWS_AS(finite_queue(law, 5, 0), natbound::domain_error);
        CHECK_THROWS_AS(finite_queue(law, 5, std::nan("")), natbound::domain_error);
        CHECK_THROWS_AS(finite_queue(law, 5, 1e7), natbound::domain_error);
        CHECK_THROWS_AS(room_for(law, 0.5, 1), natbound::domain_error);
    }
}

TEST_CASE("deep rooms at low loads, where terms fall below every double") {
    // the recursion with 60 digits and more (mpmath)
    const std::vector<std::tuple<std::uint64_t, double, double>> known = {
        {20, 2.1e-4, -208.4845088490262}, {60, 2.1e-4, -642.6063727779482},
        {60, 1e-3, -540.0658723033695},   {80, 1e-2, -513.2154748933821},
        {40, 1e-6, -651.2607287208688},   {100, 0.05, -448.2507873176883},
        {90, 0.2, -237.84259431817057}};
    for (const auto& [room, load, log] : known) {
        CAPTURE(room, load);
        CHECK(relative_error(finite_queue(service::constant, room, load).log_loss, log) < 1e-14);
    }
    for (const std::uint64_t room : {512UL, 4096UL, 65536UL})
        for (const double load : {1e-9, 2.1e-4, 1e-3, 0.01, 0.1}) {
            // steps of one constant ratio: twice as deep is twice as rare
            const double once = finite_queue(service::constant, room, load).log_loss;
            const double twice = finite_queue(service::constant, 2 * room, load).log_loss;
            CAPTURE(room, load);
            CHECK(relative_error(twice, 2 * once) < 0.01);
        }
}
