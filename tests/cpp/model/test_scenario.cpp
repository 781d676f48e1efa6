// Reading scenarios: what is read is what is written, and every broken rule is named with its
// field.
#include <boost/json.hpp>

#include "catch.hpp"
#include "natbound/model/error.hpp"
#include "natbound/model/scenario.hpp"

using namespace natbound;

namespace {

const char* home =
    R"({"clients": [{"name": "A", "addresses": "192.168.1.10", "ports": "1024-65535"}],
 "nats": [{"name": "router", "inside": ["A"], "external-ip-address-pool": ["203.0.113.5"], "design": "linux-masquerade"}],
 "servers": [{"name": "C", "addresses": "198.51.100.7", "ports": 80}],
 "traffic": [{"from": ["A"], "to": "C", "rate": "500/s", "hold": "60s"}]})";

// The scenario with one field replaced.
std::string with(const std::string& pointer, const std::string& value) {
    auto v = boost::json::parse(home);
    v.set_at_pointer(pointer, boost::json::parse(value));
    return boost::json::serialize(v);
}

}  // namespace

TEST_CASE("the canonical form reads back to itself") {
    const auto s = parse_scenario(home);
    const auto text = to_json(s);
    CHECK(to_json(parse_scenario(text)) == text);
    CHECK(s.nats[0].design.name == "linux-masquerade");
    CHECK(s.clients[0].ports.size() == 64512);
    for (const auto& d : catalogue()) CHECK(to_json(parse_design(to_json(d))) == to_json(d));
}

TEST_CASE("a design overrides axes of its base") {
    const auto s = parse_scenario(
        with("/nats/0/design", R"({"base": "cilium", "search": {"first-choice-counts": false}})"));
    CHECK_FALSE(s.nats[0].design.search.first_choice_counts);
    CHECK(s.nats[0].design.search.rounds.size() == 2);
    CHECK(s.nats[0].design.name == "cilium (changed)");
}

