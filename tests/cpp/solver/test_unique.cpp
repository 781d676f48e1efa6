// `unique`: proved for every design, refuted for every broken step, and the steps that the proof is
// about held to the concrete step function.
#include <chrono>

#include "catch.hpp"
#include "natbound/model/error.hpp"
#include "natbound/model/json_io.hpp"
#include "natbound/solver/properties.hpp"

using namespace natbound;

namespace {

const std::vector<mapping_type> types{mapping_type::eim, mapping_type::adm, mapping_type::edm,
                                      mapping_type::eim_if_possible};
const std::vector<clash_scope> scopes{
    {scope_destination::none, true},     {scope_destination::none, false},
    {scope_destination::address, true},  {scope_destination::address, false},
    {scope_destination::endpoint, true}, {scope_destination::endpoint, false}};

step_rules rules(mapping_type type, clash_scope scope, bool takes_over = false,
                 bool drops = false) {
    step_rules r;
    r.mapping_type = type;
    r.clash_scope = scope;
    r.takes_over = takes_over;
    r.drops = drops;
    return r;
}

bool all_unsat(const step_rules& rules) {
    for (const auto& o : unique_obligations(rules, "a test"))
        if (z3_query(o.smt2).ask().verdict != satisfiability::unsat) return false;
    return true;
}

// The table after a trace, kept by the plainest of means; then whether the two flows that it names
// are live on one endpoint, too close to one another.
bool breaks(const step_rules& rules, const unique_trace& trace) {
    std::map<flow, endpoint> live;
    for (const auto& s : trace.steps) {
        if (s.what == table_step::kind::end)
            live.erase(s.flow);
        else if (s.what != table_step::kind::start_closing)
            live[s.flow] = s.external;
    }
    const auto one = live.find(trace.one), other = live.find(trace.other);
    if (one == live.end() || other == live.end() || one->second != other->second) return false;
    const flow &f = trace.one, &g = trace.other;
    const bool same_source = f.protocol == g.protocol && f.source == g.source;
    bool same_mapping = f == g;
    if (rules.mapping_type == mapping_type::eim) same_mapping = same_source;
    if (rules.mapping_type == mapping_type::adm)
        same_mapping = same_source && f.destination.address == g.destination.address;
    const bool same_tuple = f.protocol == g.protocol && f.destination == g.destination;
    return (scope_of(f, rules.clash_scope) == scope_of(g, rules.clash_scope) && !same_mapping) ||
           (same_tuple && f != g);
}

trace_search refuted(const step_rules& rules) {
    CHECK_FALSE(all_unsat(rules));
    auto found = find_unique_trace(rules, 6, {});
    CHECK(found.reason == "");
    REQUIRE_FALSE(found.trace.steps.empty());
    CHECK(breaks(rules, found.trace));
    return found;
}

}  // namespace

TEST_CASE("every design of the catalogue is unique, and in milliseconds") {
    for (const auto& d : catalogue()) {
        INFO(d.name);
        const auto start = std::chrono::steady_clock::now();
        const auto results = check_design(d, {"unique"});
        const std::chrono::duration<double> took = std::chrono::steady_clock::now() - start;
        REQUIRE(results.size() == 1);
        CHECK(results[0].verdict == property_verdict::holds);
        CHECK(results[0].scope == "for all numbers of flows, ports and addresses");
        CHECK(results[0].obligations.size() == 3);
        CHECK(took.count() < 2);  // tens of milliseconds on a quiet machine
    }
}

TEST_CASE("so is every combination of mapping type, clash scope, reuse and pressure") {
    for (const auto type : types)
        for (const auto scope : scopes) {
            CHECK(all_unsat(rules(type, scope, false, false)));
            CHECK(all_unsat(rules(type, scope, true, true)));
        }
}

TEST_CASE(
    "a proof is not empty: every step can be made from a state that satisfies the invariant") {
    for (const auto type : types)
        for (const auto scope : scopes) {
            const auto r = rules(type, scope, true);
            const auto script = unique_obligations(r, "a test").at(1).smt2;
            const auto first = script.find("(assert (or (opens n e)");
            const auto last = script.find("(assert (not invariant-after))");
            REQUIRE(first != std::string::npos);
            REQUIRE(last != std::string::npos);
            std::vector<std::string> kinds{"(opens n e)", "(takes-over n e)", "(ends n)",
                                           "(starts-closing n)"};
            if (type != mapping_type::edm) kinds.emplace_back("(shares n e)");
            for (const auto& kind : kinds) {
                CHECK(script.substr(first, last - first).find(kind) != std::string::npos);
                // under eim-if-possible, a mapping is shared where the scope tells the flows apart
                const bool never = kind == "(shares n e)" &&
                                   type == mapping_type::eim_if_possible &&
                                   scope.destination == scope_destination::none;
                z3_query query(script.substr(0, first) + "(assert " + kind +
                               ")\n(assert (exists ((g Flow)) (live g)))");
                INFO(kind);
                CHECK(query.ask().verdict == (never ? satisfiability::unsat : satisfiability::sat));
            }
        }
}

