// likely and risk against exact chains, against counting, and against one another.
#include <cmath>
#include <natbound/calculator/attempts.hpp>
#include <natbound/calculator/erlang.hpp>
#include <natbound/calculator/likely.hpp>
#include <natbound/calculator/simulator.hpp>
#include <natbound/model/error.hpp>
#include <natbound/model/hash.hpp>

#include "catch.hpp"
#include "homes.hpp"
#include "states_of_home.hpp"

using namespace natbound;
using namespace natbound::calculator;
using natbound::test::home;

namespace {

const std::string minute = R"("rate": "500/s", "hold": "60s")";

// The probability at a load, with the study's own error of its logarithm.
struct estimate {
    double value, error;
};
estimate at_load(const scenario& s, double load, double holds = 12) {
    study_options o;
    o.holds = holds;
    const auto r = risk(s, load / fill_traffic(s).load(), o);
    REQUIRE(!r.overall.at_most);
    return {r.overall.value, std::log(r.overall.high / r.overall.value) / 1.96};
}

}  // namespace

TEST_CASE("windows with preserved ports on tiny ranges: the chain of all states") {
    // two windows, a biased start, an offset that wraps, and source ports outside the range
    for (const char* name : {"linux", "own start", "cilium-like"}) {
        design d;
        d.name = name;
        d.port_classes = {{all_ports(), port_set(1030, 1034)}};
        d.first_choice = first_choice::preserve;
        search_round r;
        if (name[0] == 'l') {
            r.bits = 3;
            r.offset_bits = 3;
            r.probes = 2;
            d.search.rounds = {r, r};
            d.search.rounds[1].probes = 1;
        } else if (name[0] == 'o') {
            r.start = start_kind::own_port;
            r.probes = 2;
            d.search.rounds = {r, search_round{}};
            d.search.rounds[1].probes = 2;
            d.search.first_choice_counts = true;
        } else {
            r.step = step_kind::scaled;
            r.bits = 4;
            r.probes = 3;
            d.search.rounds = {r};
        }
        scenario s = home("ideal", R"("rate": "1/s", "hold": "3s")");
        s.nats[0].design = d;
        s.clients[0].ports = port_set(1030, 1032);
        s.clients[1].ports = port_set(1032, 1035);
        const nat_plan plan(s.nats[0]);
        const double exact =
            test::exact_refusal(plan, {{1030, 1031, 1032}, {1032, 1033, 1034, 1035}}, 3);
        const estimate e = at_load(s, 3, 20);
        INFO(name << " exact " << exact << " estimate " << e.value << " +- " << e.error);
        CHECK(e.error < 0.02);
        CHECK(std::fabs(std::log(e.value / exact)) < 4 * e.error);
        simulate_options o;
        o.arrivals = 400'000;
        const auto counted = simulate(s, o);
        CHECK(std::fabs(counted.refusal_probability - exact) < 2 * (counted.high - counted.low));
    }
}

TEST_CASE("constant holds remember how flows lay: windows against a plain simulation") {
    // tests/reference/make_window_loss.cpp, 64,512 ports, load 0.92, 150 holds after 60: 0.00321
    // (2 %); after a start of 4 holds it was half of that
    const auto s = home(R"({"base": "linux-masquerade", "first-choice": "none",
        "port-classes": [{"ports": "1024-65535"}], "search": {"rounds": [{"probes": 128},
        {"probes": 64}, {"probes": 32}, {"probes": 16}, {"probes": 8}]}})",
                        R"("live": 59351, "hold": {"law": "constant", "mean": "60s"})");
    const auto e = at_load(s, 59351);
    INFO(e.value << " +- " << e.error);
    CHECK(std::fabs(std::log(e.value / 0.00321)) < 0.06 + 3 * e.error);
}

