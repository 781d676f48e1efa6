// Maximum against brute force on thousands of small scenarios, and its certificates read unit by
// unit.
#include "catch.hpp"
#include "certificate_reader.hpp"
#include "natbound/solver/maximum.hpp"
#include "random_scenario.hpp"

using namespace natbound;

TEST_CASE("maximum is what trying everything finds") {
    unsigned exact = 0, bounded = 0, tried = 0;
    std::map<mapping_type, unsigned> kinds;
    for (unsigned seed = 0; seed < 4000; ++seed) {
        const auto s = small::random_scenario(seed);
        const small::world w(s);
        const auto m = maximum(s);
        INFO("seed " << seed << ": " << to_json(s));
        INFO(boost::json::serialize(m.evidence));
        REQUIRE(m.at_least <= m.at_most);
        REQUIRE(m.connections.has_value() == (m.at_least == m.at_most));
        REQUIRE(m.why_bounds.empty() == m.connections.has_value());
        (m.connections ? exact : bounded) += 1;

        const auto least = static_cast<std::size_t>(m.at_least),
                   most = static_cast<std::size_t>(m.at_most);
        const small::reader read(w);
        REQUIRE(read.fits(m.evidence.at("fits").as_object(), least) == "");
        REQUIRE(read.does_not_fit(m.evidence.at("does-not-fit").as_object(), most) == "");

        if (const auto truth = small::most(w)) {
            ++tried;
            ++kinds[s.nats[0].design.mapping_type];
            REQUIRE(least <= *truth);
            REQUIRE(*truth <= most);
            if (m.connections) REQUIRE(*m.connections == *truth);
        }
    }
    CAPTURE(exact, bounded, tried);
    CHECK(tried > 3000);
    CHECK(bounded < 500);
    for (const auto& [kind, n] : kinds) CHECK(n > 300);
    CHECK(kinds.size() == 4);
}