TEST_CASE("a broken rule is named with its field") {
    struct bad {
        const char* pointer;
        const char* value;
        const char* path;
        const char* says;
    };
    const bad cases[] = {
        {"/clients/0/adresses", "\"10.0.0.1\"", "clients[0].adresses", "did you mean addresses"},
        {"/clients/0/ports", "\"70000\"", "clients[0].ports", "65535"},
        {"/clients/0/ports", "\"0-80\"", "clients[0].ports", "0 is not a port"},
        {"/clients/0/ports", "\"90-80\"", "clients[0].ports", "reversed"},
        {"/clients/0/ports", "[\"1-9\", \"5-20\"]", "clients[0].ports[1]", "overlaps"},
        {"/clients/0/addresses", "[]", "clients[0].addresses", "empty"},
        {"/clients/0/addresses", "{\"include\": \"10.0.0.1\", \"minus\": \"10.0.0.0/8\"}",
         "clients[0].addresses", "empty"},
        {"/clients/0/name", "\"C\"", "servers[0].name", "taken"},
        {"/nats/0/inside", "[\"B\"]", "nats[0].inside[0]", "client set"},
        {"/nats/0/design", "\"linux-masquerad\"", "nats[0].design",
         "did you mean linux-masquerade"},
        {"/nats/0/external-ip-address-pool", "\"192.168.1.0/24\"",
         "nats[0].external-ip-address-pool", "overlaps"},
        {"/nats/0/external-ip-address-pool", "\"2001:db8::1\"", "nats[0].external-ip-address-pool",
         "family"},
        {"/nats/0/port-set-restrict", "{\"start-port-number\": 9, \"end-port-number\": 8}",
         "nats[0].port-set-restrict", "reversed"},
        {"/nats/0/connection-limits", "{\"limit-per-instance\": 0}",
         "nats[0].connection-limits.limit-per-instance", "admits nothing"},
        {"/nats/0/connection-limits", "{\"limit-per-subscriber\": 0}",
         "nats[0].connection-limits.limit-per-subscriber", "admits nothing"},
        {"/nats/0/connection-limits", "{\"limit-per-subscriber\": 1.5}",
         "nats[0].connection-limits.limit-per-subscriber", "whole"},
        {"/nats/0/connection-limits", "{\"limit-per-instance\": 1.5}",
         "nats[0].connection-limits.limit-per-instance", "whole"},
        {"/traffic/0/rate", "\"-5/s\"", "traffic[0].rate", "not negative"},
        {"/traffic/0/rate", "500", "traffic[0].rate", "unit"},
        {"/traffic/0/hold", "\"60\"", "traffic[0].hold", "unit"},
        {"/traffic/0/to", "\"D\"", "traffic[0].to[0]", "did you mean C"},
        {"/traffic/0/live", "7", "traffic[0]", "one too many"},
        {"/traffic/0/life", "\"5s\"", "traffic[0].life", "hold contains life"},
        {"/traffic/0/hold", "{\"law\": \"empirical\"}", "traffic[0].hold.samples", "measured"},
        {"/traffic/0/hold", "{\"law\": \"empirical\", \"samples\": []}", "traffic[0].hold.samples",
         "measured"},
        {"/traffic/0/hold", "{\"law\": \"empirical\", \"samples\": [\"1s\", 2]}",
         "traffic[0].hold.samples[1]", "unit"},
        {"/traffic/0/hold", "{\"law\": \"empirical\", \"samples\": [\"1s\", \"-2s\"]}",
         "traffic[0].hold.samples[1]", "not negative"},
        {"/traffic/0/hold", "{\"law\": \"empirical\", \"samples\": [\"nan s\"]}",
         "traffic[0].hold.samples[0]", "finite"},
        {"/traffic/0/hold", "{\"law\": \"empirical\", \"samples\": [\"0s\", \"0s\"]}",
         "traffic[0].hold.samples", "above 0"},
        {"/traffic/0/hold", "{\"law\": \"empirical\", \"samples\": [\"2e9s\"]}",
         "traffic[0].hold.samples[0]", "1e9s"},
        {"/traffic/0/hold", "{\"law\": \"empirical\", \"samples\": \"1s\", \"weights\": [1, 2]}",
         "traffic[0].hold.weights", "one weight a sample"},
        {"/traffic/0/hold", "{\"law\": \"empirical\", \"samples\": \"1s\", \"weights\": 0}",
         "traffic[0].hold.weights", "above 0"},
        {"/traffic/0/hold", "{\"law\": \"empirical\", \"samples\": \"1s\", \"weights\": -1}",
         "traffic[0].hold.weights", "not negative"},
        {"/traffic/0/hold", "{\"law\": \"empirical\", \"samples\": \"4s\", \"mean\": \"5s\"}",
         "traffic[0].hold.mean", "the mean of the samples is 4s"},
        {"/traffic/0/hold", "{\"law\": \"constant\", \"mean\": \"4s\", \"samples\": \"4s\"}",
         "traffic[0].hold.samples", "law: empirical"},
        {"/traffic/0/hold", "{\"samples\": \"4s\", \"means\": \"4s\"}", "traffic[0].hold.means",
         "law: mixture"},
        {"/traffic/0/hold", "{\"mean\": \"4s\", \"weights\": 1}", "traffic[0].hold.weights",
         "samples, means or edges"},
        {"/traffic/0/weights", "[1, 2]", "traffic[0].weights", "one weight"},
    };
    for (const auto& c : cases) {
        INFO(c.pointer << " = " << c.value);
        try {
            parse_scenario(with(c.pointer, c.value));
            FAIL("was accepted");
        } catch (const input_error& e) {
            CHECK(e.path == c.path);
            CHECK(std::string(e.what()).find(c.says) != std::string::npos);
        }
    }
    CHECK_THROWS_AS(parse_scenario("{"), input_error);
    CHECK_THROWS_AS(parse_scenario("[]"), input_error);
    CHECK_THROWS_AS(parse_scenario("null"), input_error);
    CHECK_THROWS_AS(parse_scenario(std::string(1000, '[')), input_error);
}

TEST_CASE("an empirical hold has its samples' mean") {
    const auto s = parse_scenario(
        with("/traffic/0/hold",
             R"({"law": "empirical", "samples": ["1s", "0s", "2min"], "weights": [3, 1, 1]})"));
    CHECK(s.traffic[0].hold->mean.seconds == Approx(123.0 / 5));
    CHECK(to_json(parse_scenario(to_json(s))) == to_json(s));
    const auto one =
        parse_scenario(with("/traffic/0/hold", R"({"law": "empirical", "samples": "4s"})"));
    CHECK(one.traffic[0].hold->mean.seconds == 4);
}

TEST_CASE("what a hold lists tells its law") {
    const struct {
        const char* listed;
        hold_law law;
        double mean;
    } cases[] = {{R"({"samples": ["1s", "5s"]})", hold_law::empirical, 3},
                 {R"({"means": ["1s", "5s"], "weights": [3, 1]})", hold_law::mixture, 2},
                 {R"({"edges": ["0s", "2s", "6s"], "weights": [1, 1]})", hold_law::histogram, 2.5},
                 {R"({"mean": "7s"})", hold_law::exponential, 7},
                 {R"("7s")", hold_law::exponential, 7}};
    for (const auto& c : cases) {
        INFO(c.listed);
        const auto s = parse_scenario(with("/traffic/0/hold", c.listed));
        CHECK(s.traffic[0].hold->law == c.law);
        CHECK(s.traffic[0].hold->mean.seconds == Approx(c.mean));
        CHECK(to_json(parse_scenario(to_json(s))) == to_json(s));
    }
}

TEST_CASE("every field has a sentence in the schema") {
    // the schema looks each up with at(): a field without one throws
    CHECK(boost::json::parse(scenario_schema()).at_pointer("/properties/clients").is_object());
    CHECK(boost::json::parse(design_schema()).is_object());
}
