// Filling in a scenario's traffic, and splitting it into systems.
#include <map>
#include <natbound/calculator/simulator.hpp>
#include <natbound/calculator/systems.hpp>
#include <natbound/calculator/traffic.hpp>
#include <natbound/model/error.hpp>
#include <natbound/model/hash.hpp>

#include "catch.hpp"
#include "homes.hpp"

using namespace natbound;
using namespace natbound::calculator;
using natbound::test::home;

TEST_CASE("an entry's rate is spread over client addresses and endpoints") {
    const auto s = parse_scenario(R"({
        "clients": [{"name": "A", "addresses": "10.0.0.1-10.0.0.3"}, {"name": "B", "addresses": "10.0.1.1"}],
        "servers": [{"name": "C", "addresses": "198.51.100.1-198.51.100.2", "ports": ["80", "443"]},
                    {"name": "D", "addresses": "198.51.100.9", "ports": 80}],
        "traffic": [{"from": ["A", "B"], "to": ["C", "D"], "rate": "100/s", "hold": "10s"}]})");
    const auto t = fill_traffic(s);
    REQUIRE(t.streams.size() == 4);
    CHECK(t.streams[0].rate == Approx(100 * 0.75 * 0.8));
    CHECK(t.streams[1].rate == Approx(100 * 0.75 * 0.2));
    CHECK(t.streams[3].rate == Approx(100 * 0.25 * 0.2));
    CHECK(t.rate() == Approx(100));
    CHECK(t.load() == Approx(1000));
    CHECK(t.given);
}

TEST_CASE("any two of rate, hold and live give the third") {
    const auto load = [](const std::string& what) {
        const auto t = fill_traffic(home("linux-masquerade", what));
        return std::pair{t.rate(), t.streams[0].hold()};
    };
    CHECK(load(R"("rate": "500/s", "hold": "60s")") == std::pair{500.0, 60.0});
    CHECK(load(R"("rate": "500/s", "live": 30000)") == std::pair{500.0, 60.0});
    CHECK(load(R"("live": 30000, "hold": "60s")") == std::pair{500.0, 60.0});
    CHECK(load(R"("rate-per-client": "250/s", "hold": "60s")") == std::pair{500.0, 60.0});
    // a life of 20 s, and 120 s of TIME_WAIT
    CHECK(load(R"("rate": "100/s", "life": "20s")") == std::pair{100.0, 140.0});
    CHECK(load(R"("live": 14000, "life": "20s")") == std::pair{100.0, 140.0});
}

TEST_CASE("a life is followed by the NAT's timer for the way it ends") {
    const auto t = fill_traffic(home(
        "linux-masquerade",
        R"("rate": "1/s", "life": "20s", "ends": {"fin": "70%", "rst": "20%", "silence": "10%"})"));
    const auto& s = t.streams[0];
    REQUIRE(s.closing.size() == 3);
    CHECK(s.closing[0] == closing_phase{close_cause::tcp_fin, 0.7, 120});
    CHECK(s.closing[1] == closing_phase{close_cause::tcp_rst, 0.2, 10});
    CHECK(s.closing[2] == closing_phase{close_cause::tcp_silence, 0.1, 432000});
    CHECK(s.hold() == Approx(20 + 84 + 2 + 43200));
    // a hold says nothing of closing, nor does traffic that no NAT sees
    CHECK(fill_traffic(home("linux-masquerade", R"("rate": "1/s", "hold": "20s")"))
              .streams[0]
              .closing.empty());
    auto udp = home("linux-masquerade", R"("rate": "1/s", "life": "20s")");
    udp.servers[0].protocol = transport::udp;
    CHECK(fill_traffic(udp).streams[0].closing ==
          std::vector<closing_phase>{{close_cause::udp, 1, 30}});
    udp.nats.clear();
    CHECK(fill_traffic(udp).streams[0].hold() == 20);
}

TEST_CASE("weights and zipf are shares of the entry's endpoints in the order given") {
    auto s = parse_scenario(R"({
        "clients": [{"name": "A", "addresses": "10.0.0.1"}],
        "servers": [{"name": "C", "addresses": "198.51.100.1-198.51.100.2", "ports": 80},
                    {"name": "D", "addresses": "198.51.100.9", "ports": 80}],
        "traffic": [{"from": "A", "to": ["D", "C"], "rate": "60/s", "hold": "1s", "weights": [3, 2, 1]}]})");
    auto t = fill_traffic(s);
    REQUIRE(t.streams.size() == 2);
    CHECK(t.streams[0].servers == 1);
    CHECK(t.streams[0].rate == Approx(30));
    CHECK(t.streams[1].rate == Approx(30));
    CHECK(t.streams[1].weights[0] == Approx(2.0 / 3));
    s.traffic[0].weights.clear();
    s.traffic[0].zipf = 1;
    t = fill_traffic(s);
    CHECK(t.streams[0].rate == Approx(60 / (1 + 0.5 + 1.0 / 3)));
}

