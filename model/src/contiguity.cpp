// Pairs of ports, and what a NAT that keeps them together is not yet combined with.
#include "natbound/model/contiguity.hpp"

#include <algorithm>

#include "natbound/model/cascade.hpp"
#include "natbound/model/gates.hpp"
#include "rules.hpp"

namespace natbound {

port_set partners(const port_set& ports) {
    const port_set odd = ports & odd_ports(), even = ports & even_ports();
    port_set below, above;
    for (const auto& part : odd.parts()) below.append(part.first - 1, part.last - 1);
    for (const auto& part : even.parts()) above.append(part.first + 1, part.last + 1);
    return below | above;
}

port_set in_pairs(const port_set& ports) { return ports & partners(ports); }

bool requires_contiguity(const nat& n) {
    if (!translates(n)) return false;
    const bool patched = n.port_set_restrict && n.design.when_restricted.text != json_text{}.text;
    const auto axis = patched ? restricted(n.design).port_contiguity : n.design.port_contiguity;
    return axis == contiguity::require;
}

void validate_contiguity(const scenario& s, std::size_t i) {
    const auto& n = s.nats[i];
    if (!requires_contiguity(n)) return;
    const std::string here = rules::at("nats", i, "design.port-contiguity");
    const auto not_settled = [&](const std::string& with) {
        rules::not_yet(here, "require", "is not settled in this version with " + with,
                       "write attempt");
    };
    if (is_cascade(without_gates(s).rest)) not_settled("NATs inside one another");
    if (n.port_set) not_settled("port sets");
    if (n.workers && n.workers->count > 1) not_settled("workers");
    if (n.connection_limits.limit_per_subscriber) not_settled("a quota of a subscriber");
    if (n.mapping_limits.limit_subscribers) not_settled("a limit on subscribers");
    for (const auto& v : s.servers)
        if (v.connection_limits || v.backends)
            not_settled("servers that have limits or backends (" + v.name + ")");
    if (const auto which = rules::also_inside(s, i); !which.empty())
        not_settled("clients that are spread over NATs (" + which + ")");
    for (const auto& a : s.clients)
        for (const auto& b : s.clients)
            if (&a != &b && !(a.addresses & b.addresses).empty() &&
                !(partners(a.ports) & b.ports).empty())
                not_settled("client sets that have partners of one another's ports (" + a.name +
                            ", " + b.name + ")");
}

}  // namespace natbound
