// What NATs must keep.
#include <algorithm>
#include <map>
#include <set>

#include "natbound/model/cascade.hpp"
#include "natbound/model/contiguity.hpp"
#include "natbound/model/gates.hpp"
#include "natbound/model/holes.hpp"
#include "natbound/model/json_io.hpp"
#include "natbound/model/port_sets.hpp"
#include "rules.hpp"
#include "workers.hpp"

namespace natbound::rules {
namespace {

class checker {
  public:
    checker(const scenario& scenario_to_check, const known_names& found)
        : s(scenario_to_check), names(found), may(found.clients), outer(outer_of(s)) {
        for (const auto& c : s.clients) clients.try_emplace(c.name, &c);
        for (const auto& n : s.nats) {
            nats.try_emplace(n.name, &n);
            may.insert(n.name);
        }
    }

    void router(std::size_t i) {
        const auto& n = s.nats[i];
        if (n.inside.empty())
            fail(at("nats", i, "inside"), "", "a NAT needs clients inside", "add inside: [...]");
        references(at("nats", i, "inside"), n.inside, may, "client set or NAT");
        for (std::size_t k = 0; k < n.inside.size(); ++k) {
            const std::string here = at("nats", i, "inside") + "[" + std::to_string(k) + "]";
            if (n.inside[k] == n.name) fail(here, n.name, "a NAT can't be inside itself");
            if (!placed.insert(n.inside[k]).second && names.clients.count(n.inside[k]) == 0)
                fail(here, n.inside[k], "is inside another NAT already",
                     "let a NAT have one way out (client sets may be spread over several)");
        }
        if (!translates(n)) firewall(i);
        if (translates(n) && n.external_ip_address_pool.empty())
            fail(at("nats", i, "external-ip-address-pool"), "", "addresses are wanted",
                 "for a stateful firewall add translates: false");
        if (n.nat64_prefixes) nat64_prefixes(*n.nat64_prefixes, at("nats", i, "nat64-prefixes"));
        if (n.port_set_restrict)
            restriction(*n.port_set_restrict, at("nats", i, "port-set-restrict"));
        if (n.static_mappings) static_mappings(n, at("nats", i, "static-mappings"));
        if (n.rate_limits) rates(*n.rate_limits, at("nats", i, "rate-limits"));
        if (n.memory) memory(n, at("nats", i, "memory"));
        if (n.connection_limits.limit_per_instance == std::uint64_t{0})
            fail(at("nats", i, "connection-limits.limit-per-instance"), "0",
                 "a limit of 0 admits nothing", "leave it out for no limit");
        if (n.connection_limits.limit_per_subscriber == std::uint64_t{0})
            fail(at("nats", i, "connection-limits.limit-per-subscriber"), "0",
                 "a limit of 0 admits nothing", "leave it out for no limit");
        if (n.mapping_limits.limit_port_mappings == std::uint64_t{0})
            fail(at("nats", i, "mapping-limits.limit-port-mappings"), "0",
                 "a limit of 0 admits nothing", "leave it out for no limit");
        if (n.mapping_limits.limit_per_protocol)
            fail(at("nats", i), "",
                 "limits on mappings of one protocol are joined where a scenario is read",
                 "write them as connection-limits: {limit-per-protocol}");
        validate(n.design, at("nats", i, "design"));
        if (n.design.port_parity_preservation) parities(i);
        if (n.workers) validate_workers(s, i);
        const auto causes = json_io::names<close_cause>();
        for (const auto& [key, value] : n.timers)
            if (std::find(causes.begin(), causes.end(), key) == causes.end())
                json_io::unknown_name(key, causes, at("nats", i, "timers") + "." + key,
                                      "cause of close");
    }

    // What is around it: where no NAT is behind itself.
    void around(std::size_t i) {
        const auto& n = s.nats[i];
        for (const auto& name : comes_to(s, n)) {
            if (const auto c = clients.find(name); c != clients.end()) {
                pool_against(i, c->second->addresses, "the clients' own addresses (" + name + ")");
                families(i, *c->second);
            }
            if (const auto m = nats.find(name); m != nats.end()) inner_nat(i, *m->second);
        }
        if (n.mapping_limits.limit_subscribers) subscribers(i);
        if (n.design.pool.paired && translates(n)) of_pairing(s, i);
        if (n.port_set) validate_port_sets(s, i);
        validate_contiguity(s, i);
    }

