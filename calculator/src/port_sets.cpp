// One subscriber for all of its client set.
#include "port_sets.hpp"

#include "natbound/model/error.hpp"
#include "natbound/model/port_sets.hpp"

namespace natbound::calculator::detail {

nat one_subscribers(const nat& n) {
    if (n.static_mappings)
        throw unsupported("NAT " + n.name +
                          ": how often connections fail with port sets of which static mappings "
                          "keep ports is not modelled in this version");
    nat out = own_nat(n, port_set_layout(n).at(0));
    out.connection_limits = n.connection_limits;
    out.mapping_limits = n.mapping_limits;
    return out;
}

subscriber one_subscriber(const scenario& s, const filled_traffic& traffic, const nat& n,
                          std::size_t clients) {
    if (dealt_on_demand(*n.port_set))
        throw unsupported("NAT " + n.name +
                          ": port blocks that are dealt on demand are not simulated yet");
    subscriber out;
    out.clients = clients;
    out.copies = static_cast<double>(s.clients[clients].addresses.size());
    out.s.clients = {s.clients[clients]};
    auto& c = out.s.clients.front();
    const ip_address first = c.addresses.at(0);
    c.addresses = {first, first};
    out.s.servers = s.servers;
    out.s.nats = {one_subscribers(n)};
    auto& own = out.s.nats.front();
    own.inside = {c.name};
    if (own.connection_limits.limit_per_instance || own.mapping_limits.limit_port_mappings)
        out.assumed = n.name + ": one subscriber of " + c.name +
                      " is simulated, so its table of all subscribers never refuses";
    own.connection_limits.limit_per_instance.reset();
    own.mapping_limits = {};
    out.plan = std::make_unique<nat_plan>(own);
    out.traffic.given = traffic.given;
    for (auto t : traffic.streams) {
        if (t.clients != clients) continue;
        t.clients = 0;
        t.rate /= out.copies;
        out.traffic.streams.push_back(std::move(t));
    }
    return out;
}

}  // namespace natbound::calculator::detail
