// What the next connection meets, against going through every client and every port of its own.
#include <natbound/calculator/arrival_odds.hpp>
#include <natbound/calculator/systems.hpp>

#include "catch.hpp"

using namespace natbound;
using namespace natbound::calculator;

namespace {

// So many clients, each with any port of its own, on 500 external ports of one address.
scenario many_clients(int clients, const std::string& first, double live) {
    return parse_scenario(
        R"({"clients": [{"name": "A", "addresses": "10.0.0.1-10.0.0.)" + std::to_string(clients) +
        R"(", "ports": "1024-65535"}], "nats": [{"name": "n", "inside": ["A"],
        "external-ip-address-pool": ["203.0.113.5"],
        "port-set-restrict": {"start-port-number": 2000, "end-port-number": 2499},
        "design": {"base": "vpp-nat44-ed", "first-choice": ")" +
        first + R"("}}], "servers": [{"name": "C", "addresses": "198.51.100.7", "ports": 80}],
        "traffic": [{"from": ["A"], "to": "C", "live": )" +
        std::to_string(live) + R"(, "hold": "60s"}]})");
}

double by_every_port(const simulation& s) {
    const auto& input = s.input();
    const auto& plan = *input.table.plan;
    const auto& bits = s.table().cell(0, 0);
    const port any = 2000;  // one class of ports
    search_odds plain(plan, plan.class_of(any), true, false),
        counted(plan, plan.class_of(any), false, true);
    plain.read(bits, {});
    counted.read(bits, {});
    double sum = 0, clients = 0;
    for (const auto& group : input.clients)
        for (std::uint32_t c = group.first; c < group.first + group.count; ++c) {
            double failing = 0, open = 0;
            for (port p = 1024; p <= 65535; ++p) {
                if (s.sockets().used(c, p)) continue;
                open += 1;
                if (!plan.preserves(p))
                    failing += plain.drawn(false);
                else if (bits.busy(p))
                    failing += counted.drawn(true);
            }
            sum += failing / open;
            clients += 1;
        }
    return sum / clients;
}

}  // namespace

TEST_CASE("the odds of an arrival are those of every client and every port of its own") {
    for (const int clients : {3, 200, 250})
        for (const char* first : {"none", "preserve"}) {
            const auto s = many_clients(clients, first, 450);
            const auto all = split(s, fill_traffic(s));
            std::vector<std::size_t> kinds;
            const auto input = input_for(s, all, all.systems[0], kinds);
            simulation run(input, 7);
            run.fill();
            arrival_odds odds(run);
            for (int state = 0; state < 5; ++state) {
                run.advance(500);
                odds.read(run);
                const double truth = by_every_port(run);
                INFO(clients << " " << first << " " << state);
                CHECK(truth > 0);
                CHECK(odds.failing()[0] / odds.offered()[0] == Approx(truth).epsilon(1e-11));
            }
        }
}
