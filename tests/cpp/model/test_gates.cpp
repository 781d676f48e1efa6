// Firewalls in rows and limits of one protocol, taken out of a scenario and written beside it.
#include "catch.hpp"
#include "natbound/model/cascade.hpp"
#include "natbound/model/gates.hpp"

using namespace natbound;

namespace {

// A and B behind a firewall, before a NAT with C; another firewall behind it.
constexpr const char* row = R"({
  "clients": [{"name": "A", "addresses": "10.0.0.1"}, {"name": "B", "addresses": "10.0.0.2"},
              {"name": "C", "addresses": "10.0.0.3"}],
  "nats": [
    {"name": "edge", "inside": ["gw"], "translates": false,
     "connection-limits": {"limit-per-instance": 900}},
    {"name": "gw", "inside": ["door", "C"], "design": "ideal", "external-ip-address-pool": "203.0.113.1",
     "connection-limits": {"limit-per-protocol": [{"protocol-id": "udp", "limit": 50}]}},
    {"name": "door", "inside": ["A", "B"], "translates": false,
     "connection-limits": {"limit-per-instance": 300}}],
  "servers": [{"name": "S", "addresses": "198.51.100.1", "ports": 80},
              {"name": "U", "addresses": "198.51.100.1", "ports": "53-54", "protocol": "udp"}],
  "traffic": [{"from": ["A", "B", "C"], "to": ["S", "U"], "rate": "9/s", "hold": "10s"}]})";

}  // namespace

TEST_CASE("gates are taken out with what they count", "[gates]") {
    const auto s = parse_scenario(row);
    REQUIRE(has_gates(s));
    const without_gates apart(s);
    REQUIRE(apart.rest.nats.size() == 1);
    CHECK(apart.rest.nats[0].inside == std::vector<std::string>{"A", "B", "C"});
    CHECK_FALSE(has_gates(apart.rest));
    CHECK(apart.nats == std::vector<std::size_t>{1});
    REQUIRE(apart.gates.size() == 3);
    CHECK(apart.gates[0].nat == 2);  // inner ones first
    CHECK(apart.gates[0].clients == std::vector<std::size_t>{0, 1});
    CHECK(apart.gates[0].most == 300);
    CHECK(apart.gates[1].protocol == transport::udp);
    CHECK(apart.gates[1].counts(2, 1));
    CHECK_FALSE(apart.gates[1].counts(2, 0));
    CHECK(apart.gates[2].most == 900);
}

TEST_CASE("each gate stands beside the NATs with its own share of the traffic", "[gates]") {
    const auto flat = side_by_side(parse_scenario(row));
    const auto rate_of = [&](const std::string& name) {
        double sum = 0;
        for (const auto& t : flat.traffic)
            for (const auto& from : t.from)
                if (from == name) sum += t.rate->per_second;
        return sum;
    };
    CHECK(rate_of("A at door") == Approx(3));
    CHECK(rate_of("B at door") == Approx(3));
    CHECK(rate_of("gw at edge") == Approx(9));
    CHECK(rate_of("C at gw (udp)") == Approx(2));  // two endpoints of three
    std::size_t later = 0;
    for (std::size_t c = 0; c < flat.clients.size(); ++c) later += is_later_stage(flat, c) ? 1 : 0;
    CHECK(later == 6);
    CHECK(stages_of(parse_scenario(row)) == 4);
}

TEST_CASE("static mappings of a NAT inside another leave its ports out", "[gates]") {
    const auto flat = side_by_side(parse_scenario(R"({
      "clients": [{"name": "A", "addresses": "10.0.0.1"}],
      "nats": [{"name": "home", "inside": ["A"], "design": "ideal", "external-ip-address-pool": "100.64.0.1",
                "static-mappings": [{"external-src-port": "8000-8009"}]},
               {"name": "cgn", "inside": ["home"], "design": "ideal", "external-ip-address-pool": "203.0.113.1"}],
      "servers": [{"name": "S", "addresses": "198.51.100.1", "ports": 80}]})"));
    REQUIRE(flat.clients.size() == 2);
    CHECK_FALSE(flat.clients[1].ports.contains(8004));
    CHECK(flat.clients[1].ports.contains(8010));
}
