// Whether a demand fits, against explicit networks of single flows on small scenarios; and the
// shares of a demand.
#include "catch.hpp"
#include "certificate_reader.hpp"
#include "natbound/solver/maximum.hpp"
#include "random_scenario.hpp"

using namespace natbound;

namespace {

using pair_counts = std::map<std::pair<std::size_t, std::size_t>, std::size_t>;

// So many connections of each pair through one NAT, where each connection is a mapping of its own:
// unit by unit from pairs over flows to external endpoints.
class unit_network {
  public:
    unit_network(const small::world& w, const small::router& r, const pair_counts& wanted) {
        for (const auto& f : r.flows) {
            const std::pair<std::size_t, std::size_t> pair{r.client.at(f), w.server_of(f)};
            for (const auto& e : r.permitted.at(f)) slots_[f].push_back({r.key_of(f), e});
            of_pair_[pair].push_back(f);
        }
        for (const auto& [pair, n] : wanted)
            if (std::count(r.plan.of->inside.begin(), r.plan.of->inside.end(),
                           w.of.clients[pair.first].name) > 0)
                for (std::size_t i = 0; i < n; ++i) all_ = all_ && add(pair);
    }
    bool all() const { return all_; }

  private:
    using slot = std::pair<scope_key, small::external>;

    // One more connection of the pair: on a flow that is not live yet, or in the place of another
    // pair's connection that moves.
    bool add(const std::pair<std::size_t, std::size_t>& pair) {
        tried_.clear();
        return any_of(pair);
    }
    bool any_of(const std::pair<std::size_t, std::size_t>& pair) {
        for (const auto& f : of_pair_[pair]) {
            if (!live_.insert(f).second) continue;
            if (place(f, pair)) return true;
            live_.erase(f);
        }
        return false;
    }
    bool place(const flow& f, const std::pair<std::size_t, std::size_t>& pair) {
        for (const auto& s : slots_[f]) {
            if (!tried_.insert(s).second) continue;
            const auto there = held_.find(s);
            if (there != held_.end()) {
                const auto [other, whose] = there->second;
                // that flow moves to another slot, or its pair uses another flow instead
                if (!place(other, whose)) {
                    if (!any_of(whose)) continue;
                    live_.erase(other);
                }
            }
            held_[s] = {f, pair};
            return true;
        }
        return false;
    }

    std::map<flow, std::vector<slot>> slots_;
    pair_counts counts_;
    std::map<std::pair<std::size_t, std::size_t>, std::vector<flow>> of_pair_;
    std::map<slot, std::pair<flow, std::pair<std::size_t, std::size_t>>> held_;
    std::set<slot> tried_;
    std::set<flow> live_;
    bool all_ = true;
};

pair_counts wanted_of(const scenario& s, const boost::json::array& list) {
    pair_counts out;
    for (const auto& d : list)
        for (std::size_t c = 0; c < s.clients.size(); ++c)
            for (std::size_t v = 0; v < s.servers.size(); ++v)
                if (s.clients[c].name == small::name(d.as_object().at("from")) &&
                    s.servers[v].name == small::name(d.as_object().at("to")))
                    out[{c, v}] += small::number(d.as_object().at("connections"));
    return out;
}

// Whether the pairs fit; nothing where mappings are shared or counted, or the pool's hash is not
// known.
std::optional<bool> pairs_fit(const small::world& w, const pair_counts& wanted) {
    for (const auto& [pair, n] : wanted) {
        std::size_t own = 0;
        for (const auto& f : w.direct)
            own += w.direct_client.at(f) == pair.first && w.server_of(f) == pair.second ? 1 : 0;
        for (const auto& r : w.routers)
            for (const auto& f : r.flows)
                own += r.client.at(f) == pair.first && w.server_of(f) == pair.second ? 1 : 0;
        if (own < n) return false;
    }
    for (const auto& r : w.routers) {
        const auto type = r.plan.design.mapping_type;
        if (r.hash_unknown() ||
            (type != mapping_type::edm && type != mapping_type::eim_if_possible))
            return std::nullopt;
        std::size_t through = 0;
        for (const auto& [pair, n] : wanted)
            through += std::count(r.plan.of->inside.begin(), r.plan.of->inside.end(),
                                  w.of.clients[pair.first].name) > 0
                           ? n
                           : 0;
        if (r.plan.table && through > *r.plan.table) return false;
        if (!unit_network(w, r, wanted).all()) return false;
    }
    return true;
}

}  // namespace

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
