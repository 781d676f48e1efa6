// Sockets, endpoints and limits multiplied.
#include "rough.hpp"

#include <algorithm>
#include <set>

#include "natbound/model/cascade.hpp"
#include "natbound/model/plan.hpp"
#include "natbound/model/work.hpp"
#include "words.hpp"

namespace natbound {
namespace {

count endpoints_of(const server_set& v) { return v.addresses.size() * v.ports.size(); }

// Connections that the sockets of a client set can make.
count sockets_of(const scenario& s, const reach_table& reach, std::size_t c) {
    return endpoints_reached(s, reach, c) * s.clients[c].addresses.size() *
           s.clients[c].ports.size();
}

void say(nat_capacity& out, const count& most, const char* binds, const std::string& why) {
    if (most >= out.at_most) return;
    out.at_most = most;
    out.binds = binds;
    out.sets_it = why + ": at most " + grouped(most);
}

nat_capacity begun(const count& most, const std::string& why) {
    nat_capacity out;
    out.at_most = most + 1;
    say(out, most, "sockets", why);
    out.rough = true;
    if (const auto ended = limit_hit()) out.why_bounds = ended->what();
    return out;
}

}  // namespace

nat_capacity rough_capacity(const scenario& s, const reach_table& reach, std::size_t nat,
                            const std::vector<std::size_t>& inside) {
    const auto& n = s.nats[nat];
    count sockets = 0, reached = 0;
    for (const auto c : inside) sockets += sockets_of(s, reach, c);
    auto out = begun(sockets, "the sockets of the clients inside " + n.name);
    for (std::size_t v = 0; v < s.servers.size(); ++v)
        if (std::any_of(inside.begin(), inside.end(), [&](auto c) { return reach[c][v]; }))
            reached += endpoints_of(s.servers[v]);
    if (translates(n))
        say(out, n.external_ip_address_pool.size() * 65536 * reached, "ports",
            "65,536 ports on each address of " + n.name + ", towards every destination");
    if (const auto& table = n.connection_limits.limit_per_instance)
        say(out, *table, "table", table_in_words(n, *table));
    return out;
}

nat_capacity rough_maximum(const scenario& s) {
    const auto reach = reaches_of(s);
    count sockets = 0, routed = 0, through = 0;
    std::set<std::string> named;
    for (const auto& n : s.nats) named.insert(n.inside.begin(), n.inside.end());
    for (std::size_t c = 0; c < s.clients.size(); ++c) {
        const count here = sockets_of(s, reach, c);
        sockets += here;
        if (named.count(s.clients[c].name) == 0) routed += here;
    }
    auto out = begun(sockets, "the sockets of all clients");
    if (is_cascade(s)) {  // an outer NAT is told what the inner ones send
        count endpoints = 0;
        for (const auto& v : s.servers) endpoints += endpoints_of(v);
        for (const auto& n : s.nats)
            if (named.count(n.name) == 0) {
                count most =
                    translates(n) ? n.external_ip_address_pool.size() * 65536 * endpoints : sockets;
                if (const auto& table = n.connection_limits.limit_per_instance)
                    most = std::min<count>(most, *table);
                through += most;
            }
    } else {
        const auto inside = inside_of(s);
        for (std::size_t n = 0; n < s.nats.size(); ++n)
            through += rough_capacity(s, reach, n, inside[n]).at_most;
    }
    say(out, through + routed, "ports", "the NATs' endpoints and limits, and what is routed");
    return out;
}

}  // namespace natbound
