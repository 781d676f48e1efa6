#pragma once
// Random scenarios small enough to write out: a few clients, ports, servers and external endpoints,
// every axis that maximum reads.
#include <random>
#include <string>
#include <vector>

#include "natbound/model/scenario.hpp"

namespace small {

using namespace natbound;

class dice {
  public:
    explicit dice(unsigned seed) : random_(seed) {}
    unsigned below(unsigned bound) { return static_cast<unsigned>(random_() % bound); }
    bool chance(unsigned percent) { return below(100) < percent; }
    template <class T>
    const T& one_of(const std::vector<T>& list) {
        return list[below(static_cast<unsigned>(list.size()))];
    }

  private:
    std::mt19937 random_;
};

inline address_set run(const char* first, unsigned size) {
    const auto a = parse_address(first);
    return {a, a + size - 1};
}

inline design random_design(dice& d) {
    design out;
    out.name = "made";
    out.mapping_type =
        d.one_of<mapping_type>({mapping_type::edm, mapping_type::edm, mapping_type::eim_if_possible,
                                mapping_type::eim, mapping_type::adm});
    out.clash_scope.destination =
        d.one_of<scope_destination>({scope_destination::none, scope_destination::address,
                                     scope_destination::endpoint, scope_destination::endpoint});
    out.clash_scope.protocol = d.chance(70);
    const port ports = 1 + d.below(4);
    out.port_classes = {{all_ports(), {10, 10 + ports - 1}}};
    if (d.chance(40)) {
        // two classes, whose ranges may overlap or lie apart
        const port cut = 9 + d.below(4);
        out.port_classes = {{{0, cut}, {7 + d.below(3), 10}},
                            {{cut + 1, 65535}, {10 + d.below(2), 10 + d.below(2) + ports}}};
    }
    out.first_choice = d.one_of<first_choice>(
        {first_choice::none, first_choice::preserve, first_choice::preserve_any});
    out.search.rounds = {{}};
    if (out.first_choice != first_choice::none && d.chance(10)) out.search.rounds.clear();
    out.pool.choice =
        d.one_of<pool_choice>({pool_choice::first, pool_choice::random, pool_choice::round_robin,
                               pool_choice::hash, pool_choice::hash});
    if (out.pool.choice == pool_choice::hash)
        out.pool.hash = d.one_of<std::string>({"jhash2", "jhash2", "vpp-fold", "unknown"});
    out.pool.of = d.chance(40) ? hash_input::source : hash_input::source_and_destination;
    out.pool.fallback = d.chance(25);
    return out;
}

inline nat random_nat(dice& d, const std::string& name, std::vector<std::string> inside,
                      const char* pool, unsigned widest) {
    nat out;
    out.name = name;
    out.inside = std::move(inside);
    out.external_ip_address_pool = run(pool, 1 + d.below(widest));
    out.design = random_design(d);
    if (d.chance(15)) out.port_set_restrict = {10, 10 + d.below(3)};
    if (d.chance(20)) out.connection_limits.limit_per_instance = 1 + d.below(8);
    if (d.chance(15)) out.mapping_limits.limit_port_mappings = 1 + d.below(4);
    return out;
}

inline scenario random_scenario(unsigned seed) {
    dice d(seed);
    const bool v6 = d.chance(15);
    scenario s;
    const port low = 9 + d.below(3);
    client_set a;
    a.name = "A";
    a.addresses = run(v6 ? "fd00::1" : "10.0.0.1", 1 + d.below(3));
    a.ports = {low, low + d.below(3)};
    s.clients.push_back(a);
    server_set c;
    c.name = "C";
    c.addresses = run(v6 ? "2001:db8::7" : "198.51.100.7", 1 + d.below(2));
    c.ports = {80, 80 + d.below(2)};
    s.servers.push_back(c);
    if (d.chance(60)) {
        server_set more = c;
        more.name = "D";
        switch (d.below(4)) {
            case 0:
                more.addresses = run(v6 ? "2001:db8::9" : "198.51.100.9", 1);
                break;
            case 1:
                more.protocol = transport::udp;
                break;
            case 2:
                more.ports = {443, 443 + d.below(2)};
                break;
            default:
                more.addresses = run(v6 ? "2001:db8::8" : "198.51.100.8", 2);
                more.ports = {80, 80};
                more.protocol = transport::udp;
        }
        s.servers.push_back(more);
    }
    if (d.chance(65)) {
        client_set x;
        x.name = "X";
        x.addresses = run(v6 ? "fd00::8" : "10.0.0.8", 1 + d.below(2));
        const port from = 9 + d.below(3);
        x.ports = {from, from + d.below(2)};
        if (d.chance(40)) x.reaches = {"C"};
        s.clients.push_back(x);
    }
    std::vector<std::string> inside;
    for (const auto& set : s.clients) inside.push_back(set.name);
    if (d.chance(20)) {
        client_set z = a;
        z.name = "Z";
        z.addresses = run(v6 ? "fd00::20" : "10.0.0.20", 1);
        s.clients.push_back(z);
    }
    const char* pool = v6 ? "2001:db8:1::4" : "203.0.113.4";
    if (inside.size() == 2 && d.chance(15)) {
        s.nats.push_back(random_nat(d, "n", {"A"}, pool, 2));
        s.nats.push_back(random_nat(d, "m", {"X"}, v6 ? "2001:db8:1::10" : "203.0.113.10", 2));
    } else {
        s.nats.push_back(random_nat(d, "n", inside, pool, 2));
    }
    validate(s);
    return s;
}

}  // namespace small
