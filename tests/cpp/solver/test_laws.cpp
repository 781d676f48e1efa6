// Laws between scenarios that hold whatever the maximum is: so they are looked at on random ones,
// also where brute force is of no help.
#include <algorithm>

#include "catch.hpp"
#include "natbound/solver/maximum.hpp"
#include "random_scenario.hpp"

using namespace natbound;
using namespace small;

namespace {

constexpr unsigned first_seed = 70000, how_many = 2500;

template <class Law>
void on_random_scenarios(Law law) {
    for (unsigned seed = first_seed; seed < first_seed + how_many; ++seed) {
        const auto s = random_scenario(seed);
        INFO("seed " << seed << ": " << to_json(s));
        law(s, seed);
    }
}

void same_bounds(const scenario& a, const scenario& b) {
    validate(b);
    INFO("changed: " << to_json(b));
    const auto one = maximum(a), other = maximum(b);
    REQUIRE(one.at_most == other.at_most);
    REQUIRE(one.at_least == other.at_least);
}

// Where a hash alone picks the address, a larger pool makes it pick other ones.
bool picks_by_hash(const nat& n) {
    return n.design.pool.choice == pool_choice::hash && !n.design.pool.fallback;
}

scenario with_more_addresses(scenario s) {
    for (auto& n : s.nats) {
        const auto last = n.external_ip_address_pool.parts().back().last;
        n.external_ip_address_pool.insert(last + 1, last + 1);
    }
    return s;
}

void rename(std::vector<std::string>& list, const std::string& from, const std::string& to) {
    std::replace(list.begin(), list.end(), from, to);
}

scenario renamed(scenario s, const std::string& by) {
    for (auto& c : s.clients) {
        for (auto& n : s.nats) rename(n.inside, c.name, by + c.name);
        for (auto& name : c.reaches) name = by + name;
        c.name = by + c.name;
    }
    for (auto& v : s.servers) v.name = by + v.name;
    for (auto& n : s.nats) n.name = by + n.name;
    return s;
}

demand_list all_pairs(const scenario& s, dice& d) {
    demand_list out;
    for (std::size_t c = 0; c < s.clients.size(); ++c)
        for (std::size_t v = 0; v < s.servers.size(); ++v) {
            const auto& reaches = s.clients[c].reaches;
            if (reaches.empty() || std::count(reaches.begin(), reaches.end(), s.servers[v].name))
                out.push_back({c, v, 1 + d.below(9)});
        }
    return out;
}

}  // namespace

TEST_CASE("one more address never lowers the maximum, nor the multiple of a demand") {
    unsigned tried = 0;
    on_random_scenarios([&](const scenario& s, unsigned seed) {
        if (std::any_of(s.nats.begin(), s.nats.end(), picks_by_hash)) return;
        ++tried;
        const auto more = with_more_addresses(s);
        const auto before = maximum(s), after = maximum(more);
        REQUIRE(before.at_most <= after.at_most);
        REQUIRE(before.at_least <= after.at_least);
        dice d(seed);
        const auto demand = all_pairs(s, d);
        const auto few = largest_multiple(s, demand), many = largest_multiple(more, demand);
        if (few && few->exact && many && many->exact) REQUIRE_FALSE(many->fits < few->fits);
    });
    CHECK(tried > 1000);
}

TEST_CASE("names and the order of sets change nothing") {
    on_random_scenarios([](const scenario& s, unsigned) {
        auto other = renamed(s, "the ");
        std::reverse(other.clients.begin(), other.clients.end());
        std::reverse(other.servers.begin(), other.servers.end());
        std::reverse(other.nats.begin(), other.nats.end());
        for (auto& n : other.nats) std::reverse(n.inside.begin(), n.inside.end());
        same_bounds(s, other);
    });
}

