// Whether a demand fits, against explicit networks of single flows on small scenarios; and the
// shares of a demand.
#include "catch.hpp"
#include "certificate_reader.hpp"
#include "natbound/solver/maximum.hpp"
#include "random_scenario.hpp"
#include "unit_network.hpp"

using namespace natbound;
using namespace small;

TEST_CASE("placed as well as possible, a demand fits up to the maximum") {
    for (unsigned seed = 20000; seed < 20800; ++seed) {
        const auto s = small::random_scenario(seed);
        const small::world w(s);
        const auto m = maximum(s);
        INFO("seed " << seed << ": " << to_json(s));
        for (const count& n : {count(0), count(1), count(m.at_least / 2), m.at_least,
                               count(m.at_least + 1), m.at_most, count(m.at_most + 1)}) {
            const auto r = fits(s, n, placing::best);
            if (n <= m.at_least) {
                REQUIRE(r.verdict == fit_verdict::fits);
                REQUIRE(small::reader(w).fits(r.evidence, static_cast<std::size_t>(n)) == "");
            } else if (n > m.at_most) {
                REQUIRE(r.verdict == fit_verdict::does_not_fit);
                REQUIRE(small::reader(w).does_not_fit(r.evidence,
                                                      static_cast<std::size_t>(m.at_most)) == "");
            } else {
                REQUIRE(r.verdict == fit_verdict::unknown);
            }
        }
    }
}

TEST_CASE("placed evenly, a demand fits when unit by unit it does") {
    unsigned yes = 0, no = 0, unknown = 0, unsettled = 0;
    for (unsigned seed = 30000; seed < 32500; ++seed) {
        const auto s = small::random_scenario(seed);
        const small::world w(s);
        small::dice d(seed);
        const auto m = maximum(s);
        const count n = 1 + d.below(static_cast<unsigned>(m.at_most) + 2);
        const auto r = fits(s, n, placing::even);
        INFO("seed " << seed << ", " << n << ": " << to_json(s));
        INFO(boost::json::serialize(r.evidence) << " " << r.sets_it);
        if (r.verdict == fit_verdict::fits)
            REQUIRE(small::reader(w).fits(r.evidence, static_cast<std::size_t>(n)) == "");
        if (r.verdict == fit_verdict::unknown) {
            ++unknown;
            if (s.nats[0].design.mapping_type == mapping_type::edm &&
                !w.routers[0].hash_unknown() && s.nats.size() == 1)
                ++unsettled;
            continue;
        }
        (r.verdict == fit_verdict::fits ? yes : no) += 1;
        if (!r.evidence.contains("demand")) {  // more than the maximum
            REQUIRE(n > m.at_most);
            continue;
        }
        const auto truth = pairs_fit(w, wanted_of(s, r.evidence.at("demand").as_array()));
        if (truth) REQUIRE(*truth == (r.verdict == fit_verdict::fits));
    }
    CAPTURE(yes, no, unknown, unsettled);
    CHECK(yes > 700);
    CHECK(no > 700);
    CHECK(unknown < 500);
    CHECK(unsettled < 20);
}

namespace {

scenario shared(std::vector<traffic_entry> traffic) {
    auto s = parse_scenario(R"({
      "clients": [{"name": "A", "addresses": "10.0.0.1-10.0.0.3"}, {"name": "X", "addresses": "10.0.1.1", "reaches": ["D"]}],
      "nats": [{"name": "n", "inside": ["A", "X"], "external-ip-address-pool": "203.0.113.1", "design": "ideal"}],
      "servers": [{"name": "C", "addresses": "198.51.100.1", "ports": "80-81"}, {"name": "D", "addresses": "198.51.100.2", "ports": "443"}]})");
    s.traffic = std::move(traffic);
    return s;
}

std::string shares_of(const scenario& s, unsigned n) {
    const auto r = fits(s, n, placing::even);
    std::string out;
    for (const auto& d : r.evidence.at("demand").as_array())
        out += small::name(d.as_object().at("from")) + small::name(d.as_object().at("to")) +
               boost::json::serialize(d.as_object().at("connections")) + " ";
    return out;
}

}  // namespace

TEST_CASE("a demand is shared evenly, or as the traffic is") {
    // four client addresses; A's reach three endpoints, X's one: of 12, 9 from A (6 to C, 3 to D)
    // and 3 from X
    CHECK(shares_of(shared({}), 12) == "AC6 AD3 XD3 ");
    CHECK(shares_of(shared({}), 1) == "AC1 ");
    CHECK(shares_of(shared({}), 2) ==
          "AC1 AD1 ");  // remainders 0, 1/2 and 1/2: the first of equal ones

    traffic_entry one;
    one.from = {"A"};
    one.to = {"C"};
    one.live = 30;
    one.hold = hold_time{hold_law::exponential, {60}, {}};
    traffic_entry two;
    two.from = {"X"};
    two.to = {"D"};
    two.rate = rate{1};
    two.hold = hold_time{hold_law::exponential, {10}, {}};
    CHECK(shares_of(shared({one, two}), 40) == "AC30 XD10 ");
    two.hold.reset();
    two.life = hold_time{hold_law::exponential, {10}, {}};
    two.ends = endings{{0.9}, {0}, {0.1}};
    // ideal keeps a silent entry for 350 s: 10 + 35 live
    CHECK(shares_of(shared({one, two}), 75) == "AC30 XD45 ");
    one.to = {"C", "D"};
    one.weights = {1, 2, 3};
    CHECK(shares_of(shared({one}), 6) == "AC3 AD3 ");
}