TEST_CASE("a complete search: Erlang's formula and its inverse") {
    const auto s = home("ideal", minute);
    const auto l = likely(s, 1e-6);
    CHECK(l.exact);
    CHECK(*l.load == Approx(load_for(64512, 1e-6)).epsilon(1e-9));
    CHECK(l.low == *l.load);
    CHECK(*l.average == Approx(*l.load));
    REQUIRE(l.kinds.size() == 2);
    CHECK(*l.kinds[0].likely == Approx(*l.load));
    CHECK(*likely(home("openbsd-pf", minute), 1e-6).load ==
          Approx(load_for(15535, 1e-6)).epsilon(1e-9));
    const auto r = risk(home("openbsd-pf", minute));
    CHECK(r.exact);
    CHECK(r.overall.value == Approx(erlang_b(15535, 30000)));
    CHECK(*r.full_probability == Approx(erlang_b(15535, 30000)));
    CHECK(r.refusals_a_day == Approx(erlang_b(15535, 30000) * 500 * 86400));
    // far below: 0 as a double, but never as a logarithm
    CHECK(risk(s).overall.log == Approx(log_erlang_b(64512, 30000)));
}

TEST_CASE("independent tries that preserve nothing: the exact chain") {
    const auto s = home(R"({"base": "vpp-nat44-ed", "first-choice": "none"})", minute);
    const auto l = likely(s, 1e-6);
    CHECK(l.exact);
    CHECK(*l.load == Approx(load_for_attempts(64512, 10, 1e-6)).epsilon(1e-6));
    CHECK(risk(s, 2).overall.value == Approx(refusal_probability(64512, 10, 60000)));
}

