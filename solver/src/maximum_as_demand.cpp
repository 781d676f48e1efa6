// Every pair with all its sockets, sent through all NATs at once; what goes through is the demand.
#include "maximum_as_demand.hpp"

#include <algorithm>
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

// The servers' limits, or the gates, each around those that it counts all of.
std::optional<flow_limits> limits_above(const scenario& s, const demand_list& all,
                                        const std::vector<gate>& gates) {
    flow_limits out;
    const server_room room(s);
    out.above_of.resize(all.size());
    if (room.any()) {
        if (!gates.empty()) return std::nullopt;
        std::map<std::size_t, std::size_t> place;
        for (std::size_t v = 0; v < s.servers.size(); ++v)
            if (room.most(v)) {
                place[v] = out.above.size();
                out.above.push_back({*room.most(v)});
            }
        for (std::size_t d = 0; d < all.size(); ++d)
            if (const auto it = place.find(all[d].server); it != place.end())
                out.above_of[d] = it->second;
        return out;
    }
    std::vector<std::vector<std::size_t>> counted;
    for (const auto& g : gates) {
        auto& mine = counted.emplace_back();
        for (std::size_t d = 0; d < all.size(); ++d)
            if (g.counts(all[d].client, all[d].server)) mine.push_back(d);
    }
    std::vector<std::size_t> order(gates.size());
    std::iota(order.begin(), order.end(), std::size_t{0});
    std::stable_sort(order.begin(), order.end(),
                     [&](auto a, auto b) { return counted[a].size() > counted[b].size(); });
    for (const auto g : order) {
        if (counted[g].empty()) continue;
        const auto around = out.above_of[counted[g].front()];
        for (const auto d : counted[g]) {
            if (out.above_of[d] != around) return std::nullopt;  // one cuts across another
            out.above_of[d] = out.above.size();
        }
        out.above.push_back({gates[g].most, around});
    }
    return out;
}

std::optional<demand_list> most_by_flow(const scenario& s, const std::vector<gate>& gates) {
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
    auto above = limits_above(s, all, gates);
    if (!above) return std::nullopt;
    one->limits.above = std::move(above->above);
    one->limits.above_of = std::move(above->above_of);
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

std::optional<std::vector<block>> laid_as_demand(const scenario& s,
                                                 const std::vector<gate>& gates) {
    const auto fewer = on_enough_endpoints(s);
    const scenario& seen = fewer ? *fewer : s;
    const auto most = most_by_flow(seen, gates);
    if (!most) return std::nullopt;
    by_pairs pairs(seen, *most);
    if (!pairs.each_nat() || !pairs.within_servers()) return std::nullopt;
    return std::move(pairs.blocks());
}

}  // namespace natbound
