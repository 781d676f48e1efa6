// Every pair with all its sockets, sent through all NATs at once; what goes through is the demand.
#include "maximum_as_demand.hpp"

#include <map>
#include <numeric>

#include "joint_nats.hpp"
#include "nat_capacity.hpp"
#include "pair_fit.hpp"
#include "server_room.hpp"

namespace natbound {
namespace {

// Clients inside no NAT, as a group of their own: each socket is its own external endpoint.
group of_routed(const scenario& s, std::size_t client, std::size_t server) {
    const auto& c = s.clients[client];
    const auto& v = s.servers[server];
    group out;
    out.to = {{server, v.addresses, v.ports}};
    out.keys = endpoints(out.to);
    out.bundles = {out.to};
    out.externals.push_back({c.addresses, c.ports});
    source_class sockets;
    sockets.weight = 1;
    sockets.mappings = c.addresses.size() * c.ports.size();
    sockets.open = {0};
    sockets.runs.push_back({client, c.addresses, c.ports, 0, carriage::every, sockets.mappings});
    out.sources.push_back(std::move(sockets));
    return out;
}

std::optional<demand_list> most_by_flow(const scenario& s) {
    const auto reach = reaches_of(s);
    const auto inside = inside_of(s);
    demand_list all;
    for (std::size_t c = 0; c < s.clients.size(); ++c)
        for (std::size_t v = 0; v < s.servers.size(); ++v)
            if (reach[c][v])
                all.push_back({c, v,
                               s.clients[c].addresses.size() * s.clients[c].ports.size() *
                                   s.servers[v].addresses.size() * s.servers[v].ports.size()});
    std::vector<std::size_t> nats(s.nats.size());
    std::iota(nats.begin(), nats.end(), std::size_t{0});
    auto one = as_one(s, reach, inside, nats, all);
    if (!one) return std::nullopt;
    for (const auto c : inside.back())
        for (std::size_t v = 0; v < s.servers.size(); ++v)
            if (reach[c][v]) one->groups.push_back(of_routed(s, c, v));
    const server_room room(s);
    for (std::size_t v = 0; v < s.servers.size(); ++v)
        if (room.most(v)) one->limits.servers[v] = *room.most(v);
    const auto flow = send(one->groups, all, 1, one->limits);
    std::map<std::pair<std::size_t, std::size_t>, count> sums;
    for (std::size_t g = 0; g < one->groups.size(); ++g)
        for (const auto& p : flow.placements[g]) {
            const auto& run = one->groups[g].sources[p.source].runs.front();
            sums[{run.client, one->groups[g].bundles[run.to].front().server}] += p.size;
        }
    demand_list out;
    for (const auto& [pair, n] : sums) out.push_back({pair.first, pair.second, n});
    return out;
}

}  // namespace

std::optional<std::vector<block>> laid_as_demand(const scenario& s) {
    const auto fewer = on_enough_endpoints(s);
    const scenario& seen = fewer ? *fewer : s;
    const auto most = most_by_flow(seen);
    if (!most) return std::nullopt;
    by_pairs pairs(seen, *most);
    if (!pairs.each_nat() || !pairs.within_servers()) return std::nullopt;
    return std::move(pairs.blocks());
}

}  // namespace natbound
