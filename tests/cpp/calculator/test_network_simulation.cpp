// The network's steps are those of the fast simulator where both can: one NAT, of many designs.
#include <cmath>
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