    // Its clients pass as they are.
    void firewall(std::size_t i) const {
        const auto& n = s.nats[i];
        const auto none = [&](bool there, const char* field) {
            if (there)
                fail(at("nats", i, field), "", "does not go with translates: false",
                     "leave one of the two out");
        };
        none(!n.external_ip_address_pool.empty(), "external-ip-address-pool");
        none(n.port_set_restrict.has_value(), "port-set-restrict");
        none(n.port_set.has_value(), "port-set");
        none(n.workers.has_value(), "workers");
        none(n.static_mappings.has_value(), "static-mappings");
        none(n.nat64_prefixes.has_value(), "nat64-prefixes");
        none(n.mapping_limits.limit_port_mappings || n.mapping_limits.limit_subscribers ||
                 n.mapping_limits.limit_per_protocol,
             "mapping-limits");
    }

    // Ports of both kinds, wherever a flow is searched some.
    void parities(std::size_t i) const {
        const auto& n = s.nats[i];
        if (n.port_set_restrict) {
            const auto ports = n.port_set_restrict->ports();
            if (const auto none = parity_without(ports); !none.empty())
                fail(at("nats", i, "port-set-restrict"), to_string(ports),
                     "has no " + none + " port, and the design preserves parity",
                     "ports of both parities");
        }
        if (n.port_set && n.port_set->port_set_size == 1)
            fail(at("nats", i, "port-set.port-set-size"), "1",
                 "has ports of one parity, and the design preserves parity", "2 or more");
    }

    void subscribers(std::size_t i) const {
        const auto& n = s.nats[i];
        const std::string here = at("nats", i, "mapping-limits.limit-subscribers");
        if (*n.mapping_limits.limit_subscribers == 0)
            fail(here, "0", "a limit of 0 admits nothing", "leave it out for no limit");
        for (const auto& m : s.nats)
            for (const auto& name : comes_to(s, m))
                if (name == n.name || (m.name == n.name && names.clients.count(name) == 0))
                    not_yet(here, "", "a limit on subscribers in a cascade is not modelled yet");
        if (n.port_set)
            not_yet(here, "", "a limit on subscribers with port sets is not modelled yet");
    }

    // Each lies on the pool, none is named twice, and something is left to give.
    static void static_mappings(const nat& n, const std::string& list) {
        const auto& pool = n.external_ip_address_pool;
        const auto& all = *n.static_mappings;
        const auto on = [&](const static_mapping& m) {
            return m.external_src_address.empty() ? pool : m.external_src_address;
        };
        for (std::size_t k = 0; k < all.size(); ++k) {
            const std::string here = list + "[" + std::to_string(k) + "]";
            const auto& m = all[k];
            if (m.external_src_port.empty())
                fail(here + ".external-src-port", "", "the ports that it keeps are wanted",
                     "add external-src-port: 443");
            if (const auto outside = m.external_src_address - pool; !outside.empty())
                fail(here + ".external-src-address", to_string(outside),
                     "is no address of the pool (" + to_string(pool) + ")");
            for (std::size_t j = 0; j < k; ++j) {
                const auto& o = all[j];
                const bool apart = m.transport_protocol && o.transport_protocol &&
                                   *m.transport_protocol != *o.transport_protocol;
                const auto where = on(m) & on(o);
                const auto ports = m.external_src_port & o.external_src_port;
                if (!apart && !where.empty() && !ports.empty())
                    fail(here, to_string(where) + ":" + to_string(ports),
                         "is kept by " + list + "[" + std::to_string(j) + "] already",
                         "name each endpoint once");
            }
        }
        const hole_list holes(n, true);
        const auto parts = holes.alike();
        for (const auto protocol : all_transports)
            if (std::all_of(parts.begin(), parts.end(), [&](const address_set& a) {
                    return (all_ports() - holes.at(protocol, a.at(0)) - port_set(0, 0)).empty();
                }))
                fail(list, "",
                     "nothing is left to give: every port of every address of the pool is kept",
                     "leave some out");
    }

