// A quota per subscriber: maximum and guaranteed against everything written out.
#include "catch.hpp"
#include "certificate_reader.hpp"
#include "natbound/solver/maximum.hpp"
#include "random_scenario.hpp"
#include "small_quota.hpp"

using namespace natbound;

TEST_CASE("maximum within quotas is what trying everything finds") {
    unsigned exact = 0, tried = 0, binding = 0, apart = 0;
    std::map<mapping_type, unsigned> kinds;
    for (unsigned seed = 0; seed < 4000; ++seed) {
        auto s = small::random_scenario(seed);
        small::dice d(seed + 1'000'000);
        for (auto& n : s.nats)
            if (d.chance(90)) n.connection_limits.limit_per_subscriber = 1 + d.below(7);
        validate(s);
        const small::world w(s);
        INFO("seed " << seed << ": " << to_json(s));
        const auto m = maximum(s);
        INFO(boost::json::serialize(m.evidence));
        const auto least = static_cast<std::size_t>(m.at_least),
                   most = static_cast<std::size_t>(m.at_most);
        REQUIRE(least <= most);
        REQUIRE(m.why_bounds.empty() == m.connections.has_value());
        const small::reader read(w);
        REQUIRE(read.fits(m.evidence.at("fits").as_object(), least) == "");
        REQUIRE(read.does_not_fit(m.evidence.at("does-not-fit").as_object(), most) == "");
        if (const auto truth = small::most_within_quota(w)) {
            ++tried;
            ++kinds[s.nats[0].design.mapping_type];
            exact += m.connections.has_value();
            binding += m.binds == "quota";
            REQUIRE(least <= *truth);
            REQUIRE(*truth <= most);
            bool own = true;  // each flow has a mapping of its own
            for (const auto& n : s.nats)
                own = own && (n.design.mapping_type == mapping_type::edm ||
                              (n.design.mapping_type == mapping_type::eim_if_possible));
            if (own) REQUIRE(m.connections.has_value());
            apart += own;
        }
    }
    CAPTURE(exact, tried, binding, apart);
    CHECK(tried > 2500);
    CHECK(exact > tried * 9 / 10);
    CHECK(binding > 750);
    CHECK(apart > 1500);
    for (const auto& [kind, n] : kinds) CHECK(n > 100);
}

TEST_CASE("demands placed evenly within quotas") {
    unsigned yes = 0, no = 0, by_quota = 0, unknown = 0;
    for (unsigned seed = 40000; seed < 42000; ++seed) {
        auto s = small::random_scenario(seed);
        small::dice d(seed);
        for (auto& n : s.nats) n.connection_limits.limit_per_subscriber = 1 + d.below(7);
        const small::world w(s);
        const auto m = maximum(s);
        const count n = 1 + d.below(static_cast<unsigned>(m.at_most) + 2);
        const auto r = fits(s, n, placing::even);
        INFO("seed " << seed << ", " << n << ": " << to_json(s));
        INFO(boost::json::serialize(r.evidence) << " " << r.sets_it);
        switch (r.verdict) {
            case fit_verdict::fits:
                ++yes;
                REQUIRE(n <= m.at_most);
                REQUIRE(small::reader(w).fits(r.evidence, static_cast<std::size_t>(n)) == "");
                break;
            case fit_verdict::does_not_fit: {
                ++no;
                if (!r.evidence.contains("demand")) break;  // more than the maximum
                const auto& items = r.evidence.at("nats").as_array();
                if (items.empty() || !items[0].as_object().contains("quota") ||
                    items[0].as_object().contains("pairs"))
                    break;
                ++by_quota;
                const auto& who = items[0].at("quota").as_array();
                REQUIRE(who.size() == 1);
                std::size_t wanted = 0, allowed = 0;
                for (const auto& p : r.evidence.at("demand").as_array())
                    if (p.at("from") == who[0].at("client"))
                        wanted += small::number(p.at("connections"));
                for (const auto& n1 : s.nats)
                    if (n1.name == small::name(items[0].at("nat")))
                        allowed =
                            *n1.connection_limits.limit_per_subscriber *
                            small::elements(small::set_of<address_set>(who[0].at("addresses")))
                                .size();
                REQUIRE(wanted > allowed);
                break;
            }
            case fit_verdict::unknown:
                ++unknown;
        }
        const auto best = fits(s, m.at_least, placing::best);
        REQUIRE(best.verdict == fit_verdict::fits);
        REQUIRE(small::reader(w).fits(best.evidence, static_cast<std::size_t>(m.at_least)) == "");
    }
    CAPTURE(yes, no, by_quota, unknown);
    CHECK(yes > 400);
    CHECK(by_quota > 100);
    CHECK(unknown < 1000);
}

