// Retries in the simulator against another simulation that shares no code with it, and against the
// fixed point where that is right.
#include <cmath>
#include <natbound/calculator/erlang.hpp>
#include <natbound/calculator/simulator.hpp>
#include <natbound/model/error.hpp>
#include <queue>
#include <random>

#include "catch.hpp"
#include "homes.hpp"
#include "retry_policies.hpp"

using namespace natbound;
using namespace natbound::calculator;
using natbound::test::home;

namespace {

constexpr double hold = 10;

retry_policy policy_of(std::uint64_t tries, double backoff, double factor = 2, double jitter = 0) {
    return natbound::test::policy_of(tries, backoff, factor, jitter, hold);
}

struct seen {
    double attempt_refusal, failure, delay;
};

// Exponential holds of mean 10, any free port.
seen by_heap(int ports, double load, const retry_policy& policy, int connections, unsigned seed) {
    std::mt19937_64 random(seed);
    std::exponential_distribution<double> unit(1);
    std::uniform_real_distribution<double> even(1 - policy.jitter, 1 + policy.jitter);
    struct event {
        double at;
        int tried;  // -1: a hold ends
        double since, wait;
        bool operator<(const event& x) const { return at > x.at; }
    };
    std::priority_queue<event> events;
    int busy = 0, begun = 0;
    const int before = connections / 10;
    double attempts = 0, refused = 0, failed = 0, delay = 0, in = 0;
    events.push({0, 0, 0, 0});
    while (begun < connections + before) {
        event now = events.top();
        events.pop();
        if (now.tried < 0) {
            --busy;
            continue;
        }
        if (now.tried == 0) {
            ++begun;
            now.since = now.at;
            now.wait = policy.backoff;
            events.push({now.at + unit(random) * hold / load, 0, 0, 0});
        }
        const double counts = begun > before ? 1 : 0;
        attempts += counts;
        if (busy < ports) {
            ++busy;
            in += counts;
            delay += counts * (now.at - now.since);
            events.push({now.at + unit(random) * hold, -1, 0, 0});
            continue;
        }
        refused += counts;
        if (now.tried + 1 < static_cast<int>(policy.tries))
            events.push({now.at + now.wait * even(random), now.tried + 1, now.since,
                         now.wait * policy.factor});
        else
            failed += counts;
    }
    return {refused / attempts, failed / connections, delay / in};
}

scenario ports_of(port ports, double load, const std::string& design = "ideal",
                  const std::string& more = "") {
    auto s = home(design, R"("hold": "10s", "live": )" + std::to_string(load) + more);
    s.nats[0].port_set_restrict = port_restriction{40000, 40000 + ports - 1};
    return s;
}

simulate_result tried(const scenario& s, const std::optional<retry_policy>& policy,
                      std::uint64_t arrivals, std::uint64_t seed = 3) {
    simulate_options o;
    o.seed = seed;
    o.arrivals = arrivals;
    o.retry = policy;
    return simulate(s, o);
}

void agree(const simulated_share& share, double other) {
    const double error = (other > share.value ? share.high - share.value : share.value - share.low);
    CAPTURE(share.value, share.low, share.high, other);
    CHECK(share.independent > 20);
    CHECK(std::fabs(share.value - other) < 2 * error);
}

}  // namespace

TEST_CASE("another simulation counts the same attempts, failures and delays") {
    const struct {
        port ports;
        double load;
        retry_policy policy;
    } runs[] = {{100, 90, policy_of(7, hold / 60)},        {100, 90, policy_of(3, hold / 60)},
                {100, 90, policy_of(4, hold / 6, 1, 0.5)}, {10, 8, policy_of(3, 40 * hold, 1)},
                {10, 8, policy_of(3, 10 * hold, 1, 1)},    {100, 110, policy_of(3, hold, 2, 1)}};
    for (const auto& run : runs) {
        const auto r = tried(ports_of(run.ports, run.load), run.policy, 1'000'000);
        const auto want = by_heap(static_cast<int>(run.ports), run.load, run.policy, 1'000'000, 11);
        CAPTURE(run.ports, run.load, run.policy.tries, run.policy.backoff);
        REQUIRE(r.retries);
        agree(r.retries->attempt_refusal, want.attempt_refusal);
        agree(r.retries->connection_failure, want.failure);
        CHECK(r.retries->mean_delay == Approx(want.delay).epsilon(0.08));
        CHECK(r.retries->attempts > r.arrivals);
        CHECK(r.retries->gave_up < r.retries->refused);
    }
}

