// Times maximum, for bench/maximum.py, which feeds the same classes to OR-Tools.
//
//   maximum core            reads "sources externals links", the sources' sizes, the externals'
//   sizes and the links from standard input; prints
//                           {build, solve, write} in milliseconds (medians), the flow, and the
//                           bytes of the certificate's Hall set and assignment
//   maximum scenario N      N clients behind linux-snat with a pool of N addresses, 8 servers of 20
//   ports: by its hash each client may use up to 8 addresses of the
//                           pool. Prints the same for the whole of natbound::maximum, and the class
//                           graph on the lines that follow
#include <algorithm>
#include <boost/json.hpp>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <functional>
#include <iostream>
#include <string>
#include <vector>

#include "natbound/model/scenario.hpp"
#include "natbound/solver/classes.hpp"
#include "natbound/solver/flow_network.hpp"
#include "natbound/solver/maximum.hpp"

namespace {

namespace bj = boost::json;
using clock_type = std::chrono::steady_clock;

constexpr int repeats = 21;

double median(std::vector<double> values) {
    std::nth_element(values.begin(),
                     values.begin() + static_cast<std::ptrdiff_t>(values.size() / 2), values.end());
    return values[values.size() / 2];
}

double since(clock_type::time_point start) {
    return std::chrono::duration<double, std::milli>(clock_type::now() - start).count();
}

struct graph {
    std::uint32_t sources = 0, externals = 0;
    std::vector<std::int64_t> wanted, room;
    std::vector<std::pair<std::uint32_t, std::uint32_t>> links;
};

graph read_graph() {
    graph g;
    std::size_t links = 0;
    std::cin >> g.sources >> g.externals >> links;
    g.wanted.resize(g.sources);
    g.room.resize(g.externals);
    g.links.resize(links);
    for (auto& x : g.wanted) std::cin >> x;
    for (auto& x : g.room) std::cin >> x;
    for (auto& [s, e] : g.links) std::cin >> s >> e;
    return g;
}

void core() {
    const graph g = read_graph();
    std::vector<double> build, solve, write;
    std::int64_t total = 0;
    std::size_t bytes = 0;
    for (int i = 0; i < repeats; ++i) {
        const auto start = clock_type::now();
        const std::uint32_t source = g.sources + g.externals;
        natbound::flow_network<std::int64_t> flows(source + 2);
        flows.reserve(g.sources + g.externals + g.links.size());
        for (std::uint32_t s = 0; s < g.sources; ++s) flows.add_arc(source, s, g.wanted[s]);
        for (const auto& [s, e] : g.links) flows.add_arc(s, g.sources + e, g.wanted[s]);
        for (std::uint32_t e = 0; e < g.externals; ++e)
            flows.add_arc(g.sources + e, source + 1, g.room[e]);
        build.push_back(since(start));
        const auto solving = clock_type::now();
        total = flows.augment(source, source + 1);
        solve.push_back(since(solving));
        // the evidence: who is carried where, and the Hall set
        const auto writing = clock_type::now();
        const auto side = flows.source_side(source);
        bj::array carried, closed, open;
        for (std::uint32_t a = 0; a < g.links.size(); ++a)
            if (const auto f = flows.flow(g.sources + a); f != 0)
                carried.push_back({g.links[a].first, g.links[a].second, f});
        for (std::uint32_t s = 0; s < g.sources; ++s)
            if (side[s]) closed.emplace_back(s);
        for (std::uint32_t e = 0; e < g.externals; ++e)
            if (side[g.sources + e]) open.emplace_back(e);
        bytes = bj::serialize(bj::object{{"carried", carried}, {"closed", closed}, {"open", open}})
                    .size();
        write.push_back(since(writing));
    }
    std::cout << bj::serialize(bj::object{{"build", median(build)},
                                          {"solve", median(solve)},
                                          {"write", median(write)},
                                          {"flow", total},
                                          {"bytes", bytes}})
              << "\n";
}

natbound::scenario pooled(unsigned n) {
    const auto range = [](const char* first, unsigned size) {
        const auto a = natbound::parse_address(first);
        return natbound::address_set{a, a + size - 1};
    };
    natbound::scenario s;
    natbound::nat router;
    router.name = "router";
    router.external_ip_address_pool = range("203.0.0.0", n);
    router.design = *natbound::find_design("linux-snat");
    // client sets of one address each, with ranges of ports of different lengths: as many classes
    for (unsigned i = 0; i < n; ++i) {
        natbound::client_set c;
        c.name = "c" + std::to_string(i);
        const auto a = natbound::parse_address("10.0.0.1") + i;
        c.addresses = {a, a};
        c.ports = {1024, 1024 + (i * 2654435761U >> 16U)};
        router.inside.push_back(c.name);
        s.clients.push_back(c);
    }
    s.nats.push_back(router);
    for (unsigned i = 0; i < 8; ++i) {
        natbound::server_set v;
        v.name = "s" + std::to_string(i);
        const auto a = natbound::parse_address("198.51.100.1") + i;
        v.addresses = {a, a};
        v.ports = {8000, 8019};
        s.servers.push_back(v);
    }
    natbound::validate(s);
    return s;
}

void whole(unsigned n) {
    const auto s = pooled(n);
    std::vector<double> times;
    natbound::maximum_result m;
    for (int i = 0; i < repeats; ++i) {
        const auto start = clock_type::now();
        m = natbound::maximum(s);
        times.push_back(since(start));
    }
    natbound::nat_reading reading;
    reading.scope = s.nats[0].design.clash_scope;
    reading.pool = natbound::pool_reading::any_hashed;
    std::vector<std::size_t> inside;
    for (std::size_t c = 0; c < s.clients.size(); ++c) inside.push_back(c);
    const natbound::nat_plan plan(s.nats[0]);
    const auto groups = natbound::groups_of(s, natbound::reaches_of(s), plan, inside, reading);
    const auto& g = groups.at(0);
    std::size_t links = 0;
    for (const auto& c : g.sources) links += c.open.size();
    const auto tuples = s.nats[0].external_ip_address_pool.size() * 64512 * g.keys;
    std::cout << bj::serialize(
                     bj::object{{"whole", median(times)},
                                {"connections", m.connections ? m.connections->str() : "?"},
                                {"tuples", tuples.str()},
                                {"keys", g.keys.str()},
                                {"sources", g.sources.size()},
                                {"links", links},
                                {"bytes", bj::serialize(m.evidence).size()}})
              << "\n";
    std::cout << g.sources.size() << " " << g.externals.size() << " " << links << "\n";
    for (const auto& c : g.sources) std::cout << c.mappings << " ";
    std::cout << "\n";
    for (const auto& e : g.externals) std::cout << e.size() << " ";
    std::cout << "\n";
    for (std::size_t c = 0; c < g.sources.size(); ++c)
        for (const auto e : g.sources[c].open) std::cout << c << " " << e << "\n";
}

}  // namespace

int main(int argc, char** argv) {
    const std::string mode = argc > 1 ? argv[1] : "";
    if (mode == "core")
        core();
    else if (mode == "scenario" && argc > 2)
        whole(static_cast<unsigned>(std::strtoul(argv[2], nullptr, 10)));
    else
        return std::fputs("usage: maximum core < GRAPH, or maximum scenario N\n", stderr), 2;
    return 0;
}
