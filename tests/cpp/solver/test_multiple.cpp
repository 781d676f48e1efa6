// The largest multiple of a demand: at it everything fits, and at the next multiple at which a pair
// gains a connection it does not, flow by flow on small scenarios.
#include "catch.hpp"
#include "natbound/model/error.hpp"
#include "natbound/solver/maximum.hpp"
#include "random_scenario.hpp"
#include "unit_network.hpp"

using namespace natbound;
using namespace small;

namespace {

demand_list random_demand(const scenario& s, dice& d) {
    demand_list out;
    for (std::size_t c = 0; c < s.clients.size(); ++c)
        for (std::size_t v = 0; v < s.servers.size(); ++v) {
            const auto& reaches = s.clients[c].reaches;
            const bool reached = reaches.empty() ||
                                 std::count(reaches.begin(), reaches.end(), s.servers[v].name) > 0;
            if (reached && d.chance(80)) out.push_back({c, v, 1 + d.below(9)});
        }
    return out;
}

pair_counts at(const demand_list& demand, const fraction& k) {
    pair_counts out;
    for (const auto& p : demand)
        if (const count n = k.numerator * p.connections / k.denominator; n > 0)
            out[{p.client, p.server}] = static_cast<std::size_t>(n);
    return out;
}

}  // namespace

TEST_CASE("the largest multiple fits, and the next does not") {
    unsigned settled = 0, bounds = 0, by_flow = 0;
    for (unsigned seed = 50000; seed < 53000; ++seed) {
        const auto s = random_scenario(seed);
        const world w(s);
        dice d(seed);
        const auto demand = random_demand(s, d);
        INFO("seed " << seed << ": " << to_json(s));
        const auto m = largest_multiple(s, demand);
        if (demand.empty()) {
            REQUIRE(!m);
            continue;
        }
        REQUIRE(m);
        REQUIRE(m->fits < m->beyond);
        const auto within = at(demand, m->fits), over = at(demand, m->beyond);
        pair_counts said;
        for (const auto& p : m->within)
            if (p.connections > 0)
                said[{p.client, p.server}] = static_cast<std::size_t>(p.connections);
        REQUIRE(said == within);
        REQUIRE(within != over);
        if (m->exact) {
            // no other demand lies between
            for (const auto& p : demand) {
                const count now = m->fits.numerator * p.connections / m->fits.denominator;
                REQUIRE_FALSE(fraction{now + 1, p.connections} < m->beyond);
            }
            ++settled;
        } else {
            ++bounds;
        }
        if (m->in_parts) {
            REQUIRE(*m->in_parts < m->beyond);
            ++by_flow;
        }
        if (!m->evidence.empty())
            REQUIRE(reader(w).fits(m->evidence.at("fits").as_object(),
                                   static_cast<std::size_t>(total_of(m->within))) == "");
        if (const auto truth = pairs_fit(w, within)) REQUIRE(*truth);
        if (const auto truth = pairs_fit(w, over)) REQUIRE_FALSE(*truth);
    }
    CAPTURE(settled, bounds, by_flow);
    CHECK(settled > 2000);
    CHECK(by_flow > 1000);
    CHECK(bounds < 800);
}

TEST_CASE("connections that could be split fit up to the cut's ratio") {
    // three endpoints, two pairs that want one each: 3/2 in parts, 1 in whole connections
    auto s = parse_scenario(R"({
      "clients": [{"name": "A", "addresses": "10.0.0.1"}, {"name": "X", "addresses": "10.0.0.2"}],
      "nats": [{"name": "n", "inside": ["A", "X"], "external-ip-address-pool": "203.0.113.1", "design": "ideal",
                "port-set-restrict": {"start-port-number": 2000, "end-port-number": 2002}}],
      "servers": [{"name": "C", "addresses": "198.51.100.1", "ports": "80"}]})");
    const auto m = largest_multiple(s, {{0, 0, 1}, {1, 0, 1}});
    REQUIRE(m);
    CHECK(m->exact);
    CHECK(*m->in_parts == fraction{3, 2});
    CHECK(m->fits == fraction{1, 1});
    CHECK(m->beyond == fraction{2, 1});
    const auto uneven = largest_multiple(s, {{0, 0, 2}, {1, 0, 3}});
    CHECK(*uneven->in_parts == fraction{3, 5});
    CHECK(total_of(uneven->within) == 3);
    // counts beyond 64 bits
    const count huge = count(1) << 90;
    const auto far = largest_multiple(s, {{0, 0, huge}});
    CHECK(far->fits == reduced({3, huge}));
    CHECK(far->beyond == reduced({4, huge}));
}

TEST_CASE("a demand is read, and mistakes are named") {
    const auto s = parse_scenario(R"({
      "clients": [{"name": "A", "addresses": "10.0.0.1-10.0.0.3"}, {"name": "X", "addresses": "10.0.0.9", "reaches": ["D"]}],
      "servers": [{"name": "C", "addresses": "198.51.100.1", "ports": "80-81"}, {"name": "D", "addresses": "198.51.100.2", "ports": "443"}]})");
    const auto text = [&](const char* json) {
        std::string out;
        for (const auto& p : parse_demand(s, json))
            out += s.clients[p.client].name + s.servers[p.server].name + p.connections.str() + " ";
        return out;
    };
    CHECK(text(R"([{"from": "A", "to": "C", "connections": 5}])") == "AC5 ");
    CHECK(text(R"([{"from": ["A", "X"], "to": ["C", "D"], "connections": "12"}])") ==
          "AC6 AD3 XD3 ");
    CHECK(
        text(
            R"([{"from": "A", "to": "D", "connections": 5}, {"from": "A", "to": "D", "connections": 2}])") ==
        "AD7 ");
    const auto wrong = [&](const char* json) {
        try {
            parse_demand(s, json);
        } catch (const input_error& e) {
            return e.path + ": " + e.rule;
        }
        return std::string("read");
    };
    CHECK(wrong("[]") == ": the demand names nothing");
    CHECK(wrong("{}") == ": a demand is a list of {from, to, connections}");
    CHECK(wrong(R"([{"from": "A", "to": "C", "connections": -1}])") ==
          "[0].connections: a whole number of connections, 0 or more, is wanted");
    CHECK(wrong(R"([{"from": "A", "to": "C", "connections": 1.5}])") ==
          "[0].connections: a whole number of connections, 0 or more, is wanted");
    CHECK(wrong(R"([{"from": "A", "to": "C"}])") == "[0]: connections is missing");
    CHECK(wrong(R"([{"from": "X", "to": "C", "connections": 1}])") ==
          "[0].to: X does not reach it");
    CHECK(wrong(R"([{"from": [], "to": "C", "connections": 1}])") == "[0].from: it names nothing");
    CHECK(wrong(R"([{"from": ["A", "A"], "to": "C", "connections": 1}])") ==
          "[0].from[1]: the name stands twice");
    CHECK(wrong(R"([{"from": "B", "to": "C", "connections": 1}])").find("[0].from") == 0);
    CHECK(wrong(R"([{"from": "A", "to": "C", "connection": 1}])").find("[0]") == 0);
}
