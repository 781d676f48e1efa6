// Retries against published tables of extended Erlang B and closed sums; simulated ones are in
// test_simulated_retries.cpp.
#include <cmath>
#include <limits>
#include <natbound/calculator/attempts.hpp>
#include <natbound/calculator/erlang.hpp>
#include <natbound/calculator/retries.hpp>
#include <natbound/model/error.hpp>
#include <string>

#include "catch.hpp"
#include "reference.hpp"
#include "retry_policies.hpp"

using namespace natbound::calculator;
using reference::relative_error;

namespace {

retry_policy endless(double persistence) {
    retry_policy out;
    out.tries = 0;
    out.persistence = persistence;
    return out;
}

// In holds.
retry_policy spread(std::uint64_t tries, double backoff, double jitter = 1, double factor = 2) {
    return natbound::test::policy_of(tries, backoff, factor, jitter);
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
                policy.backoff = 1e30;
                policy.jitter = 1;
                const double load = 64 * share;
                const auto got = retries(64, load, policy);
                CAPTURE(share, tries, persistence);
                const double p = erlang_b(64, got.attempt_load), q = persistence * p;
                CHECK(got.attempt_refusal == p);
                double attempts = 0, success = 0, delay = 0, waited = 0, wait = 1e30;
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

TEST_CASE("what is no stranger's try is refused, with the way out") {
    CHECK(meet_again({}, 100, 0.1, 6) == 0);
    CHECK(meet_again(spread(1, 0, 0), 100, 0.1, 6) == 0);
    CHECK(meet_again(spread(3, 40), 100, 0, 6) == 0);
    CHECK(std::isinf(meet_again(spread(3, 3.9), 100, 0.1, 6)));
    CHECK(std::isinf(meet_again(spread(3, 40, 0), 100, 0.1, 6)));
    // some 5 % are refused
    for (const auto& policy : {spread(3, 40), spread(3, 1e6, 0), spread(7, 1.0 / 60, 0),
                               spread(2, 0, 1), spread(0, 1)}) {
        std::string said;
        try {
            retries(100, 90, policy);
        } catch (const natbound::domain_error& e) {
            said = e.what();
        }
        CHECK(said.find("backoff x jitter at least 4 holds") != std::string::npos);
        CHECK(said.find("natbound simulate") != std::string::npos);
    }
    CHECK_NOTHROW(retries(100, 90, spread(3, 200)));
    CHECK_THROWS_AS(retries(100, 90, spread(20, 200, 1, 1)), natbound::domain_error);
    auto capped = spread(3, 200);
    capped.most_backoff = 50;
    CHECK_THROWS_AS(retries(100, 90, capped), natbound::domain_error);
    capped.hold = 0.25;
    CHECK_NOTHROW(retries(100, 90, capped));
    CHECK(all_backoffs(spread(7, 1)) == 63);
    CHECK(all_backoffs(spread(1, 1)) == 0);
    CHECK(all_backoffs(spread(4, 2, 0, 1)) == 6);
    // the limit of long back-offs: what is refused is the same, the delay has no end
    const auto end = retries(100, 95, spread(3, 1e9)), limit = retries(100, 95, {3});
    CHECK(end.connection_failure == limit.connection_failure);
    CHECK(limit.mean_delay == std::numeric_limits<double>::infinity());
}

// Simulated elsewhere (a heap of events, 20 million connections): more fail than the fixed point
// says by these factors, though the ports are full for several holds in a back-off.
TEST_CASE("many tries with the same back-off are no strangers") {
    const struct {
        double ports, load;
        std::uint64_t tries;
        double backoff, times;
    } seen[] = {{10, 9, 20, 9, 32},     {10, 9.5, 30, 8, 32}, {1, 0.9, 100, 8, 14},
                {100, 97, 10, 20, 4.4}, {10, 9, 10, 40, 1.4}, {10, 9, 5, 16, 1.15}};
    for (const auto& x : seen) {
        CAPTURE(x.ports, x.load, x.tries);
        const auto policy = spread(x.tries, x.backoff, 1, 1);
        CHECK_THROWS_AS(retries(x.ports, x.load, policy), natbound::domain_error);
        const auto found = retries_of_strangers(
            x.load, policy, [&](double load) { return erlang_b(x.ports, load); });
        CHECK(found.meet_again > 0.6 * std::log(x.times));
        CHECK(found.meet_again < 2 * std::log(x.times));
        // by the law's own slope, or by its value at two loads
        CHECK(found.meet_again == Approx(meet_again(policy, found.attempt_load,
                                                    found.attempt_refusal, x.ports - found.carried))
                                      .epsilon(1e-3));
    }
    // all go on without end: the load of attempts is 6.5 % more
    CHECK_THROWS_AS(retries(10, 9.9, spread(0, 8, 1, 1)), natbound::domain_error);
    // by twice the time, half as much; clients that give up are fewer to meet
    const auto at = [](double backoff, double persistence) {
        auto policy = spread(10, backoff, 1, 1);
        policy.persistence = persistence;
        return meet_again(policy, 16, 0.45, 1);
    };
    CHECK(at(80, 1) == Approx(at(40, 1) / 2).epsilon(1e-9));
    CHECK(at(40, 0.5) < 0.2 * at(40, 1));
    CHECK(at(40, 1e-9) < 1e-6);
    CHECK(meet_again(spread(1000000, 1e12, 1, 1), 16, 0.45, 1) < 1e-3);
    CHECK(meet_again(spread(1000000, 1e3), 16, 0.45, 1) <
          1.01 * meet_again(spread(40, 1e3), 16, 0.45, 1));
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
    policy.jitter = 1;
    policy.hold = 1e-3;
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
    policy.most_backoff = 1e300;
    CHECK(retries(10, 9.9, policy).mean_delay == std::numeric_limits<double>::infinity());
    CHECK(retries(10, 0, endless(1)).attempt_load == 0);
    CHECK(retries(0, 3, {4}).connection_failure == 1);
    CHECK(retries(0, 3, {4}).attempt_load == Approx(12));
    CHECK_THROWS_AS(retries(10, 10, endless(1)), natbound::domain_error);
    CHECK_NOTHROW(retries(10, 10, endless(0.99)));
    for (const double bad : {std::nan(""), -1.0, std::numeric_limits<double>::infinity()}) {
        CHECK_THROWS_AS(retries(bad, 1), natbound::domain_error);
        CHECK_THROWS_AS(retries(1, bad), natbound::domain_error);
        CHECK_THROWS_AS(retries(1, 1, {3, bad}), natbound::domain_error);
        // an infinite back-off is the limit of long ones
        if (!std::isinf(bad)) CHECK_THROWS_AS(retries(1, 1, {3, 1, bad}), natbound::domain_error);
        CHECK_THROWS_AS(retries(1, 1, spread(3, 10, bad)), natbound::domain_error);
        CHECK_THROWS_AS(retries(1, 1, {3, 1, 1, bad}), natbound::domain_error);
    }
    CHECK_THROWS_AS(retries(1, 1, {2000000}), natbound::domain_error);
    CHECK_THROWS_AS(retries(1, {3}, [](double) { return std::nan(""); }), natbound::domain_error);
}
