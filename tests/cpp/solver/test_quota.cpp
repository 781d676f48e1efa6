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
    CHECK(binding > 800);
    CHECK(apart > 1500);
    for (const auto& [kind, n] : kinds) CHECK(n > 100);
}
