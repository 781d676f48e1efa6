// What NATs with paired pooling must keep (RFC 4787, REQ-2).
#include <algorithm>

#include "natbound/model/cascade.hpp"
#include "natbound/model/gates.hpp"
#include "natbound/model/hash.hpp"
#include "natbound/model/port_sets.hpp"
#include "rules.hpp"

namespace natbound::rules {

namespace {

// Firewalls aside, which change no tuple.
bool some_inside_another(const scenario& s) {
    const auto outer = outer_of(s);
    for (std::size_t n = 0; n < s.nats.size(); ++n)
        for (std::size_t m = outer[n]; m < s.nats.size() && translates(s.nats[n]); m = outer[m])
            if (translates(s.nats[m])) return true;
    return false;
}

// Where a subscriber's sets have to be on one address.
void of_sets(const scenario& s, const nat& n, const std::string& here) {
    const auto no = [&](const std::string& what, const std::string& fix) {
        not_yet(here, "true", "is not modelled yet for several port sets each " + what, fix);
    };
    const auto& pool = n.design.pool;
    if (n.port_set->dynamic) no("with a dynamic part", "port-sets-per-subscriber in its place");
    if (has_gates(s))
        no("in a row with firewalls, or beside limits of one protocol", "limits of all");
    if (n.static_mappings) no("beside static mappings", "a pool without static mappings");
    if (!pool.fallback && (pool.choice == pool_choice::first ||
                           (pool.choice == pool_choice::hash && is_known_hash(pool.hash))))
        no("where each subscriber's address is fixed", "pool.fallback: true");
    for (const auto& v : s.servers)
        if (v.connection_limits || v.backends)
            no("where servers have limits or backends (" + v.name + ")",
               "one set for each, or servers without them");
    for (const auto& m : s.nats)
        if (&m != &n && !(m.external_ip_address_pool & n.external_ip_address_pool).empty())
            no("where a pool is shared (" + m.name + ")", "a pool of its own");
}

}  // namespace

// Where pairing is read (the maximum, demands), each NAT is looked at by itself.
void of_pairing(const scenario& s, std::size_t i) {
    const auto& n = s.nats[i];
    const auto& pool = n.design.pool;
    const std::string here = at("nats", i, "design.pool.paired");
    if (pool.choice == pool_choice::hash && is_known_hash(pool.hash) &&
        pool.of != hash_input::source && pool.hash != "vpp-fold")
        fail(here, "true",
             "a hash of source and destination picks several addresses for one client",
             "write pool.of: source, or another choice");
    if (some_inside_another(s))
        not_yet(here, "true", "is not modelled yet for NATs inside one another");
    if (pairs_sets(n)) of_sets(s, n, here);
    if (const auto which = also_inside(s, i); !which.empty())
        not_yet(here, "true",
                "is not modelled yet where clients are spread over several NATs (" + which + ")");
}

}  // namespace natbound::rules