TEST_CASE("a search that does not test its endpoint is refuted by two flows") {
    for (const auto type : types)
        for (const auto to : {scope_destination::none, scope_destination::endpoint}) {
            auto r = rules(type, {to, true});
            r.open_tests_free = false;
            CHECK(refuted(r).trace.steps.size() == 2);
        }
}

TEST_CASE("a mapping shared without a test is refuted where the scope tells its flows apart") {
    auto r = rules(mapping_type::eim, {scope_destination::endpoint, true});
    r.share_tests_free = false;
    // two sources at one endpoint towards two servers, then one of them to the other's server
    const auto found = refuted(r);
    REQUIRE(found.trace.steps.size() == 3);
    CHECK(found.trace.steps[0].what == table_step::kind::open);
    CHECK(found.trace.steps[2].what == table_step::kind::share);
    CHECK(found.trace.steps[0].flow.source != found.trace.steps[1].flow.source);
    CHECK(found.trace.steps[0].external == found.trace.steps[1].external);

    r.mapping_type = mapping_type::eim_if_possible;
    CHECK(refuted(r).trace.steps.size() == 3);
    r.mapping_type = mapping_type::adm;
    CHECK(refuted(r).trace.steps.size() == 3);
    // without overloading a mapping has its endpoint to itself: there the test has nothing to find
    r.mapping_type = mapping_type::eim;
    r.clash_scope.destination = scope_destination::none;
    CHECK(all_unsat(r));
}

TEST_CASE("a take-over that leaves the closing flow in its place is refuted") {
    for (const auto type : types)
        for (const auto to : {scope_destination::none, scope_destination::endpoint}) {
            auto r = rules(type, {to, false}, true);
            r.take_over_removes = false;
            const auto found = refuted(r);
            CHECK(found.trace.steps.size() == 3);
            CHECK(found.trace.steps.back().what == table_step::kind::take_over);
        }
}

TEST_CASE("a trace is replayed on the concrete step function, which no broken one follows") {
    const auto at = [](int source, int destination) {
        flow f;
        f.source = {parse_address("10.0.0.1") + static_cast<unsigned>(source), 1024};
        f.destination = {parse_address("198.51.100.1") + static_cast<unsigned>(destination), 80};
        return f;
    };
    const endpoint one{parse_address("203.0.113.1"), 1024}, two{parse_address("203.0.113.1"), 1025};
    using kind = table_step::kind;
    unique_trace trace;
    trace.steps = {
        {kind::open, at(0, 0), one}, {kind::open, at(1, 1), one}, {kind::open, at(2, 0), two}};
    for (const auto& d : catalogue()) {
        INFO(d.name);
        CHECK(replay(d, trace) == "");
    }
    auto clash = trace;
    clash.steps[2].external = one;
    auto over = trace;
    over.steps[2] = {kind::start_closing, at(1, 1), {}};
    over.steps.push_back({kind::take_over, at(0, 1), one});
    for (const auto& d : catalogue()) {
        INFO(d.name);
        CHECK(replay(d, clash).substr(0, 7) == "step 3:");
        CHECK((replay(d, over) == "") == !d.reuse.take_over.empty());
    }
}

TEST_CASE("what is not checked is unknown and says why") {
    const auto& d = *find_design("ideal");
    const auto all = check_design(d);
    REQUIRE(all.size() == property_names().size());
    for (const auto& r : all) {
        if (r.property == "unique") continue;
        CHECK(r.verdict == property_verdict::unknown);
        CHECK(r.reason == "not in this version");
    }
    CHECK_THROWS_AS(check_design(d, {"uniqe"}), input_error);

    query_limits limits;
    limits.rlimit = 10;
    const auto stopped = check_design(d, {"unique"}, limits).at(0);
    CHECK(stopped.verdict == property_verdict::unknown);
    CHECK(stopped.reason.find("rlimit 10") != std::string::npos);
    CHECK_THROWS_AS(holds_certificate(d, stopped), domain_error);
}

TEST_CASE("a design's name stays a comment") {
    auto r = rules(mapping_type::edm, {scope_destination::endpoint, true});
    r.open_tests_free = false;
    const auto scripts = unique_obligations(r, "x\n(assert false)\r(assert false)");
    CHECK(scripts.at(1).smt2.find("\n(assert false)") == std::string::npos);
    CHECK(z3_query(scripts.at(1).smt2).ask().verdict == satisfiability::sat);
}

TEST_CASE("the certificate of a proof carries the design and the three scripts") {
    const auto& d = *find_design("cilium");
    const auto result = check_design(d, {"unique"}).at(0);
    const auto json = boost::json::parse(holds_certificate(d, result)).as_object();
    CHECK(json.at("kind").as_string() == "holds");
    CHECK(json.at("property").as_string() == "unique");
    CHECK(parse_design(boost::json::serialize(json.at("design"))).name == "cilium");
    REQUIRE(json.at("obligations").as_array().size() == 3);
    const std::vector<std::string> names{"initiation", "consecution", "property"};
    for (std::size_t i = 0; i < 3; ++i) {
        const auto& o = json.at("obligations").at(i).as_object();
        CHECK(o.at("name").as_string() == names[i]);
        CHECK(o.at("expected").as_string() == "unsat");
        const z3_query query(std::string(o.at("smt2").as_string()));
        CHECK(query.ask().verdict == satisfiability::unsat);
    }
}