TEST_CASE("the fixed point is right where its rule says so, and far off elsewhere") {
    const auto far = policy_of(3, 50 * hold, 2, 1);
    const auto r = tried(ports_of(100, 95), far, 2'000'000), one = tried(ports_of(100, 95), {}, 10);
    CHECK_FALSE(one.retries);
    const auto formula = retries(100, 95, far);
    CHECK(r.retries->attempt_refusal.value == Approx(formula.attempt_refusal).epsilon(0.05));
    CHECK(r.retries->connection_failure.value == Approx(formula.connection_failure).epsilon(0.12));
    CHECK(r.retries->mean_delay == Approx(formula.mean_delay).epsilon(0.1));
    const auto soon = tried(ports_of(100, 95), policy_of(3, hold / 60), 200'000);
    CHECK(soon.retries->connection_failure.low > 10 * retries(100, 95, {3}).connection_failure);
}

TEST_CASE("where the fixed point is given, it is within a tenth, with many tries too") {
    const struct {
        int ports;
        double load;
        retry_policy policy;
    } runs[] = {{10, 9, policy_of(10, 180 * hold, 1, 1)},
                {10, 8, policy_of(4, 170 * hold, 1, 0.4)},
                {100, 110, policy_of(8, 20 * hold, 1, 1)}};
    for (const auto& run : runs) {
        const auto formula = retries(run.ports, run.load, run.policy);
        const auto seen = by_heap(run.ports, run.load, run.policy, 1'500'000, 5);
        CAPTURE(run.ports, run.load, formula.meet_again);
        CHECK(formula.meet_again > 0.003);
        CHECK(seen.attempt_refusal == Approx(formula.attempt_refusal).epsilon(0.03));
        CHECK(seen.failure == Approx(formula.connection_failure).epsilon(0.2));
    }
}

TEST_CASE("every design, limit and law of arrivals retries, and loses less by it") {
    for (const auto* design : {"linux-masquerade", "openbsd-pf", "vpp-nat44-ed", "cilium", "ovs"}) {
        const auto s = ports_of(200, 190, design);
        const auto once = tried(s, {}, 100'000), r = tried(s, policy_of(4, 1), 100'000);
        CAPTURE(design);
        REQUIRE(r.retries);
        CHECK(r.retries->connection_failure.value < once.refusal_probability);
        CHECK(r.refusal_probability > 0.9 * once.refusal_probability);
    }
    for (const auto* arrivals : {R"(, "arrivals": {"law": "batches", "mean-batch": 4})",
                                 R"(, "arrivals": {"law": "on-off", "on": "10s", "off": "10s"})"}) {
        const auto s = ports_of(200, 150, "ideal", arrivals);
        const auto once = tried(s, {}, 300'000), r = tried(s, policy_of(4, 1), 300'000);
        CHECK(r.retries->connection_failure.value < once.refusal_probability);
        CHECK(r.retries->mean_delay > 0);
    }
    auto table = ports_of(200, 95);
    table.nats[0].connection_limits.limit_per_instance = 100;
    CHECK(tried(table, policy_of(3, 1), 50'000).retries->gave_up > 0);
    auto policed = ports_of(200, 50);
    policed.nats[0].rate_limits.emplace();
    policed.nats[0].rate_limits->connections = rate{4};
    policed.nats[0].rate_limits->connections_burst = 1;
    const auto r = tried(policed, policy_of(3, 1), 50'000);
    CHECK(r.retries->gave_up > 0);
    CHECK(r.policed > r.refused);
}

TEST_CASE("retries: one try is none, a seed is a run, and what is wrong is named") {
    const auto s = ports_of(100, 95);
    const auto plain = tried(s, {}, 100'000), one = tried(s, policy_of(1, 1), 100'000);
    CHECK(plain.refused == one.refused);
    CHECK(one.retries->gave_up == one.refused);
    CHECK(one.retries->attempts == one.arrivals);
    CHECK(one.retries->mean_delay == 0);
    const auto a = tried(s, policy_of(3, 1, 2, 0.5), 50'000),
               b = tried(s, policy_of(3, 1, 2, 0.5), 50'000);
    CHECK(a.retries->refused == b.retries->refused);
    auto gives_up = policy_of(3, 1);
    gives_up.persistence = 0;
    CHECK(tried(s, gives_up, 50'000).retries->attempts == 50'000);
    auto endless = policy_of(3, 1);
    endless.backoff = std::numeric_limits<double>::infinity();
    for (const auto& bad : {policy_of(0, 1), policy_of(3, -1), policy_of(3, 1, 0.5),
                            policy_of(3, 1, 2, 2), policy_of(60, 1), endless})
        CHECK_THROWS_AS(tried(s, bad, 100), domain_error);
    simulate_options o;
    o.most_warm_up = 10;
    CHECK_THROWS_AS(simulate(s, o), unsupported);
}
