// The clients' own ports: Erlang's formula against the network's steps, and what TIME-WAIT does.
#include <cmath>
#include <natbound/calculator/erlang.hpp>
#include <natbound/calculator/own_ports.hpp>
#include <natbound/calculator/simulator.hpp>

#include "catch.hpp"
#include "homes.hpp"

using namespace natbound;
using namespace natbound::calculator;
using natbound::test::home;

namespace {

// One client of so many ports, towards one server, routed or behind a NAT of the design.
scenario one_client(const std::string& ports, const std::string& traffic, const std::string& wait,
                    const std::string& nat = {}) {
    return parse_scenario(
        R"({"clients": [{"name": "A", "addresses": "10.0.0.1", "ports": ")" + ports + "\"" +
        (wait.empty() ? "" : R"(, "time-wait": ")" + wait + "\"") + R"(}], "servers": [{"name": )" +
        R"("C", "addresses": "198.51.100.7", "ports": 80}], "traffic": [{"from": "A", "to": "C", )" +
        traffic + "}]" +
        (nat.empty() ? ""
                     : R"(, "nats": [{"name": "r", "inside": "A", "external-ip-address-pool": )"
                       R"("203.0.113.1", "design": )" +
                           nat + "}]") +
        "}");
}

own_ports only(const scenario& s) {
    const auto all = own_ports_of(s, fill_traffic(s));
    REQUIRE(all.size() == 1);
    return all.front();
}

double unoffered(const simulate_result& r) {
    return static_cast<double>(r.unoffered) / static_cast<double>(r.unoffered + r.arrivals);
}

}  // namespace

TEST_CASE("Linux's ephemeral ports and 60 s are 470 connections a second", "[calculator]") {
    const auto s =
        one_client("32768-60999", R"("rate": "400/s", "life": "1ms")", "60s", "\"ideal\"");
    const auto x = only(s);
    CHECK(x.ports == 28232);
    CHECK(x.most_per_second() == Approx(28232 / 60.001));
    CHECK(x.load == Approx(400 * 60.001));
    CHECK(x.waits);
    CHECK(x.log_refusal(1) == Approx(log_erlang_b(28232, 400 * 60.001)));
    CHECK(std::exp(x.log_refusal(x.scale_for(1e-6))) == Approx(1e-6));
}

TEST_CASE("What the formula says of the clients' own ports is what the steps count",
          "[calculator]") {
    // life, who closes first, how it ends; the mean hold of a socket with a TIME-WAIT of 8 s
    const auto [traffic, hold, nat] = GENERATE(table<std::string, double, std::string>({
        {R"("rate": "10/s", "life": "2s")", 10, ""},
        {R"("rate": "10/s", "life": "2s")", 10, "\"ideal\""},
        {R"("rate": "20/s", "life": {"law": "lognormal", "mean": "2s", "cv": 2}, "client-closes": "25%")",
         4, "\"ideal\""},
        {R"("rate": "20/s", "life": "3s", "ends": {"fin": "50%", "rst": "50%"}, "client-closes": "50%")",
         5, R"({"base": "linux-masquerade", "timers": {"tcp-fin": "20s", "tcp-rst": "1s"}})"},
        {R"("rate": "20/s", "life": "3s", "ends": {"fin": "40%", "rst": "60%"})", 6.2, ""},
    }));
    CAPTURE(traffic, nat);
    const auto s = one_client("5000-5099", traffic, "8s", nat);
    const auto x = only(s);
    CHECK(x.hold == Approx(hold));
    simulate_options options;
    options.arrivals = 300'000;
    const auto r = simulate(s, options);
    CHECK(r.refused == 0);
    CHECK(unoffered(r) == Approx(std::exp(x.log_refusal(1))).epsilon(0.07).margin(2e-4));
}

TEST_CASE("An entry that outlives the client's TIME-WAIT is used again as it is", "[calculator]") {
    // The NAT keeps an entry of each of 100 sockets, in all of its 100 ports: what comes from a
    // socket that is free again finds no other port, and needs none.
    const std::string nat =
        R"({"base": "ideal", "port-classes": [{"ports": "2000-2099"}], "timers": {"tcp-fin": "1000s"}})";
    const auto s = one_client("5000-5099", R"("rate": "50/s", "life": "1s")", "0s", nat);
    simulate_options options;
    options.arrivals = 100'000;
    const auto r = simulate(s, options);
    CHECK(r.refused == 0);
    CHECK(r.mean_live == Approx(100).epsilon(0.01));  // of 50 open, the others closing
    CHECK(unoffered(r) < 1e-4);
}

TEST_CASE("Addresses and endpoints share the load, weights tell them apart", "[calculator]") {
    const auto s = parse_scenario(R"({"clients": [{"name": "A", "addresses": "10.0.0.1-10.0.0.4",
        "ports": "5000-5009", "time-wait": "6s"}], "servers": [{"name": "C", "addresses":
        "198.51.100.7", "ports": "80-82"}, {"name": "U", "addresses": "198.51.100.7", "ports": 53,
        "protocol": "udp"}], "traffic": [{"from": "A", "to": "C", "rate": "12/s", "life": "2s",
        "weights": [1, 3, 2]}, {"from": "A", "to": "U", "rate": "4/s", "life": "2s"}]})");
    const auto all = own_ports_of(s, fill_traffic(s));
    REQUIRE(all.size() == 2);
    CHECK(all[0].destination == "198.51.100.7:81");
    CHECK(all[0].load == Approx(12.0 / 4 / 2 * 8));
    CHECK(all[1].load == Approx(4.0 / 4 * 2));  // no TIME-WAIT in UDP
    CHECK_FALSE(all[1].waits);
    const double expected = (erlang_b(10, 4) + 3 * erlang_b(10, 12) + 2 * erlang_b(10, 8)) / 6;
    CHECK(all[0].average(1) == Approx(expected));
    simulate_options options;
    options.arrivals = 200'000;
    const auto r = simulate(s, options);
    for (const auto& k : r.kinds) {
        const double share =
            static_cast<double>(k.unoffered) / static_cast<double>(k.unoffered + k.arrivals);
        if (k.servers == "C") CHECK(share == Approx(expected).epsilon(0.03));
    }
}

TEST_CASE("Bursts thin the same way, or are said not to be known", "[calculator]") {
    auto s = home(
        "ideal", R"("rate": "30/s", "hold": "1s", "arrivals": {"law": "batches", "mean-batch": 3})",
        "5000-5029");
    const auto x = own_ports_of(s, fill_traffic(s));
    REQUIRE(x.size() == 2);
    simulate_options options;
    options.arrivals = 400'000;
    CHECK(unoffered(simulate(s, options)) == Approx(std::exp(x[0].log_refusal(1))).epsilon(0.05));
    s.clients[0].time_wait = duration{5};
    std::vector<std::string> unknown;
    CHECK(own_ports_of(s, fill_traffic(s), &unknown).size() == 1);
    CHECK(unknown == std::vector<std::string>{"A"});
}