TEST_CASE("without traffic it is spread evenly, with a load of 1 and what was assumed") {
    auto s = home("ideal", "");
    s.servers.push_back(s.servers[0]);
    s.servers[1].name = "D";
    s.servers[1].ports = {1000, 1002};
    s.clients[1].reaches = {"D"};
    const auto t = fill_traffic(s);
    REQUIRE(t.streams.size() == 3);
    CHECK(!t.given);
    CHECK(t.load() == Approx(1));
    CHECK(t.streams[0].load() == Approx(0.125));
    CHECK(t.streams[1].load() == Approx(0.375));
    CHECK(t.streams[2].load() == Approx(0.5));
    CHECK(!t.assumed.empty());
}

TEST_CASE("destinations are systems of their own, and equal ones are one") {
    auto s = home("linux-masquerade", R"("rate": "500/s", "hold": "60s")");
    s.servers[0].addresses = {parse_address("198.51.100.0"), parse_address("198.51.100.255")};
    s.servers[0].ports = {1, 1000};
    auto all = split(s, fill_traffic(s));
    REQUIRE(all.systems.size() == 1);
    CHECK(all.systems[0].copies == 256000);
    CHECK(all.systems[0].load() * 256000 == Approx(30000));
    CHECK(all.kinds.size() == 2);
    // one external endpoint for each flow: all destinations meet
    s.servers[0].ports = {80, 83};
    s.nats[0].design.clash_scope.destination = scope_destination::none;
    all = split(s, fill_traffic(s));
    REQUIRE(all.systems.size() == 1);
    CHECK(all.systems[0].destinations.size() == 1024);
    CHECK(all.systems[0].load() == Approx(30000));
    s.nats[0].design.clash_scope.destination = scope_destination::address;
    all = split(s, fill_traffic(s));
    CHECK(all.systems.size() == 256);
    CHECK(all.systems[7].destinations.size() == 4);
}

TEST_CASE("a hashed pool splits the clients as the hash does") {
    auto s = home("linux-snat", R"("rate": "500/s", "hold": "60s")");
    s.clients[0].addresses = {parse_address("192.168.1.0"), parse_address("192.168.1.9")};
    s.clients[1].addresses = {parse_address("192.168.2.1"), parse_address("192.168.2.1")};
    s.nats[0].external_ip_address_pool = {parse_address("203.0.113.5"),
                                          parse_address("203.0.113.7")};
    const auto all = split(s, fill_traffic(s));
    std::map<std::uint64_t, double> addresses;
    for (const auto& system : all.systems)
        for (const auto& part : system.parts) addresses[*system.rank] += part.addresses;
    std::map<std::uint64_t, double> expected;
    for (const auto& set : s.clients)
        for (ip_address a = set.addresses.parts()[0].first; a <= set.addresses.parts()[0].last; ++a)
            expected[hashed_rank(s.nats[0].design.pool, a, s.servers[0].addresses.at(0), 3)] += 1;
    CHECK(addresses == expected);
    double load = 0;
    for (const auto& system : all.systems) load += system.load();
    CHECK(load == Approx(30000));
}

TEST_CASE("pools that are drawn, taken in order, and fallen back to") {
    auto s = home("openbsd-pf", R"("rate": "500/s", "hold": "60s")");
    s.nats[0].external_ip_address_pool = {parse_address("203.0.113.4"),
                                          parse_address("203.0.113.7")};
    auto all = split(s, fill_traffic(s));
    REQUIRE(all.systems.size() == 1);
    CHECK(all.systems[0].ranks == 4);
    s.nats[0].design.pool.fallback = false;
    all = split(s, fill_traffic(s));
    REQUIRE(all.systems.size() == 1);
    CHECK(all.systems[0].ranks == 1);
    CHECK(all.systems[0].copies == 4);
    CHECK(all.systems[0].load() == Approx(7500));
    s.nats[0].design.pool.choice = pool_choice::first;
    all = split(s, fill_traffic(s));
    CHECK(all.systems[0].load() == Approx(30000));
}

TEST_CASE("what is not modelled says so") {
    auto s = home("ideal", R"("rate": "500/s", "hold": "60s")");
    auto outer = s.nats[0];
    outer.name = "outer";
    outer.inside = {"router"};
    s.nats.push_back(outer);
    s.nats[1].rate_limits = rate_limits{};
    CHECK_THROWS_AS(simulate(s), unsupported);
    s.nats[1].inside = {"X"};
    s.nats[0].inside = {"A"};
    CHECK_THROWS_AS(refuse_clashes(s), unsupported);
}
