// Sets of addresses and ports against std::set, and their text.
#include <set>

#include "catch.hpp"
#include "natbound/model/address.hpp"
#include "natbound/model/error.hpp"
#include "natbound/model/ports.hpp"
#include "natbound/model/quantity.hpp"
#include "natbound/model/random.hpp"

using namespace natbound;

namespace {

port_set random_set(random_bits& random, unsigned ends) {
    port_set out;
    for (unsigned i = 0; i < ends; ++i) {
        const auto first = static_cast<port>(random.draw(60));
        out.insert(first, first + static_cast<port>(random.draw(6)));
    }
    return out;
}

std::set<port> elements(const port_set& s) {
    std::set<port> out;
    for (const auto& part : s.parts())
        for (port p = part.first; p <= part.last; ++p) out.insert(p);
    return out;
}

template <class F>
std::set<port> filtered(F keep) {
    std::set<port> out;
    for (port p = 0; p < 70; ++p)
        if (keep(p)) out.insert(p);
    return out;
}

}  // namespace

TEST_CASE("set operations are those of the sets of integers") {
    random_bits random(1);
    for (int round = 0; round < 3000; ++round) {
        const port_set a = random_set(random, 4), b = random_set(random, 4);
        const auto in = [](const port_set& s, port p) { return s.contains(p); };
        REQUIRE(elements(a | b) == filtered([&](port p) { return in(a, p) || in(b, p); }));
        REQUIRE(elements(a & b) == filtered([&](port p) { return in(a, p) && in(b, p); }));
        REQUIRE(elements(a - b) == filtered([&](port p) { return in(a, p) && !in(b, p); }));
        const auto all = elements(a);
        REQUIRE(a.size() == all.size());
        u128 rank = 0;
        for (const port p : all) {
            REQUIRE(a.at(rank) == p);
            REQUIRE(a.rank(p) == rank);
            ++rank;
        }
        const u128 from = random.draw(all.size());
        const std::uint64_t length = random.draw(all.size() - static_cast<std::uint64_t>(from) + 1);
        std::set<port> wanted;
        for (std::uint64_t i = 0; i < length; ++i) wanted.insert(a.at(from + i));
        REQUIRE(elements(a.slice(from, length)) == wanted);
    }
}

TEST_CASE("atoms partition the union, and every set is a union of atoms") {
    random_bits random(2);
    for (int round = 0; round < 500; ++round) {
        std::vector<port_set> sets;
        for (int i = 0; i < 4; ++i) sets.push_back(random_set(random, 3));
        const auto parts = atoms(sets);
        port_set seen;
        for (const auto& atom : parts) {
            REQUIRE_FALSE(atom.empty());
            REQUIRE((seen & atom).empty());
            seen = seen | atom;
            for (const auto& s : sets) REQUIRE(((atom & s).empty() || (atom - s).empty()));
        }
        port_set both;
        for (const auto& s : sets) both = both | s;
        REQUIRE(seen == both);
    }
}

TEST_CASE("counts are exact at any size") {
    address_set v6;
    const auto all = parse_address_range("::/0");
    v6.insert(all.first, all.last);
    CHECK(v6.size().str() == "340282366920938463463374607431768211456");
    const auto slash8 = parse_address_range("10.0.0.0/8");
    CHECK((address_set(slash8.first, slash8.last).size() * 65535).str() == "1099494850560");
    const auto slash64 = parse_address_range("2001:db8::/64");
    CHECK((address_set(slash64.first, slash64.last).size() * 65536).str() ==
          "1208925819614629174706176");
    CHECK(atoms<ip_address>({v6}).size() == 1);
}

TEST_CASE("addresses read and print") {
    for (const char* text :
         {"10.0.0.1", "2001:db8::1", "10.0.0.0/8", "10.0.0.1-10.0.0.9", "2001:db8::/64", "::"})
        CHECK(to_string(parse_address_range(text)) == text);
    for (const char* text : {"10.0.0.256", "10.0.0.1/8", "10.0.0.0/33", "10.0.0.9-10.0.0.1",
                             "10.0.0.1-::1", "x", "", "10.0.0.0/"})
        CHECK_THROWS_AS(parse_address_range(text), input_error);
    for (const char* text : {"65536", "70000", "80-79", "-1", "", "8o", "99999999999999999999"})
        CHECK_THROWS_AS(parse_port_range(text), input_error);
}

TEST_CASE("quantities need their units") {
    CHECK(parse_duration("60s").seconds == 60);
    CHECK(parse_duration("2min").seconds == 120);
    CHECK(parse_rate("30/min").per_second == 0.5);
    CHECK(parse_share("25%").value == 0.25);
    for (const char* text : {"60", "s", "-1s", "nan s", "inf s", "60 parsecs", "1e400s"})
        CHECK_THROWS_AS(parse_duration(text), input_error);
    for (const char* text : {"500", "500/", "/s", "-1/s", "nan/s"})
        CHECK_THROWS_AS(parse_rate(text), input_error);
    CHECK(grouped(count(129024)) == "129,024");
    CHECK(grouped(count(100)) == "100");
}
