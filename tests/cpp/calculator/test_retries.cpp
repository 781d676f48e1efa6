// Retries against published tables of extended Erlang B, closed sums, and a simulation.
#include <cmath>
#include <limits>
#include <natbound/calculator/attempts.hpp>
#include <natbound/calculator/erlang.hpp>
#include <natbound/calculator/retries.hpp>
#include <natbound/model/error.hpp>
#include <queue>
#include <random>
#include <string>

#include "catch.hpp"
#include "reference.hpp"

using namespace natbound::calculator;
using reference::relative_error;

namespace {

retry_policy endless(double persistence) {
    retry_policy out;
    out.tries = 0;
    out.persistence = persistence;
    return out;
}

struct counted {
    double failure, refusal, delay;
};

// Connections at rate `load`, exponential holds of mean 1; exponential or constant back-offs.
counted simulate(int ports, double load, int tries, double backoff, bool spread, int connections) {
    std::mt19937_64 random(17);
    std::exponential_distribution<double> unit(1);
    struct event {
        double at;
        int tried;  // -1: a hold ends
        double since;
        bool operator<(const event& x) const { return at > x.at; }
    };
    std::priority_queue<event> events;
    int busy = 0, failed = 0, begun = 0, done = 0;
    double attempts = 0, refused = 0, delay = 0;
    events.push({unit(random) / load, 0, 0});
    while (!events.empty()) {
        event now = events.top();
        events.pop();
        if (now.tried < 0) {
            --busy;
            continue;
        }
        if (now.tried == 0) {
            now.since = now.at;
            if (++begun < connections) events.push({now.at + unit(random) / load, 0, 0});
        }
        ++attempts;
        if (busy < ports) {
            ++busy;
            ++done;
            delay += now.at - now.since;
            events.push({now.at + unit(random), -1, 0});
            continue;
        }
        ++refused;
        if (now.tried + 1 < tries) {
            events.push({now.at + backoff * (spread ? unit(random) : 1), now.tried + 1, now.since});
        } else {
            ++failed;
        }
    }
    return {static_cast<double>(failed) / connections, refused / attempts, delay / done};
}

}  // namespace

TEST_CASE("extended Erlang B") {
    const double table[3][5] = {{10, 8, .5, 8.65778440767, .151952133871},
                                {64, 60, .9, 67.7272736783, .126771080190},
                                {28232, 28200, 1.0, 29050.3648056, .0292720869875}};
    for (const auto& row : table) {
        const auto got = retries(row[0], row[1], endless(row[2]));
        CAPTURE(row[0]);
        CHECK(relative_error(got.attempt_load, row[3]) < 1e-11);
        CHECK(relative_error(got.attempt_refusal, row[4]) < 1e-10);
        CHECK(got.carried == Approx(row[1] * (1 - got.connection_failure)).epsilon(1e-10));
        if (row[2] == 1) CHECK(got.connection_failure < 1e-12);
    }
}

TEST_CASE("a given number of tries") {
    for (const double share : {0.5, 0.9, 1.0, 1.2, 3.0}) {
        for (const std::uint64_t tries : {1ULL, 2ULL, 3ULL, 7ULL, 100ULL}) {
            for (const double persistence : {0.0, 0.4, 1.0}) {
                retry_policy policy;
                policy.tries = tries;
                policy.persistence = persistence;
                const double load = 64 * share;
                const auto got = retries(64, load, policy);
                CAPTURE(share, tries, persistence);
                const double p = erlang_b(64, got.attempt_load), q = persistence * p;
                CHECK(got.attempt_refusal == p);
                double attempts = 0, success = 0, delay = 0, waited = 0, wait = 1;
                for (std::uint64_t k = 0; k < tries; ++k) {
                    const double reached = std::pow(q, static_cast<double>(k));
                    attempts += reached;
                    success += reached * (1 - p);
                    delay += reached * (1 - p) * waited;
                    waited += wait;
                    wait *= 2;
                }
                CHECK(got.attempt_load == Approx(load * attempts).epsilon(1e-11));
                CHECK(got.attempts == Approx(attempts).epsilon(1e-11));
                CHECK(got.connection_failure == Approx(1 - success).epsilon(1e-9).margin(1e-13));
                CHECK(got.mean_delay == Approx(delay / success).epsilon(1e-9));
            }
        }
    }
    CHECK(retries(64, 50, {1}).attempt_refusal == erlang_b(64, 50));
}