TEST_CASE("a client set in two halves is the same clients") {
    unsigned tried = 0;
    on_random_scenarios([&](const scenario& s, unsigned) {
        const auto& whole = s.clients.front();
        if (whole.addresses.size() < 2) return;
        ++tried;
        auto other = s;
        client_set rest = whole;
        rest.name = "rest";
        other.clients.front().addresses = whole.addresses.slice(0, 1);
        rest.addresses = whole.addresses - other.clients.front().addresses;
        other.clients.push_back(std::move(rest));
        for (auto& n : other.nats)
            if (std::count(n.inside.begin(), n.inside.end(), whole.name) > 0)
                n.inside.push_back("rest");
        same_bounds(s, other);
    });
    CHECK(tried > 1000);
}

TEST_CASE("a server set in two halves is the same endpoints") {
    unsigned tried = 0;
    on_random_scenarios([&](const scenario& s, unsigned) {
        const auto& whole = s.servers.front();
        auto half = whole, rest = whole;
        rest.name = "rest";
        if (whole.ports.size() > 1) {
            half.ports = whole.ports.slice(0, 1);
            rest.ports = whole.ports - half.ports;
        } else if (whole.addresses.size() > 1) {
            half.addresses = whole.addresses.slice(0, 1);
            rest.addresses = whole.addresses - half.addresses;
        } else {
            return;
        }
        ++tried;
        auto other = s;
        other.servers.front() = half;
        other.servers.push_back(rest);
        for (auto& c : other.clients)
            if (std::count(c.reaches.begin(), c.reaches.end(), whole.name) > 0)
                c.reaches.push_back("rest");
        same_bounds(s, other);
    });
    CHECK(tried > 1000);
}

TEST_CASE("two networks side by side add up") {
    unsigned tried = 0;
    for (unsigned seed = first_seed; tried < 1000; ++seed) {
        const auto one = random_scenario(seed);
        auto other = renamed(random_scenario(seed + 500000), "other ");
        // the second somewhere else: a hash that looks at addresses would pick others there
        if (std::any_of(other.nats.begin(), other.nats.end(), picks_by_hash)) continue;
        ++tried;
        const auto apart = [](address_set& set) {
            address_set out;
            for (const auto& part : set.parts()) out.insert(part.first + 65536, part.last + 65536);
            set = out;
        };
        for (auto& c : other.clients) apart(c.addresses);
        for (auto& v : other.servers) apart(v.addresses);
        for (auto& n : other.nats) apart(n.external_ip_address_pool);
        auto both = one;
        for (auto& c : both.clients)
            if (c.reaches.empty())
                for (const auto& v : one.servers) c.reaches.push_back(v.name);
        for (auto& c : other.clients)
            if (c.reaches.empty())
                for (const auto& v : other.servers) c.reaches.push_back(v.name);
        both.clients.insert(both.clients.end(), other.clients.begin(), other.clients.end());
        both.servers.insert(both.servers.end(), other.servers.begin(), other.servers.end());
        both.nats.insert(both.nats.end(), other.nats.begin(), other.nats.end());
        validate(both);
        INFO("seed " << seed << ": " << to_json(both));
        const auto a = maximum(one), b = maximum(other), sum = maximum(both);
        REQUIRE(sum.at_most == a.at_most + b.at_most);
        REQUIRE(sum.at_least == a.at_least + b.at_least);
    }
}

TEST_CASE("protocols may change places") {
    on_random_scenarios([](const scenario& s, unsigned) {
        auto other = s;
        for (auto& v : other.servers)
            v.protocol = v.protocol == transport::tcp ? transport::udp : transport::tcp;
        same_bounds(s, other);
    });
}

TEST_CASE("twice a demand fits half as often") {
    unsigned tried = 0;
    on_random_scenarios([&](const scenario& s, unsigned seed) {
        dice d(seed);
        const auto demand = all_pairs(s, d);
        auto twice = demand;
        for (auto& p : twice) p.connections *= 2;
        const auto one = largest_multiple(s, demand), other = largest_multiple(s, twice);
        REQUIRE(one.has_value() == other.has_value());
        if (!one || !one->in_parts) return;
        ++tried;
        REQUIRE(reduced({one->in_parts->numerator, one->in_parts->denominator * 2}) ==
                *other->in_parts);
        // a pair's numbers, too, are those of half the multiple
        REQUIRE(total_of(one->within) == total_of(other->within));
    });
    CHECK(tried > 1000);
}