TEST_CASE(
    "quotas at full size: many subscribers, many destinations, by their certificates' sizes") {
    const auto cgnat = [](const std::string& more, const char* servers, const char* design) {
        return parse_scenario(
            R"({"clients": [{"name": "lan", "addresses": "10.0.0.0/16", "ports": "1024-65535"}],
                "nats": [{"name": "r", "inside": ["lan"], "external-ip-address-pool": "203.0.113.0/28",
                          "design": )" +
            std::string(design) + R"(, "connection-limits": {)" + more + R"(}}],
                "servers": [{"name": "C", "addresses": ")" +
            servers + R"(", "ports": 443}]})");
    };
    const char* eim =
        R"({"base": "ideal", "mapping-type": "eim", "clash-scope": {"destination": "none", "protocol": true}})";
    struct one {
        scenario s;
        count most;
        const char* binds;
    };
    for (const auto& [s, most, binds] : {
             one{cgnat(R"("limit-per-subscriber": 50)", "198.51.100.7", R"("ideal")"), 1032192,
                 "ports"},
             one{cgnat(R"("limit-per-subscriber": 15)", "198.51.100.7", R"("ideal")"), 983040,
                 "quota"},
             one{cgnat(R"("limit-per-subscriber": 2000)", "198.18.0.0/15", R"("ideal")"), 131072000,
                 "quota"},
             one{cgnat(R"("limit-per-subscriber": 2000)", "198.51.100.0/24", R"("ideal")"),
                 131072000, "quota"},
             one{cgnat(R"("limit-per-subscriber": 2000, "limit-per-instance": 3000000)",
                       "198.51.100.0/24", R"("ideal")"),
                 3000000, "table"},
             one{cgnat(R"("limit-per-subscriber": 2000)", "198.51.100.0/24", eim), 131072000,
                 "quota"},
         }) {
        const auto m = maximum(s);
        INFO(m.sets_it);
        REQUIRE(m.connections);
        CHECK(*m.connections == most);
        CHECK(m.binds == binds);
        CHECK(boost::json::serialize(m.evidence).size() < 2'000'000);
    }
}

TEST_CASE("a larger quota never admits fewer, gains ever less, and one out of reach is none") {
    for (unsigned seed = 50000; seed < 50400; ++seed) {
        auto s = small::random_scenario(seed);
        INFO("seed " << seed << ": " << to_json(s));
        const auto none = maximum(s);
        bool own = true;  // each flow has a mapping of its own, and no limit is in the way
        for (const auto& n : s.nats)
            own = own && !n.connection_limits.limit_per_instance &&
                  !n.mapping_limits.limit_port_mappings &&
                  (n.design.mapping_type == mapping_type::edm ||
                   n.design.mapping_type == mapping_type::eim_if_possible);
        std::vector<count> most;
        for (std::uint64_t quota = 1; quota <= 9; ++quota) {
            for (auto& n : s.nats) n.connection_limits.limit_per_subscriber = quota;
            const auto m = maximum(s);
            REQUIRE(m.at_most <= none.at_most);
            if (!most.empty()) REQUIRE(m.at_most >= most.back());
            most.push_back(m.at_most);
            const auto i = most.size() - 1;
            if (own && i >= 2) REQUIRE(most[i] - most[i - 1] <= most[i - 1] - most[i - 2]);
        }
        for (auto& n : s.nats) n.connection_limits.limit_per_subscriber = 1000;
        const auto large = maximum(s);
        REQUIRE(large.at_most == none.at_most);
        REQUIRE(large.at_least == none.at_least);
        REQUIRE(large.binds == none.binds);
    }
}
