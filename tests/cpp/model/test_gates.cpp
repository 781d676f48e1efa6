// Firewalls in rows and limits of one protocol, taken out of a scenario and written beside it.
#include "catch.hpp"
#include "natbound/model/cascade.hpp"
#include "natbound/model/error.hpp"
#include "natbound/model/gates.hpp"
#include "natbound/model/port_set_table.hpp"

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

// Connections a second that this client set, or what stands for it, sends.
double rate_from(const scenario& s, const std::string& name) {
    double sum = 0;
    for (const auto& t : s.traffic)
        for (const auto& from : t.from)
            if (from == name) sum += t.rate->per_second;
    return sum;
}

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
    const auto rate_of = [&](const std::string& name) { return rate_from(flat, name); };
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

TEST_CASE("a firewall on some ways of spread clients counts what goes that way", "[gates]") {
    const auto s = parse_scenario(R"({
      "clients": [{"name": "A", "addresses": "10.0.0.1"}, {"name": "B", "addresses": "10.0.0.2"}],
      "nats": [{"name": "door", "inside": ["A"], "translates": false,
                "connection-limits": {"limit-per-instance": 300}},
               {"name": "left", "inside": ["door", "B"], "design": "ideal", "external-ip-address-pool": "203.0.113.1"},
               {"name": "right", "inside": ["A", "B"], "design": "ideal", "external-ip-address-pool": "203.0.113.2"},
               {"name": "edge", "inside": ["left"], "translates": false,
                "connection-limits": {"limit-per-instance": 400}},
               {"name": "all", "inside": ["edge", "right"], "translates": false,
                "connection-limits": {"limit-per-instance": 900}}],
      "servers": [{"name": "S", "addresses": "198.51.100.1", "ports": 80}],
      "traffic": [{"from": "A", "to": "S", "rate": "8/s", "hold": "10s"}]})");
    const without_gates apart(s);
    REQUIRE(apart.gates.size() == 3);
    const auto named = [&](const char* name) {
        for (const auto& g : apart.gates)
            if (s.nats[g.nat].name == name) return g;
        throw error("no such gate");
    };
    const auto door = named("door"), edge = named("edge");
    CHECK(door.ways == std::vector<std::size_t>{0});  // left, in what is left without firewalls
    CHECK(door.counts(0, 0, 0));
    CHECK_FALSE(door.counts(0, 0, 1));
    CHECK_FALSE(door.counts(1, 0, 0));
    CHECK(edge.counts(1, 0, 0));
    CHECK(named("all").on_every_way());
    const with_tables tables(apart);  // edge counts all that goes through left
    CHECK(tables.gates.size() == 2);
    CHECK(tables.rest.nats[0].connection_limits.limit_per_instance == 400);
    CHECK_FALSE(tables.rest.nats[1].connection_limits.limit_per_instance);
    // each firewall stands beside the NATs with the share that comes to it
    const auto flat = side_by_side(s);
    const auto rate_of = [&](const std::string& name) { return rate_from(flat, name); };
    CHECK(rate_of("A at door") == Approx(4));
    CHECK(rate_of("left at edge") == Approx(4));
    CHECK(rate_of("left at all") == Approx(4));
    for (std::size_t c = 0; c < flat.clients.size(); ++c)
        CHECK(is_later_stage(flat, c) == (flat.clients[c].name.find(" at ") != std::string::npos));
}

TEST_CASE("ways that come to one NAT before another are an error", "[gates]") {
    const auto with = [](const std::string& nats) {
        return R"({"clients": [{"name": "A", "addresses": "10.0.0.1"}], "nats": [)" + nats +
               R"(], "servers": [{"name": "S", "addresses": "198.51.100.1", "ports": 80}]})";
    };
    const std::string home =
        R"({"name": "home", "inside": ["A"], "design": "ideal", "external-ip-address-pool": "100.64.0.1"},)";
    const std::string cgn =
        R"({"name": "cgn", "inside": ["home", "A"], "design": "ideal", "external-ip-address-pool": "203.0.113.1"})";
    const std::string door = R"({"name": "door", "inside": ["A"], "translates": false},)";
    const std::string gw =
        R"({"name": "gw", "inside": ["door", "A"], "design": "ideal", "external-ip-address-pool": "203.0.113.1"})";
    const auto said = [](const std::string& scenario) -> std::string {
        try {
            parse_scenario(scenario);
        } catch (const input_error& e) {
            return e.what();
        }
        return "nothing";
    };
    CHECK(said(with(home + cgn)).find("comes to cgn by two ways, directly and through home") !=
          std::string::npos);
    CHECK(said(with(door + gw)).find("comes to gw by two ways, directly and through door") !=
          std::string::npos);
}

TEST_CASE("tables refuse more of a protocol than its limit", "[gates]") {
    const auto text = [](const std::string& sets) {
        return R"({"clients": [{"name": "A", "addresses": "10.0.0.1-10.0.0.3"}],
          "nats": [{"name": "n", "inside": ["A"], "design": "ideal", "external-ip-address-pool": "203.0.113.1",
                    "connection-limits": {"limit-per-protocol": [{"protocol-id": "udp", "limit": 2}]})" +
               sets + R"(}],
          "servers": [{"name": "S", "addresses": "198.51.100.1", "ports": 80},
                      {"name": "U", "addresses": "198.51.100.1", "ports": 53, "protocol": "udp"}]})";
    };
    const auto full = [](auto& table) {
        random_bits random(1);
        const auto open = [&](transport protocol, unsigned client, port source) {
            const flow f{protocol,
                         {parse_address("10.0.0.1") + client, source},
                         {parse_address("198.51.100.1"), port{53}}};
            return std::pair{f, table.open(f, random).refused};
        };
        const auto first = open(transport::udp, 0, 5000), second = open(transport::udp, 1, 5000);
        CHECK(first.second == refusal::none);
        CHECK(second.second == refusal::none);
        CHECK(open(transport::udp, 2, 5000).second == refusal::table_full);
        CHECK(open(transport::udp, 0, 5001).second == refusal::table_full);
        CHECK(open(transport::tcp, 2, 5000).second == refusal::none);
        table.remove(first.first);
        CHECK(open(transport::udp, 2, 5001).second == refusal::none);
        table.close(second.first, close_cause::udp);  // no timer: it goes
        CHECK(open(transport::udp, 2, 5002).second == refusal::none);
        CHECK(open(transport::udp, 2, 5003).second == refusal::table_full);
    };
    auto plain = parse_scenario(text(""));
    plain.nats[0].timers["udp"].seconds = 0;
    const nat_plan plan(plain.nats[0]);
    nat_table one(plan);
    full(one);
    auto dealt = parse_scenario(text(R"(, "port-set": {"port-set-size": 64})"));
    dealt.nats[0].timers["udp"].seconds = 0;
    port_set_table sets(dealt, dealt.nats[0]);
    full(sets);
}
