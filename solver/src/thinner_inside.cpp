// Fewer ports, and mappings told apart as the outer NAT does.
#include "thinner_inside.hpp"

#include <algorithm>

#include "natbound/model/cascade.hpp"
#include "natbound/model/patch.hpp"
#include "natbound/model/port_sets.hpp"
#include "port_sets.hpp"

namespace natbound {
namespace {

// The ports that an address of the NATs inside may have at an outer one, if all have as many sets.
count ports_of_each(const scenario& s, const nat& outer) {
    const count subscribers = subscribers_of(s, outer);
    const auto supply = supply_of(outer, subscribers);
    const count more =
        std::min<count>(supply.each - supply.own, std::max<count>(supply.shared / subscribers, 1));
    return ports_of(*outer.port_set, supply.own + (supply.shared > 0 ? more : count(0)));
}

// Nothing where that is no restriction of what the NAT does now.
bool narrow(nat& n, const count& ports) {
    design d = n.port_set_restrict ? restricted(n.design) : n.design;
    if (n.port_set || d.search.rounds.empty()) return false;
    if (n.port_set_restrict) d.port_classes = {{all_ports(), n.port_set_restrict->ports()}};
    bool less = false;
    for (auto& c : d.port_classes) {
        less = less || c.ports.size() > ports;
        c.ports = c.ports.slice(0, ports);
    }
    // each parity that is kept needs a port of its own
    if (d.port_parity_preservation &&
        std::any_of(d.port_classes.begin(), d.port_classes.end(), [](const auto& c) {
            return (c.ports & even_ports()).empty() || (c.ports & odd_ports()).empty();
        }))
        return false;
    d.first_choice = first_choice::none;
    n.design = std::move(d);
    n.port_set_restrict.reset();
    return less;
}

bool coarser(scope_destination a, scope_destination b) {
    const auto rank = [](scope_destination x) {
        return x == scope_destination::none ? 0 : x == scope_destination::address ? 1 : 2;
    };
    return rank(a) < rank(b);
}

}  // namespace

std::vector<scenario> thinner_inside(const scenario& s) {
    scenario fewer_ports = s, as_outside = s;
    bool narrowed = false, scoped = false;
    const auto outer = outer_of(s);
    for (std::size_t n = 0; n < s.nats.size(); ++n) {
        if (!translates(s.nats[n])) continue;
        for (std::size_t m = outer[n]; m < s.nats.size(); m = outer[m]) {
            if (!s.nats[m].port_set) continue;
            nat one = s.nats[n];
            const bool less = narrow(one, ports_of_each(s, s.nats[m]));
            if (!less && one.design.search.rounds.empty()) break;
            narrowed = narrowed || less;
            if (less) fewer_ports.nats[n] = as_outside.nats[n] = one;
            auto& inner = as_outside.nats[n].design.clash_scope;
            const auto& outside = s.nats[m].design.clash_scope;
            if (coarser(outside.destination, inner.destination) && !s.nats[n].port_set) {
                inner.destination = outside.destination;
                scoped = true;
            }
            if (!outside.protocol && inner.protocol && !s.nats[n].port_set) {
                inner.protocol = false;
                scoped = true;
            }
            break;
        }
    }
    std::vector<scenario> out;
    if (scoped) out.push_back(std::move(as_outside));
    if (narrowed) out.push_back(std::move(fewer_ports));
    out.push_back(s);
    return out;
}

}  // namespace natbound