    static void restriction(const port_restriction& r, const std::string& here) {
        const bool range = r.start_port_number || r.end_port_number;
        const bool psid = r.psid_offset || r.psid_len || r.psid;
        if (range == psid)
            fail(here, "", "a range of ports or a PSID is wanted",
                 "give start-port-number and end-port-number, or psid-offset, psid-len and psid");
        if (psid) return psid_rules(r, here);
        if (!r.start_port_number)
            fail(here + ".start-port-number", "", "both ends of the range are wanted");
        if (!r.end_port_number)
            fail(here + ".end-port-number", "", "both ends of the range are wanted");
        if (*r.start_port_number == 0)
            fail(here + ".start-port-number", "0", "0 is not a port", "start at 1");
        if (*r.end_port_number >= port_count)
            fail(here + ".end-port-number", std::to_string(*r.end_port_number),
                 "a port is at most 65535");
        if (*r.end_port_number < *r.start_port_number)
            fail(here,
                 std::to_string(*r.start_port_number) + "-" + std::to_string(*r.end_port_number),
                 "the range is reversed", "swap the two numbers");
    }

    // RFC 7597, 5.1: offset bits, then the PSID, then the rest; offset bits that are all 0 are left
    // out, so that the ports below 2^(16 - offset) stay free.
    static void psid_rules(const port_restriction& r, const std::string& here) {
        if (!r.psid_len) fail(here + ".psid-len", "", "a PSID has a length", "add psid-len: 8");
        if (!r.psid) fail(here + ".psid", "", "the PSID itself is wanted", "add psid: 0");
        // each by itself too: their sum may wrap
        if (r.psid_offset.value_or(6) > 16 || *r.psid_len > 16 ||
            r.psid_offset.value_or(6) + *r.psid_len > 16)
            fail(here + ".psid-len", std::to_string(*r.psid_len),
                 "offset and length are at most 16 bits together");
        if (*r.psid >> *r.psid_len != 0)
            fail(here + ".psid", std::to_string(*r.psid),
                 "is wider than psid-len: " + std::to_string(*r.psid_len) + " bits");
    }

    void inner_nat(std::size_t i, const nat& m) {
        const auto &pool = s.nats[i].external_ip_address_pool, &own = m.external_ip_address_pool;
        pool_against(i, own, "the pool of the NAT inside, " + m.name);
        if (!pool.empty() && !own.empty() &&
            is_ipv4(pool.parts().front().first) != is_ipv4(own.parts().front().first))
            fail(at("nats", i, "external-ip-address-pool"), to_string(pool),
                 "is of another address family than the pool of " + m.name,
                 "only clients themselves can be translated to IPv4 (NAT64)");
        if (m.static_mappings && m.port_set)
            not_yet(at("nats", i, "inside"), m.name,
                    "has static mappings beside port sets, and is inside another NAT: that is not "
                    "modelled yet");
    }

    void pool_against(std::size_t i, const address_set& own, const std::string& what) {
        const auto& pool = s.nats[i].external_ip_address_pool;
        const std::string here = at("nats", i, "external-ip-address-pool");
        if (pool.empty() || own.empty()) return;
        if (const auto both = pool & own; !both.empty())
            fail(here, to_string(pool), "overlaps " + what + " in " + to_string(both));
    }

    // A NAT translates within a family, or from IPv6 to IPv4 (NAT64): its clients' servers are of
    // its pool's family.
    void families(std::size_t i, const client_set& c) {
        const auto& pool = s.nats[i].external_ip_address_pool;
        const std::string here = at("nats", i, "external-ip-address-pool");
        if (pool.empty()) return;
        const bool v4 = is_ipv4(pool.parts().front().first);
        if (v4 != is_ipv4(pool.parts().back().last))
            fail(here, to_string(pool), "mixes IPv4 and IPv6", "write a NAT for each family");
        const bool inner_v4 = is_ipv4(c.addresses.parts().front().first);
        if (inner_v4 && !v4)
            fail(here, to_string(pool), "is IPv6, and client set " + c.name + " is IPv4",
                 "only IPv6 clients can be translated to the other family (NAT64)");
        for (const auto& v : s.servers) {
            if (!reaches(c, v)) continue;
            for (const auto a :
                 {v.addresses.parts().front().first, v.addresses.parts().back().last})
                if (is_ipv4(a) != v4)
                    fail(here, to_string(pool),
                         "is of another address family than server set " + v.name + ", which " +
                             c.name + " reaches through it",
                         "say in reaches what " + c.name +
                             " connects to; for NAT64, write the servers' IPv4 addresses");
        }
        const auto& prefixes = s.nats[i].nat64_prefixes;
        if (prefixes && !prefixes->empty() && (inner_v4 || !v4))
            fail(at("nats", i, "nat64-prefixes"), to_string(*prefixes),
                 "goes with IPv6 clients and an IPv4 pool");
    }

