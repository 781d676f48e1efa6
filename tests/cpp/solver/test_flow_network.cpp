// The flow core against augmenting paths found one by one, on random networks; and its cut against
// its flow.
#include <array>
#include <natbound/solver/flow_network.hpp>
#include <random>

#include "catch.hpp"

using natbound::count;
using natbound::flow_network;

namespace {

struct network {
    unsigned nodes = 0;
    std::vector<std::array<std::uint64_t, 3>> arcs;  // from, to, capacity
};

unsigned below(std::mt19937& random, unsigned bound) {
    return static_cast<unsigned>(random() % bound);
}

network random_network(std::mt19937& random) {
    network n;
    n.nodes = 2 + below(random, 9);
    const unsigned arcs = below(random, 30);
    for (unsigned i = 0; i < arcs; ++i)
        n.arcs.push_back({below(random, n.nodes), below(random, n.nodes), below(random, 12)});
    return n;
}

// Ford and Fulkerson on a matrix: the slow way.
std::uint64_t slow(const network& n) {
    std::vector<std::vector<std::uint64_t>> room(n.nodes, std::vector<std::uint64_t>(n.nodes, 0));
    for (const auto& [from, to, capacity] : n.arcs) room[from][to] += capacity;
    std::uint64_t total = 0;
    while (true) {
        std::vector<unsigned> came(n.nodes, n.nodes), open{0};
        came[0] = 0;
        while (!open.empty() && came[1] == n.nodes) {
            const unsigned v = open.back();
            open.pop_back();
            for (unsigned w = 0; w < n.nodes; ++w)
                if (room[v][w] > 0 && came[w] == n.nodes) {
                    came[w] = v;
                    open.push_back(w);
                }
        }
        if (came[1] == n.nodes) return total;
        for (unsigned w = 1; w != 0; w = came[w]) {
            --room[came[w]][w];
            ++room[w][came[w]];
        }
        ++total;
    }
}

template <class Number>
void check_flow(const network& n, const flow_network<Number>& f, const Number& total) {
    std::vector<Number> balance(n.nodes, Number(0));
    Number cut = 0;
    const auto side = f.source_side(0);
    CHECK(side[0]);
    CHECK(!side[1]);
    for (std::uint32_t a = 0; a < n.arcs.size(); ++a) {
        const auto& [from, to, capacity] = n.arcs[a];
        const Number here = f.flow(a);
        CHECK(here >= 0);
        CHECK(here <= Number(capacity));
        balance[from] -= here;
        balance[to] += here;
        if (side[from] && !side[to]) cut += Number(capacity);
    }
    for (unsigned v = 2; v < n.nodes; ++v) CHECK(balance[v] == 0);
    CHECK(balance[1] == total);
    CHECK(cut == total);
}

}  // namespace

TEST_CASE("the flow is a maximum one and the cut shows it") {
    std::mt19937 random(1);
    for (int round = 0; round < 1500; ++round) {
        const auto n = random_network(random);
        flow_network<std::int64_t> small(n.nodes);
        flow_network<count> large(n.nodes);
        for (const auto& [from, to, capacity] : n.arcs) {
            small.add_arc(static_cast<std::uint32_t>(from), static_cast<std::uint32_t>(to),
                          static_cast<std::int64_t>(capacity));
            large.add_arc(static_cast<std::uint32_t>(from), static_cast<std::uint32_t>(to),
                          capacity);
        }
        const auto total = small.augment(0, 1);
        REQUIRE(total == static_cast<std::int64_t>(slow(n)));
        REQUIRE(large.augment(0, 1) == total);
        check_flow(n, small, total);
        check_flow(n, large, count(total));
        REQUIRE(small.augment(0, 1) == 0);
    }
}

TEST_CASE("raising a capacity continues, and arcs out of the source keep their flow") {
    std::mt19937 random(2);
    for (int round = 0; round < 500; ++round) {
        auto n = random_network(random);
        if (n.arcs.empty()) continue;
        flow_network<std::int64_t> f(n.nodes);
        for (const auto& [from, to, capacity] : n.arcs)
            f.add_arc(static_cast<std::uint32_t>(from), static_cast<std::uint32_t>(to),
                      static_cast<std::int64_t>(capacity));
        auto total = f.augment(0, 1);
        std::vector<std::int64_t> before;
        for (std::uint32_t a = 0; a < n.arcs.size(); ++a) before.push_back(f.flow(a));
        const auto more = below(random, static_cast<unsigned>(n.arcs.size()));
        n.arcs[more][2] += 5;
        f.raise(more, 5);
        total += f.augment(0, 1);
        REQUIRE(total == static_cast<std::int64_t>(slow(n)));
        check_flow(n, f, total);
        for (std::uint32_t a = 0; a < n.arcs.size(); ++a)
            if (n.arcs[a][0] == 0) CHECK(f.flow(a) >= before[a]);
    }
}

TEST_CASE("capacities beyond 64 bits") {
    flow_network<count> f(4);
    const count wide = count(1) << 100;
    f.add_arc(0, 2, wide);
    f.add_arc(0, 3, wide + 7);
    f.add_arc(2, 3, wide);
    f.add_arc(2, 1, 5);
    f.add_arc(3, 1, wide * 2 - 1);
    CHECK(f.augment(0, 1) == wide * 2 + 4);
}

TEST_CASE("a network without arcs carries nothing") {
    flow_network<std::int64_t> f(2);
    CHECK(f.augment(0, 1) == 0);
    CHECK(f.source_side(0) == std::vector<bool>{true, false});
}
