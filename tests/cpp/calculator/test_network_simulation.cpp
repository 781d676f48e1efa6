// The network's steps are those of the fast simulator where both can: one NAT, of many designs.
#include <cmath>
#include <natbound/calculator/erlang.hpp>
#include <natbound/calculator/likely.hpp>
#include <natbound/calculator/simulator.hpp>

#include "catch.hpp"
#include "homes.hpp"

using namespace natbound;
using namespace natbound::calculator;
using natbound::test::home;

namespace {

// A limit that is never reached has the whole network stepped.
scenario as_network(scenario s) {
    s.servers[0].connection_limits = server_limits{std::uint64_t{1} << 40U, {}};
    return s;
}

}  // namespace

TEST_CASE("One NAT in the network is one NAT", "[calculator]") {
    const std::string ports = R"("port-classes": [{"ports": "2000-2299"}])";
    const std::string load = R"("rate": "9/s", "hold": "30s")";
    const std::string life =
        R"("rate": "14/s", "life": {"law": "lognormal", "mean": "20s", "cv": 1})";
    const auto [design, traffic] = GENERATE_COPY(table<std::string, std::string>({
        {R"({"base": "ideal", )" + ports + "}", load},
        {R"({"base": "linux-masquerade", "first-choice": "none", )" + ports + "}", load},
        {R"({"base": "linux-masquerade", "first-choice": "none", )" + ports + "}", life},
        {R"({"base": "vpp-nat44-ed", )" + ports + "}", load},
        {R"({"base": "ideal", "mapping-type": "eim-if-possible", )" + ports + "}", load},
        {R"({"base": "cilium", )" + ports + "}", life},
    }));
    CAPTURE(design, traffic);
    const auto s = home(design, traffic);
    simulate_options options;
    options.arrivals = 400'000;
    const auto fast = simulate(s, options);
    const auto net = simulate(as_network(s), options);
    REQUIRE(fast.refusal_probability > 0.002);
    const double deviation = std::hypot(net.high - net.low, fast.high - fast.low) / 3.92;
    CHECK(std::abs(net.refusal_probability - fast.refusal_probability) < 4 * deviation);
    CHECK(net.mean_live == Approx(fast.mean_live).epsilon(0.03));
}

TEST_CASE("A full table that drops entries cuts as many", "[calculator]") {
    auto s = home(R"({"base": "ideal", "pressure": "drop-least-recently-used"})",
                  R"("rate": "10/s", "hold": "30s")");
    s.nats[0].connection_limits.limit_per_instance = 290;
    const auto fast = simulate(s), net = simulate(as_network(s));
    CHECK(net.refused == 0);
    CHECK(net.refusal_probability == Approx(fast.refusal_probability).epsilon(0.1));
}

TEST_CASE("Paired pooling: the fast simulator and the network's steps are one", "[calculator]") {
    for (const bool fallback : {false, true}) {
        auto s = home(R"({"base": "ideal", "port-classes": [{"ports": "2000-2099"}]})",
                      R"("rate-per-client": "0.1/s", "hold": "30s")");
        auto& n = s.nats[0];
        s.clients[0].addresses = {parse_address("10.0.0.1"), parse_address("10.0.0.90")};
        n.external_ip_address_pool = {parse_address("203.0.113.1"), parse_address("203.0.113.3")};
        n.design.pool = {};
        n.design.pool.choice = pool_choice::random;
        n.design.pool.fallback = fallback;
        n.design.pool.paired = true;
        simulate_options options;
        options.arrivals = 400'000;
        const auto fast = simulate(s, options);
        const auto net = simulate(as_network(s), options);
        CAPTURE(fallback, fast.refusal_probability, net.refusal_probability);
        REQUIRE(fast.refusal_probability > 0.01);
        const double deviation = std::hypot(net.high - net.low, fast.high - fast.low) / 3.92;
        CHECK(std::abs(net.refusal_probability - fast.refusal_probability) < 4 * deviation);
        // a client that is bound elsewhere does not come over: more are refused than without
        // pairing
        n.design.pool.paired = false;
        CHECK(simulate(s, options).refusal_probability < fast.low);
    }
}

// Where nothing is left over in blocks that are not empty, the law is exact: one block a
// subscriber, or blocks of one port.
TEST_CASE("Port blocks on demand are stepped as their law says", "[calculator]") {
    const auto [rule, rate] = GENERATE(table<std::string, std::string>({
        {R"({"port-set-size": 64})", "0.004"},
        {R"({"port-set-size": 5})", "0.1"},
        {R"({"port-set-size": 1, "port-sets-per-subscriber": 12})", "0.3"},
    }));
    CAPTURE(rule);
    const auto s = parse_scenario(
        R"({"clients": [{"name": "A", "addresses": "10.0.0.1-10.0.0.50"}],
            "nats": [{"name": "n", "inside": ["A"], "external-ip-address-pool": "203.0.113.0",
                      "design": "ideal",
                      "port-set-restrict": {"start-port-number": 2000, "end-port-number": 2400},
                      "port-set": )" +
        rule + R"(}], "servers": [{"name": "S", "addresses": "198.51.100.1", "ports": "80"}],
            "traffic": [{"from": "A", "to": "S", "rate-per-client": ")" +
        rate + R"(/s", "hold": "30s"}]})");
    simulate_options options;
    options.arrivals = 400'000;
    const auto seen = simulate(s, options);
    const double law = risk(s).overall.value;
    REQUIRE(law > 0.01);
    CHECK(std::abs(seen.refusal_probability - law) < 2 * (seen.high - seen.low) / 1.96);
}

TEST_CASE("Short runs are not biased by their start", "[calculator]") {
    // a hold each, of which the start is forgotten in 1.6
    const auto mean_of = [](const scenario& s, std::uint64_t arrivals) {
        constexpr int runs = 400;
        double sum = 0, squares = 0;
        for (int seed = 1; seed <= runs; ++seed) {
            simulate_options options;
            options.arrivals = arrivals;
            options.seed = static_cast<std::uint64_t>(seed);
            const double share = simulate(s, options).refusal_probability;
            sum += share;
            squares += share * share;
        }
        const double mean = sum / runs;
        return std::pair{mean, std::sqrt((squares / runs - mean * mean) / runs)};
    };
    SECTION("one pool: Erlang's formula") {
        const auto s =
            as_network(home(R"({"base": "ideal", "port-classes": [{"ports": "2000-2299"}]})",
                            R"("rate": "9.5/s", "hold": "30s")"));
        const auto [mean, error] = mean_of(s, 285);
        CAPTURE(mean, error, erlang_b(300, 285));
        CHECK(error < 0.1 * mean);
        CHECK(std::abs(mean - erlang_b(300, 285)) < 4 * error);
    }
    SECTION("port blocks on demand: long runs of the same") {
        auto s = home(R"({"base": "ideal", "port-classes": [{"ports": "2000-3279"}]})",
                      R"("rate-per-client": "0.8/s", "hold": "30s")");
        s.clients[0].addresses = {parse_address("10.0.0.1"), parse_address("10.0.0.36")};
        s.nats[0].port_set.emplace();
        s.nats[0].port_set->port_set_size = 32;
        s.nats[0].port_set->port_sets_per_subscriber = 4;
        simulate_options options;
        options.arrivals = 400'000;
        const auto all = simulate(s, options);
        const auto [mean, error] = mean_of(s, 888);
        CAPTURE(mean, error, all.refusal_probability, all.low, all.high);
        CHECK(error < 0.05 * mean);
        CHECK(std::abs(mean - all.refusal_probability) <
              4 * std::hypot(error, (all.high - all.low) / 3.92));
    }
}
