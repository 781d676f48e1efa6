// Port sets stepped: whose they are, when they are free again, and that one set for ever is the
// NAT that own_nat says.
#include <algorithm>
#include <map>
#include <set>

#include "catch.hpp"
#include "natbound/model/error.hpp"
#include "natbound/model/port_set_table.hpp"

using namespace natbound;

namespace {

scenario with_sets(const std::string& rule, const std::string& more = "") {
    return parse_scenario(
        R"({"clients": [{"name": "A", "addresses": "10.0.0.1-10.0.0.5"}, {"name": "B", "addresses": "10.0.1.1"}],
            "nats": [{"name": "n", "inside": ["A", "B"], "external-ip-address-pool": "203.0.113.0/31",
                      "design": {"base": "ideal")" +
        more +
        R"(}, "port-set-restrict": {"start-port-number": 2000, "end-port-number": 2019}, "port-set": )" +
        rule + R"(}],
            "servers": [{"name": "S", "addresses": "198.51.100.1-198.51.100.3", "ports": "80"}]})");
}

flow flow_of(unsigned client, port source, unsigned to) {
    const auto from = client < 5 ? parse_address("10.0.0.1") + client : parse_address("10.0.1.1");
    return {transport::tcp, {from, source}, {parse_address("198.51.100.1") + to, 80}};
}

using place = std::pair<ip_address, port>;  // of a set: its address and first port

}  // namespace

TEST_CASE("Sets on demand are one subscriber's each, and no more than it may have") {
    std::size_t refused = 0;
    const std::string random_pool =
        R"(, "pool": {"choice": "random", "paired": true, "fallback": )";
    for (const std::string& more : {std::string(), random_pool + "true}", random_pool + "false}"})
        for (const unsigned most : {1U, 2U, 5U})
            for (const port size : {1U, 3U, 4U}) {
                const auto s =
                    with_sets(R"({"port-set-size": )" + std::to_string(size) +
                                  R"(, "port-sets-per-subscriber": )" + std::to_string(most) + "}",
                              more);
                const std::uint64_t sets = 2 * (20 / size);
                const bool paired = !more.empty() && most > 1;
                const bool goes_on = more.find("true}") != std::string::npos;
                port_set_table table(s, s.nats[0]);
                random_bits random(most * 10 + size);
                std::map<flow, endpoint> live;
                std::map<ip_address, std::set<place>> held;
                std::size_t dealt = 0;
                std::map<ip_address, std::uint64_t> dealt_on;
                const auto again = [&] {
                    held.clear();
                    std::map<place, ip_address> owner;
                    for (const auto& [f, at] : live) {
                        const place set{at.address, (at.port - 2000) / size};
                        CHECK(set.second < 20 / size);  // what is left over goes unused
                        CHECK(owner.try_emplace(set, f.source.address).first->second ==
                              f.source.address);
                        held[f.source.address].insert(set);
                    }
                    dealt = owner.size();
                    dealt_on.clear();
                    for (const auto& [set, who] : owner) ++dealt_on[set.first];
                    for (const auto& [who, some] : held) {
                        CHECK(some.size() <= most);
                        CHECK(table.sets_of(who) == some.size());
                        if (paired) CHECK(some.begin()->first == some.rbegin()->first);
                    }
                };
                for (int i = 0; i < 2000; ++i) {
                    if (random.chance(0.45) && !live.empty()) {
                        auto it = live.begin();
                        std::advance(it, static_cast<std::ptrdiff_t>(random.draw(live.size())));
                        table.remove(it->first);
                        live.erase(it);
                        again();
                        continue;
                    }
                    const flow f = flow_of(static_cast<unsigned>(random.draw(6)),
                                           3000 + static_cast<port>(random.draw(12)),
                                           static_cast<unsigned>(random.draw(3)));
                    if (live.count(f) != 0) continue;
                    again();
                    const auto& own = held[f.source.address];
                    // as it should be: a port of its sets is free towards this destination, or a
                    // set
                    std::set<endpoint> taken;
                    for (const auto& [g, at] : live)
                        if (g.destination == f.destination) taken.insert(at);
                    bool room = own.size() < most && dealt < sets;
                    for (const auto& set : own)
                        for (port p = 0; p < size; ++p)
                            room =
                                room || taken.count({set.first, 2000 + set.second * size + p}) == 0;
                    const bool full = !own.empty() && dealt_on[own.begin()->first] == sets / 2;
                    bool some_address =
                        false;  // without a set it may be given one that has none left
                    if (paired && own.size() < most && full) {
                        room = false;
                        for (const auto& set : own)
                            for (port p = 0; p < size; ++p)
                                room = room ||
                                       taken.count({set.first, 2000 + set.second * size + p}) == 0;
                    }
                    if (paired && !goes_on && own.empty())
                        for (const auto& [a, many] : dealt_on)
                            some_address = some_address || many == sets / 2;
                    const auto out = table.open(f, random);
                    if (some_address && out.refused != refusal::none) room = false;
                    REQUIRE((out.refused == refusal::none) == room);
                    refused += !room;
                    if (!room) continue;
                    CHECK(taken.insert(out.external).second);
                    CHECK(table.external_of(f) == out.external);
                    live[f] = out.external;
                    CHECK(table.live() == live.size());
                }
            }
    CHECK(refused > 500);
}

TEST_CASE("A set is free again when its last entry has gone, closing ones among them") {
    auto s = with_sets(R"({"port-set-size": 20})");
    s.nats[0].timers["tcp-fin"] = duration{30};
    port_set_table table(s, s.nats[0]);
    random_bits random(1);
    REQUIRE(table.open(flow_of(0, 5000, 0), random).refused == refusal::none);
    REQUIRE(table.open(flow_of(1, 5000, 0), random).refused == refusal::none);
    CHECK(table.open(flow_of(2, 5000, 0), random).refused == refusal::no_set);
    table.close(flow_of(0, 5000, 0), close_cause::tcp_fin);
    table.pass(29);
    CHECK(table.open(flow_of(2, 5000, 0), random).refused == refusal::no_set);
    table.pass(1.5);
    CHECK(table.live() == 1);
    const auto out = table.open(flow_of(2, 5000, 0), random);
    REQUIRE(out.refused == refusal::none);
    CHECK(out.external.address == parse_address("203.0.113.0"));  // the lowest number
}

TEST_CASE("A deterministic set is the NAT that own_nat makes of it") {
    for (const std::string more :
         {"", R"(, "mapping-type": "eim", "clash-scope": {"destination": "none"})",
          R"(, "port-parity-preservation": true)"}) {
        const auto s = with_sets(R"({"port-set-size": 6, "deterministic": true})", more);
        const port_set_layout layout(s.nats[0]);
        port_set_table all(s, s.nats[0]);
        for (unsigned c = 0; c < 6; ++c) {
            const nat own = own_nat(s.nats[0], layout.at(c));
            const nat_plan plan(own);
            nat_table one(plan);
            random_bits first(c), second(c);
            for (int i = 0; i < 300; ++i) {
                const flow f = flow_of(c, 3000 + static_cast<port>(first.draw(12)),
                                       static_cast<unsigned>(first.draw(3)));
                second.draw(12), second.draw(3);
                if (one.is_live(f)) {
                    one.remove(f);
                    all.remove(f);
                    continue;
                }
                const auto want = one.open(f, first);
                const auto got = all.open(f, second);
                REQUIRE(got.refused == want.refused);
                CHECK(got.external == want.external);
            }
        }
    }
}

TEST_CASE("Beside a subscriber's own set come dynamic ones; mappings stay where they are") {
    const auto s = with_sets(
        R"({"port-set-size": 4, "deterministic": true, "dynamic": {"address-pool-factor": 1, "port-set-size": 2, "port-sets-per-subscriber": 1}})",
        R"(, "mapping-type": "eim", "clash-scope": {"destination": "none"})");
    port_set_table table(s, s.nats[0]);
    random_bits random(4);
    std::map<port, endpoint> at;
    for (port p = 3000; p < 3006; ++p) {
        const auto out = table.open(flow_of(0, p, 0), random);
        REQUIRE(out.refused == refusal::none);
        at[p] = out.external;
        CHECK((out.external.port < 2004) == (p < 3004));
    }
    CHECK(table.open(flow_of(0, 3006, 0), random).refused == refusal::sets_of_one);
    for (const auto& [p, where] : at) {
        const auto out = table.open(flow_of(0, p, 1), random);
        REQUIRE(out.refused == refusal::none);
        CHECK(out.external == where);
    }
}

TEST_CASE("An own set that is empty stays the first while others are held") {
    const auto s = with_sets(
        R"({"port-set-size": 4, "deterministic": true, "dynamic": {"address-pool-factor": 1, "port-set-size": 2, "port-sets-per-subscriber": 1}})");
    port_set_table table(s, s.nats[0]);
    random_bits random(5);
    for (port p = 3000; p < 3005; ++p)
        REQUIRE(table.open(flow_of(0, p, 0), random).refused == refusal::none);
    for (port p = 3000; p < 3004; ++p) table.remove(flow_of(0, p, 0));  // its own are all free
    CHECK(table.sets_of(flow_of(0, 1, 0).source.address) == 2);
    for (port p = 3010; p < 3014; ++p) {
        const auto out = table.open(flow_of(0, p, 0), random);
        REQUIRE(out.refused == refusal::none);
        CHECK(out.external.port < 2004);
    }
    REQUIRE(table.open(flow_of(0, 3014, 0), random).refused == refusal::none);
    CHECK(table.open(flow_of(0, 3015, 0), random).refused == refusal::sets_of_one);
}

TEST_CASE("A quota and a table count over all sets") {
    auto s = with_sets(R"({"port-set-size": 2, "port-sets-per-subscriber": 5})");
    s.nats[0].connection_limits.limit_per_subscriber = 3;
    s.nats[0].connection_limits.limit_per_instance = 5;
    port_set_table table(s, s.nats[0]);
    random_bits random(2);
    for (port p = 3000; p < 3003; ++p)
        REQUIRE(table.open(flow_of(0, p, 0), random).refused == refusal::none);
    CHECK(table.open(flow_of(0, 3003, 0), random).refused == refusal::quota);
    for (port p = 3000; p < 3002; ++p)
        REQUIRE(table.open(flow_of(1, p, 0), random).refused == refusal::none);
    CHECK(table.open(flow_of(2, 3000, 0), random).refused == refusal::table_full);
    s.nats[0].design.pressure = pressure_kind::drop_least_recently_used;
    CHECK_THROWS_AS(port_set_table(s, s.nats[0]), unsupported);
}

TEST_CASE("Static mappings keep ports of sets: those with the fewest are dealt first") {
    auto s = with_sets(R"({"port-set-size": 5, "port-sets-per-subscriber": 2})");
    static_mapping kept;
    kept.external_src_port = port_set(2000, 2004);
    s.nats[0].static_mappings = std::vector<static_mapping>{kept};
    port_set_table table(s, s.nats[0]);
    random_bits random(3);
    std::set<endpoint> given;
    for (port p = 3000; p < 3010; ++p) {
        const auto out = table.open(flow_of(0, p, 0), random);
        REQUIRE(out.refused == refusal::none);
        CHECK(out.external.port > 2004);
        CHECK(given.insert(out.external).second);
    }
    CHECK(table.open(flow_of(0, 3010, 0), random).refused == refusal::sets_of_one);
}