    // RFC 6052, 2.2.
    static void nat64_prefixes(const address_set& all, const std::string& here) {
        if (all.empty()) fail(here, "", "a prefix is wanted", "the well-known one is 64:ff9b::/96");
        for (const auto& part : all.parts()) {
            bool good = !is_ipv4(part.first);
            bool length = false;
            for (const unsigned bits : {32U, 40U, 48U, 56U, 64U, 96U}) {
                const u128 rest = (u128{1} << (128 - bits)) - 1;
                length = length || ((part.first & rest) == 0 && part.last - part.first == rest);
            }
            good = good && length;
            if (!good)
                fail(here, to_string(address_set(part.first, part.last)),
                     "an IPv6 prefix of length 32, 40, 48, 56, 64 or 96 is wanted",
                     "the well-known one is 64:ff9b::/96");
        }
    }

    // From a NAT outwards no NAT comes twice.
    void behind_itself(std::size_t i) const {
        std::string way = s.nats[i].name;
        std::size_t n = outer[i];
        // a ring further out has its own message
        for (std::size_t steps = 0; n < s.nats.size() && steps < s.nats.size(); ++steps) {
            way += " in " + s.nats[n].name;
            if (n == i)
                fail(at("nats", i, "inside"), s.nats[i].name, "is behind itself: " + way,
                     "let the outermost NAT be inside none");
            n = outer[n];
        }
    }

    static void rates(const rate_limits& r, const std::string& here) {
        if (!r.connections && !r.packets)
            fail(here + ".connections", "", "new connections a second are wanted, or packets",
                 "add connections: 1000/s");
        for (const auto& [what, limit, burst] :
             {std::tuple{"connections", r.connections, r.connections_burst},
              std::tuple{"packets", r.packets, r.packets_burst}}) {
            const std::string field = here + "." + what;
            if (!limit && burst)
                fail(field, "", "a burst goes with a rate",
                     std::string("add ") + what + ": 1000/s");
            if (limit && !(limit->per_second > 0 && limit->per_second <= most_per_second))
                fail(field, to_string(*limit), "a rate above 0 and at most 1e12/s is wanted");
            if (burst == std::uint64_t{0})
                fail(field + "-burst", "0", "a burst of 0 admits nothing", "leave it out");
        }
    }

    static void memory(const nat& n, const std::string& here) {
        const auto& m = *n.memory;
        if (!m.per_entry)
            fail(here + ".per-entry", "", "what one entry takes is wanted", "add per-entry: 320B");
        if (m.per_entry->bytes == 0) fail(here + ".per-entry", "0B", "a size above 0 is wanted");
        const auto entries = m.entries();
        if (!entries) return;
        if (*entries == 0)
            fail(here + ".total", to_string(*m.total), "is less than one entry takes");
        if (n.connection_limits.limit_per_instance.value_or(*entries + 1) > *entries)
            fail(here + ".total", to_string(*m.total),
                 "has room for " + std::to_string(*entries) +
                     " entries, less than connection-limits: {limit-per-instance}",
                 "set limit-per-instance to that");
    }

  private:
    const scenario& s;
    const known_names& names;
    std::set<std::string> may, placed;  // what may be inside a NAT; what is
    std::map<std::string, const client_set*> clients;
    std::map<std::string, const nat*> nats;
    std::vector<std::size_t> outer;
};

}  // namespace

void of_nats(const scenario& s, known_names& names) {
    for (std::size_t i = 0; i < s.nats.size(); ++i) names.add(at("nats", i), s.nats[i].name);
    checker check(s, names);
    for (std::size_t i = 0; i < s.nats.size(); ++i) check.router(i);
    for (std::size_t i = 0; i < s.nats.size(); ++i) check.behind_itself(i);
    of_ways(s);
    for (std::size_t i = 0; i < s.nats.size(); ++i) {
        of_gates(s, i);
        check.around(i);
    }
    servers_on_pools(s);
}

}  // namespace natbound::rules
