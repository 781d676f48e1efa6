// A client's ports by bitmap, word by word, against the same by hash set, port by port.
#include <natbound/calculator/sockets.hpp>

#include "catch.hpp"

using namespace natbound;
using namespace natbound::calculator;

TEST_CASE("Bitmaps and the set give the same ports", "[calculator]") {
    const auto [first, last] = GENERATE(table<port, port>(
        {{1024, 1024}, {1025, 1090}, {2000, 2131}, {2001, 2131}, {0, 70}, {65400, 65535}}));
    CAPTURE(first, last);
    const port_list ports(port_set(first, last));
    client_sockets bits(1), set(client_sockets::most_bitmaps + 1);
    client_sockets added;
    REQUIRE(added.add_pair() == 0);
    REQUIRE(added.bits(0) != nullptr);
    REQUIRE(set.bits(0) == nullptr);
    random_bits random(first);
    std::vector<port> live;
    for (int i = 0; i < 4000; ++i) {
        const auto at = static_cast<std::uint32_t>(random.draw(ports.size()));
        CHECK(bits.next(0, ports, at) == set.next(0, ports, at));
        std::uint32_t steps = 0, other = 0;
        const port found = bits.second(0, ports, at, steps);
        REQUIRE(found == set.second(0, ports, at, other));
        REQUIRE(found == added.second(0, ports, at, other));
        if (found != port_count) CHECK(steps == other);
        // up to full and down again, some times
        const bool grow = i / static_cast<int>(ports.size() + 1) % 2 == 0;
        if (grow ? found == port_count : live.empty()) continue;
        if (grow) {
            live.push_back(found);
            for (auto* s : {&bits, &set, &added}) s->take(0, found);
        } else {
            const auto k = random.draw(live.size());
            for (auto* s : {&bits, &set, &added}) s->release(0, live[k]);
            live[k] = live.back();
            live.pop_back();
        }
    }
}

TEST_CASE("Pairs beyond the bitmaps are in the set", "[calculator]") {
    client_sockets sockets;
    for (std::uint32_t p = 0; p <= client_sockets::most_bitmaps; ++p) sockets.add_pair();
    for (const std::uint32_t pair : {0U, client_sockets::most_bitmaps}) {
        sockets.take(pair, 7);
        CHECK(sockets.used(pair, 7));
        sockets.release(pair, 7);
        CHECK_FALSE(sockets.used(pair, 7));
    }
}