TEST_CASE("a simulation agrees where back-offs are long and spread") {
    retry_policy policy;
    policy.tries = 3;
    policy.backoff = 40;
    policy.factor = 1;
    const auto want = simulate(10, 8, 3, 40, true, 400000);
    const auto got = retries(10, 8, policy);
    CHECK(got.attempt_refusal == Approx(want.refusal).epsilon(0.02));
    CHECK(got.connection_failure == Approx(want.failure).epsilon(0.12));
    CHECK(got.mean_delay == Approx(want.delay).epsilon(0.03));
    // Those that come back together, or soon, meet it full again: more fail than said.
    CHECK(simulate(10, 8, 3, 40, false, 100000).failure > 2 * got.connection_failure);
    CHECK(simulate(10, 8, 3, 0.01, true, 100000).failure > 2 * got.connection_failure);
}

TEST_CASE("any refusal law") {
    const auto got =
        retries(60000, {5}, [](double load) { return refusal_probability(64512, 32, load); });
    CHECK(got.attempt_refusal ==
          Approx(refusal_probability(64512, 32, got.attempt_load)).epsilon(1e-12));
    CHECK(got.connection_failure == Approx(std::pow(got.attempt_refusal, 5)).epsilon(1e-9));
}

TEST_CASE("delays without end, and what is wrong is named") {
    auto policy = endless(1);
    policy.factor = 1;
    policy.backoff = 2;
    const auto even = retries(10, 5, policy);
    const double p = even.attempt_refusal;
    CHECK(even.mean_delay == Approx(2 * p / (1 - p)).epsilon(1e-11));
    policy.factor = 2;
    policy.most_backoff = 6;  // 2, 4, 6, 6, ...
    double want = 0, waited = 0;
    for (int k = 0; k < 400; ++k) {
        want += std::pow(p, k) * (1 - p) * waited;
        waited += k == 0 ? 2 : k == 1 ? 4 : 6;
    }
    CHECK(retries(10, 5, policy).mean_delay == Approx(want).epsilon(1e-10));
    CHECK(retries(10, 9.9, endless(1)).mean_delay == std::numeric_limits<double>::infinity());
    CHECK(retries(10, 0, endless(1)).attempt_load == 0);
    CHECK(retries(0, 3, {4}).connection_failure == 1);
    CHECK(retries(0, 3, {4}).attempt_load == Approx(12));
    CHECK_THROWS_AS(retries(10, 10, endless(1)), natbound::domain_error);
    CHECK_NOTHROW(retries(10, 10, endless(0.99)));
    for (const double bad : {std::nan(""), -1.0, std::numeric_limits<double>::infinity()}) {
        CHECK_THROWS_AS(retries(bad, 1), natbound::domain_error);
        CHECK_THROWS_AS(retries(1, bad), natbound::domain_error);
        CHECK_THROWS_AS(retries(1, 1, {3, bad}), natbound::domain_error);
        CHECK_THROWS_AS(retries(1, 1, {3, 1, bad}), natbound::domain_error);
        CHECK_THROWS_AS(retries(1, 1, {3, 1, 1, bad}), natbound::domain_error);
    }
    CHECK_THROWS_AS(retries(1, 1, {2000000}), natbound::domain_error);
    CHECK_THROWS_AS(retries(1, {3}, [](double) { return std::nan(""); }), natbound::domain_error);
}