TEST_CASE("Linux masquerading for a home: the number, its interval, and what is below reach") {
    const auto s = home("linux-masquerade", minute);
    loss_study study(s);
    const auto l = study.likely(1e-6);
    // counted apart: 1.06e-6 of 1.5e8 arrivals at 54,835 (bench/simulator.cpp steps the same
    // design)
    CHECK(*l.load > 54'500);
    CHECK(*l.load < 55'100);
    CHECK(!l.exact);
    CHECK(!l.extrapolated);
    CHECK(l.low < *l.load);
    CHECK(l.high / l.low < 1.008);
    CHECK(l.kinds[0].address == "203.0.113.5");
    const auto r = study.risk();
    CHECK(r.overall.at_most);
    CHECK(r.overall.value > 0);
    CHECK(r.overall.value < 1e-7);
    CHECK(r.overall.low == 0);
    CHECK(r.refusals_a_day < 5);
    CHECK(r.first.at_least > 86400.0 / 5);
    CHECK(!r.exact);
    const auto again = loss_study(s).likely(1e-6);
    CHECK(*again.load == *l.load);
    CHECK(again.low == l.low);
    study_options o;
    o.seed = 2;
    const auto other = likely(s, 1e-6, o);
    CHECK(*other.load != *l.load);
    CHECK(std::fabs(*other.load / *l.load - 1) < 0.006);
}

TEST_CASE("a load is looked for where it can be, from one far below") {
    const auto s = home("linux-masquerade", minute);
    loss_study study(s);
    const double full = 64512;
    REQUIRE(study.risk(0.7 * full / 30000).overall.value > 0);
    const auto found = study.likely(1e-6);
    REQUIRE(found.load);
    CHECK(*found.load < full);
    // what is seen at 0.7 of the ports says little of 0.85, but no load above all ports is in doubt
    for (const auto& point : found.points) CHECK(point.load < full);
}

TEST_CASE("averaging over states agrees with counting") {
    const auto agree = [](const scenario& s, double load, std::uint64_t arrivals) {
        simulate_options o;
        o.arrivals = arrivals;
        o.scale = load / fill_traffic(s).load();
        const auto counted = simulate(s, o);
        const auto e = at_load(s, load);
        INFO(load << ": counted " << counted.refusal_probability << " [" << counted.low << ", "
                  << counted.high << "], given the state " << e.value << " +- " << 100 * e.error
                  << " %");
        const double error = std::hypot((counted.high - counted.low) / 4, e.value * e.error);
        CHECK(std::fabs(counted.refusal_probability - e.value) < 4 * error);
        CHECK(error < 0.15 * e.value);
    };
    agree(home("linux-masquerade", minute), 0.95 * 64512, 2'000'000);
    agree(
        home("linux-masquerade", R"("rate": "500/s", "hold": {"law": "constant", "mean": "60s"})"),
        0.95 * 64512, 1'000'000);
    agree(home("vpp-nat44-ed", minute), 40000, 1'000'000);
    agree(home("cilium", minute), 20000, 500'000);
    agree(home("ovs", minute), 0.97 * 64512, 1'000'000);
    // half of the entries are closing, and may be taken over
    agree(home("linux-masquerade", R"("rate": "500/s", "life": "120s")"), 2 * 0.98 * 64512,
          1'000'000);
    // many clients, of few ports each
    auto many = home("linux-masquerade", minute);
    many.clients[0].addresses = {parse_address("10.0.0.0"), parse_address("10.0.3.255")};
    many.clients[0].ports = port_set(2000, 2099);
    many.traffic[0].from = {"A"};
    agree(many, 0.95 * 64512, 1'000'000);
    for (const auto law : {source_port_law::sequential, source_port_law::linux}) {
        auto s = home("linux-masquerade", minute);
        for (auto& c : s.clients) c.source_ports.law = law;
        agree(s, 0.97 * 64512, 1'000'000);
    }
}

TEST_CASE("known values for windows of Linux's sizes") {
    // plain windows (uniform start, nothing preserved) and the real ones, counted over 8 to 40
    // million arrivals
    const auto plain = [](const std::string& windows) {
        return home(
            R"({"base": "linux-masquerade", "first-choice": "none", "mapping-type": "edm", "search": {"rounds": [)" +
                windows + "]}}",
            minute);
    };
    const std::string five =
        R"({"probes": 128}, {"probes": 64}, {"probes": 32}, {"probes": 16}, {"probes": 8})";
    const double full = 64512;
    CHECK(at_load(plain(five), 0.95 * full).value == Approx(1.55e-3).epsilon(0.12));
    CHECK(at_load(plain(R"({"probes": 32})"), 0.80 * full).value == Approx(0.0229).epsilon(0.03));
    CHECK(at_load(plain(R"({"probes": 32})"), 0.98 * full).value == Approx(0.1011).epsilon(0.03));
    CHECK(at_load(plain(R"({"probes": 128})"), 0.90 * full).value == Approx(9.7e-3).epsilon(0.06));
    CHECK(at_load(home("linux-masquerade", minute), 0.95 * full).value ==
          Approx(1.41e-3).epsilon(0.12));
    CHECK(at_load(home(R"({"base": "linux-masquerade", "first-choice": "none"})", minute),
                  0.95 * full)
              .value == Approx(2.05e-3).epsilon(0.12));
    CHECK(at_load(home("linux-masquerade", minute, "32768-60999"), 0.95 * full * 0.875).value < 1);
}

TEST_CASE("where nothing can fail") {
    auto lone = home("linux-masquerade", minute);
    lone.nats[0].inside = {"A"};
    lone.traffic[0].from = {"A"};
    CHECK(!likely(lone, 1e-6).load);
    CHECK(risk(lone).overall.value == 0);
    CHECK(std::isinf(risk(lone).first.at_least));
    // 128 sockets can't fill a window of 128 and leave one to try with
    auto few = home("linux-masquerade", minute);
    for (auto& c : few.clients) c.ports = port_set(2000, 2063);
    CHECK(!likely(few, 1e-6).load);
    few.clients[0].ports = port_set(2000, 2064);
    CHECK(likely(few, 0.5).kinds.size() == 2);
    auto routed = home("ideal", minute);
    routed.nats.clear();
    CHECK(!likely(routed, 1e-6).load);
    CHECK(likely(routed, 1e-6).method.find("untranslated") != std::string::npos);
}

TEST_CASE("a table beside the ports of one destination: the smaller alone") {
    auto s = home("ideal", minute);
    s.nats[0].connection_limits.limit_per_instance = 40000;
    const auto l = likely(s, 1e-3);
    CHECK(*l.load == Approx(load_for(40000, 1e-3)).epsilon(1e-6));
    s.nats[0].connection_limits.limit_per_instance = 64500;
    const double a = erlang_b(64512, 65000), b = erlang_b(64500, 65000);
    CHECK(risk(s, 65000.0 / 30000).overall.value == Approx(b));
    CHECK(risk(s, 65000.0 / 30000).exact);
    // one that the ports can't fill is no limit
    for (const unsigned long limit : {64512UL, 200000UL}) {
        s.nats[0].connection_limits.limit_per_instance = limit;
        CHECK(risk(s, 65000.0 / 30000).overall.value == Approx(a));
    }
}

TEST_CASE("a quota of each subscriber is Erlang's formula, as the simulator counts it") {
    auto s = home("ideal", minute);
    for (auto& c : s.clients) c.addresses = {c.addresses.at(0), c.addresses.at(0) + 4};
    s.clients[1].addresses = {s.clients[0].addresses.at(4) + 1, s.clients[0].addresses.at(4) + 5};
    s.servers[0].ports = port_set(80, 82);  // one quota over all destinations
    s.nats[0].connection_limits.limit_per_subscriber = 20;
    // ten subscribers
    const auto at_load_of = [&](double own) { return 10 * own / fill_traffic(s).load(); };
    const auto r = risk(s, at_load_of(15));
    CHECK(r.exact);
    CHECK(r.overall.value == Approx(erlang_b(20, 15)).epsilon(1e-9));
    CHECK_FALSE(r.full_probability);
    const auto l = likely(s, 1e-3);
    CHECK(l.exact);
    CHECK(*l.load == Approx(10 * load_for(20, 1e-3)).epsilon(1e-6));
    CHECK(l.method.find("quota of 20") != std::string::npos);
    for (const char* hold : {R"("rate": "500/s", "hold": "60s")",
                             R"("rate": "500/s", "hold": {"law": "constant", "mean": "60s"})",
                             R"("rate": "500/s", "life": "60s")"}) {
        auto t = home("ideal", hold);
        t.clients = s.clients;
        t.servers = s.servers;
        t.nats[0].connection_limits = s.nats[0].connection_limits;
        t.nats[0].timers["tcp-fin"] = duration{30};
        simulate_options o;
        o.arrivals = 1'000'000;
        o.scale = 10 * 15 / fill_traffic(t).load();
        const auto counted = simulate(t, o);
        const double wanted = erlang_b(20, 15), error = (counted.high - counted.low) / 4;
        INFO(hold << ": counted " << counted.refusal_probability << ", formula " << wanted);
        CHECK(std::fabs(counted.refusal_probability - wanted) < 4 * error);
        CHECK(error < 0.03 * wanted);
    }
}

// Two clients of one load each, at most `quota` live for each and `ports` for both: their product
// form, summed.
double of_two(double load, int quota, int ports) {
    double all = 0, refused = 0;
    for (int n = 0; n <= quota; ++n)
        for (int m = 0; m <= quota && n + m <= ports; ++m) {
            const double p = std::exp((n + m) * std::log(load) - std::lgamma(n + 1.0) -
                                      std::lgamma(m + 1.0) - 2 * load);
            const bool full = n + m == ports;
            all += p;
            refused += p * ((full || n == quota ? 0.5 : 0.0) + (full || m == quota ? 0.5 : 0.0));
        }
    return refused / all;
}

TEST_CASE("a quota beside ports: exact together; and a table: no less than what is counted") {
    auto s = home("ideal", minute);
    for (auto& c : s.clients) c.ports = port_set(2000, 2199);
    s.nats[0].port_set_restrict = port_restriction{3000, 3099};
    s.nats[0].connection_limits.limit_per_subscriber = 60;
    const double scale = 90 / fill_traffic(s).load();
    const auto r = risk(s, scale);
    CHECK(r.exact);
    const double a = erlang_b(100, 90);
    CHECK(r.overall.value == Approx(of_two(45, 60, 100)).epsilon(1e-9));
    simulate_options o;
    o.arrivals = 1'000'000;
    o.scale = scale;
    const auto counted = simulate(s, o);
    INFO("counted " << counted.refusal_probability << ", exact " << r.overall.value);
    CHECK(std::fabs(counted.refusal_probability - r.overall.value) < counted.high - counted.low);
    // one that no address can reach is none; and a table that the quotas never fill is none
    s.nats[0].connection_limits.limit_per_subscriber = 200;
    CHECK(risk(s, scale).overall.value == Approx(a));
    s.nats[0].connection_limits.limit_per_subscriber = 60;
    s.nats[0].connection_limits.limit_per_instance = 120;
    CHECK(risk(s, scale).overall.value == Approx(r.overall.value));
}

TEST_CASE("destinations multiply the load, weights take it back") {
    auto s = home("ideal", minute);
    s.servers[0].ports = port_set(80, 81);
    CHECK(*likely(s, 1e-6).load == Approx(2 * load_for(64512, 1e-6)).epsilon(1e-9));
    s.traffic[0].weights = {3, 1};
    const auto l = likely(s, 1e-6);
    CHECK(*l.load == Approx(4.0 / 3 * load_for(64512, 1e-6)).epsilon(1e-9));
    REQUIRE(l.kinds.size() == 4);
    CHECK(l.kinds[0].destination == "198.51.100.7:80");
    CHECK(*l.kinds[3].likely == Approx(4 * load_for(64512, 1e-6)).epsilon(1e-9));
    // on average half of it fails at 4/3 of the worst kind's share
    CHECK(*l.average > *l.load);
    CHECK(*l.average < *l.load * 1.01);
}

TEST_CASE("hashes: two hosts may share an address, and an unknown hash is drawn") {
    auto s = home("linux-snat", minute);
    s.nats[0].external_ip_address_pool = {parse_address("203.0.113.5"),
                                          parse_address("203.0.113.6")};
    const auto& rule = s.nats[0].design.pool;
    // find a host that shares X's address, and one that does not
    const auto at = [&](ip_address a) {
        return hashed_rank(rule, a, s.servers[0].addresses.at(0), 2);
    };
    ip_address same = s.clients[0].addresses.at(0), other = same;
    while (at(same) != at(s.clients[1].addresses.at(0)) || same == s.clients[1].addresses.at(0))
        ++same;
    while (at(other) == at(s.clients[1].addresses.at(0))) ++other;
    s.clients[0].addresses = {same, same};
    CHECK(*likely(s, 1e-6).load < 55'100);
    s.clients[0].addresses = {other, other};
    CHECK(!likely(s, 1e-6).load);
    // a hundred hosts over four addresses, nobody knows how
    auto u = home(
        R"({"base": "ideal", "pool": {"choice": "hash", "hash": "unknown", "fallback": false}})",
        minute);
    u.clients[0].addresses = {parse_address("10.0.0.1"), parse_address("10.0.0.100")};
    u.traffic[0].from = {"A"};
    u.nats[0].external_ip_address_pool = {parse_address("203.0.113.4"),
                                          parse_address("203.0.113.7")};
    const auto l = likely(u, 1e-6);
    REQUIRE(l.worst_assignment);
    CHECK(*l.worst_assignment < *l.load);
    CHECK(*l.load < 4 * load_for(64512, 1e-6));
    CHECK(*l.load > 2.4 * load_for(64512, 1e-6));
}

TEST_CASE("wrong arguments") {
    const auto s = home("ideal", minute);
    CHECK_THROWS_AS(likely(s, 0), domain_error);
    CHECK_THROWS_AS(likely(s, 1), domain_error);
    CHECK_THROWS_AS(likely(s, std::nan("")), domain_error);
    CHECK_THROWS_AS(risk(s, 0), domain_error);
    study_options o;
    o.interrupt = [] { throw interrupted(); };
    CHECK_THROWS_AS(likely(home("linux-masquerade", minute), 1e-6, o), interrupted);
}
