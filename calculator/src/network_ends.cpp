// The ends of a network's connections: the clients' sockets, what servers hold, and what both keep
// in TIME-WAIT.
#include <cmath>

#include "natbound/calculator/listen.hpp"
#include "natbound/calculator/variates.hpp"
#include "network_simulation.hpp"

namespace natbound::calculator::detail {

std::uint32_t network_simulation::pair_of(ip_address client, transport protocol,
                                          const endpoint& to) {
    const auto [it, fresh] = pairs_.try_emplace({protocol, {client, 0}, to}, 0);
    if (!fresh) return it->second;
    it->second = sockets_.add_pair();
    pair_cursors_.resize(it->second + std::size_t{1});
    pair_cursors_.back() = static_cast<std::uint32_t>(random_.draw(port_count));
    return it->second;
}

port network_simulation::source_for(const network_stream& s, ip_address client,
                                    std::uint32_t pair) {
    const auto& ports = ports_[s.clients];
    switch (input_->of->clients[s.clients].source_ports.law) {
        case source_port_law::uniform:
            return sockets_.uniform(pair, ports, random_);
        case source_port_law::sequential: {
            const auto [it, fresh] = cursors_.try_emplace(client, 0);
            if (fresh) it->second = static_cast<std::uint32_t>(random_.draw(port_count));
            const port found = sockets_.next(pair, ports, it->second);
            if (found != port_count)
                it->second = static_cast<std::uint32_t>(*ports.set().rank(found)) + 1;
            return found;
        }
        case source_port_law::linux: {
            std::uint32_t steps = 0;
            const port found = sockets_.second(pair, ports, pair_cursors_[pair], steps);
            if (found != port_count)
                pair_cursors_[pair] = after_second(pair_cursors_[pair], ports, steps, random_);
            return found;
        }
    }
    return port_count;
}

bool network_simulation::served(std::size_t set, const endpoint& at) {
    const auto& v = input_->of->servers[set];
    // connections that are met on the way have been accepted
    accept_queue* wait = v.listen && !placing_ ? &servers_[set].accepting[at] : nullptr;
    refused_by_ = asked::listen;
    if (wait && !room_to_wait(*v.listen, *wait)) return false;
    refused_by_ = asked::servers;
    if (v.connection_limits) {
        auto& here = servers_[set].endpoints[at];
        auto& there = servers_[set].addresses[at.address];
        const auto& most = *v.connection_limits;
        if (most.limit_per_endpoint && here >= *most.limit_per_endpoint) return false;
        if (most.limit_per_address && there >= *most.limit_per_address) return false;
        ++here;
        ++there;
    }
    if (wait) ++wait->waiting;
    return true;
}

// Those that were accepted since go first. Times to accept are exponential, so that one that is due
// is drawn when the one before is done.
bool network_simulation::room_to_wait(const listen_queue& queue, accept_queue& here) {
    const double rate = queue.accepts->per_second;
    while (here.waiting > 0 && here.next <= now_) {
        --here.waiting;
        here.next += exponential(random_) / rate;
    }
    if (here.waiting == 0) here.next = now_ + exponential(random_) / rate;
    return here.waiting < listen_room(queue);
}

void network_simulation::unserved(std::size_t set, const endpoint& at) {
    if (!input_->of->servers[set].connection_limits) return;
    --servers_[set].endpoints[at];
    --servers_[set].addresses[at.address];
}

// Seconds that the client's socket stays taken after a close, where the NATs keep their entries for
// so long.
double network_simulation::waits(const network_stream& s, bool fin, bool first,
                                 double entries) const {
    if (!s.time_wait) return entries;
    return fin && first ? *s.time_wait : 0;
}

// The server closed first.
void network_simulation::keeps_tuple(const connection& c, const network_stream& s) {
    if (const auto& wait = input_->of->servers[s.servers].time_wait)
        kept_[{c.server, c.outside}] = now_ + wait->seconds;
}

void network_simulation::free_socket(connection& c) {
    if (c.socket) sockets_.release(c.pair, c.source);
    c.socket = false;
}

}  // namespace natbound::calculator::detail
