// Which networks are stepped as a whole, and how they are written down for it.
#include <algorithm>
#include <map>

#include "natbound/model/cascade.hpp"
#include "natbound/model/error.hpp"
#include "natbound/model/gates.hpp"
#include "natbound/model/port_sets.hpp"
#include "network_simulation.hpp"

namespace natbound::calculator::detail {
namespace {

[[noreturn]] void not_simulated(const nat& n, const std::string& what) {
    throw unsupported("NAT " + n.name + ": " + what +
                      " beside NATs inside others, firewalls, limits on subscribers or of servers, "
                      "or clients' time-wait are not simulated in this version");
}

void refuse_what_is_not_stepped(const scenario& s) {
    for (const auto& n : s.nats) {
        if (n.rate_limits) not_simulated(n, "rate-limits");
        if (!translates(n)) {
            if (n.design.pressure != pressure_kind::refuse)
                throw unsupported("NAT " + n.name +
                                  ": a firewall that drops entries is not simulated in this "
                                  "version");
            if (n.connection_limits.limit_per_subscriber || n.mapping_limits.limit_subscribers)
                throw unsupported("NAT " + n.name +
                                  ": a firewall's limits on subscribers are not simulated in this "
                                  "version");
        }
        const auto type = n.design.mapping_type;
        if (n.mapping_limits.limit_port_mappings &&
            (type == mapping_type::eim || type == mapping_type::adm))
            throw unsupported("NAT " + n.name +
                              ": a limit on mappings that several flows share is not modelled yet");
    }
    for (const auto& v : s.servers)
        if (v.backends && v.addresses.size() * v.ports.size() > 1)
            throw unsupported("server set " + v.name +
                              ": which backend each of several endpoints picks is not known, so "
                              "it is not simulated");
}

// The NATs on the way of a client set, inner ones first.
std::vector<std::size_t> way_of(const scenario& s, std::size_t client) {
    std::vector<std::size_t> out;
    std::string name = s.clients[client].name;
    for (bool more = true; more;) {
        more = false;
        for (std::size_t n = 0; !more && n < s.nats.size(); ++n) {
            const auto& inside = s.nats[n].inside;
            if (std::find(inside.begin(), inside.end(), name) == inside.end()) continue;
            out.push_back(n);
            name = s.nats[n].name;
            more = true;
        }
    }
    return out;
}

}  // namespace

bool needs_network(const scenario& s) {
    return is_cascade(s) || has_gates(s) ||
           std::any_of(s.clients.begin(), s.clients.end(),
                       [](const auto& c) { return c.time_wait.has_value(); }) ||
           std::any_of(
               s.nats.begin(), s.nats.end(),
               [](const auto& n) {
                   return !translates(n) || n.mapping_limits.limit_subscribers ||
                          (n.port_set && (dealt_on_demand(*n.port_set) || n.static_mappings));
               }) ||
           std::any_of(s.servers.begin(), s.servers.end(), [](const auto& v) {
               return v.connection_limits || v.time_wait || v.listen;
           });
}

scenario as_stepped(const scenario& s) {
    if (!has_gates(s)) return is_staged(s) ? side_by_side(s) : s;
    return is_spread(s) ? parted(s) : s;
}

network_input network_of(const scenario& s, const filled_traffic& traffic) {
    refuse_what_is_not_stepped(s);
    network_input out;
    out.of = &s;
    std::map<std::pair<std::size_t, std::size_t>, std::uint32_t> kinds;
    for (const auto& t : traffic.streams) {
        if (is_later_stage(s, t.clients)) continue;  // counted where it began
        if (t.arrives.law != arrival_law::poisson)
            throw unsupported(
                "bursts through NATs inside others, firewalls, to servers with limits, or of "
                "clients with time-wait are not simulated in this version");
        network_stream next;
        next.clients = t.clients;
        next.servers = t.servers;
        next.weights = t.weights;
        next.way = way_of(s, t.clients);
        next.law.rate = t.rate;
        next.law.open = t.open;
        next.law.closing = t.closing;
        for (auto& phase : next.law.closing)
            for (const auto n : next.way)
                phase.seconds = std::max(phase.seconds, s.nats[n].timer(phase.cause));
        next.time_wait = t.time_wait;
        next.client_closes = t.client_closes;
        next.fin = t.fin;
        const auto [it, fresh] =
            kinds.try_emplace({t.clients, t.servers}, static_cast<std::uint32_t>(kinds.size()));
        if (fresh) out.kinds.push_back({t.clients, t.servers, ""});
        next.kind = it->second;
        out.streams.push_back(std::move(next));
    }
    return out;
}

}  // namespace natbound::calculator::detail
