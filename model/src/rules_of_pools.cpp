// Servers at the addresses of a NAT that their clients are behind.
#include <algorithm>

#include "natbound/model/holes.hpp"
#include "rules.hpp"

namespace natbound::rules {

namespace {

bool is_inside(const nat& n, const std::string& name) {
    return std::find(n.inside.begin(), n.inside.end(), name) != n.inside.end();
}

// Whether clients inside it, or inside a NAT that is inside it, reach the servers.
bool sends_to(const scenario& s, const nat& n, const server_set& v) {
    for (const auto& c : s.clients)
        if (is_inside(n, c.name) && reaches(c, v)) return true;
    return std::any_of(s.nats.begin(), s.nats.end(), [&](const nat& inner) {
        return is_inside(n, inner.name) && sends_to(s, inner, v);
    });
}

}  // namespace

// What goes to a NAT's own address stays with the NAT, unless it forwards that port to a host
// inside (hairpinning, RFC 4787, 6): then a static mapping keeps the port, and nobody is given it.
void servers_on_pools(const scenario& s) {
    for (std::size_t i = 0; i < s.nats.size(); ++i) {
        const auto& n = s.nats[i];
        for (const auto& v : s.servers) {
            const auto both = n.external_ip_address_pool & v.addresses;
            if (both.empty() || !sends_to(s, n, v)) continue;
            const hole_list holes(n, true);
            for (const auto& part : holes.alike()) {
                const auto there = part & both;
                if (there.empty()) continue;
                const auto open = v.ports - holes.at(v.protocol, there.at(0));
                if (open.empty()) continue;
                fail(at("nats", i, "external-ip-address-pool"),
                     to_string(n.external_ip_address_pool),
                     "holds addresses of server set " + v.name + ", which its clients reach, in " +
                         to_string(there),
                     "leave them out of one of the two; if the NAT forwards these ports to a host "
                     "inside, add static-mappings: [{external-src-port: " +
                         to_string(open) + "}]");
            }
        }
    }
}

}  // namespace natbound::rules
