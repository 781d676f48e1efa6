// Endpoint-independent: a client set needs as many mappings as its largest demand towards one
// server set asks for.
#include "shared_mappings.hpp"

#include <algorithm>
#include <map>
#include <set>

#include "mapping_need.hpp"
#include "nat_reading.hpp"
#include "pair_network.hpp"

namespace natbound {
namespace {

// The client set's mappings, in order, each given its endpoints; `before` mappings lie in earlier
// blocks.
void dress(const scenario& s, const block& b, const mapping_need& n, const count& before,
           std::vector<block>& out) {
    count from = 0;
    for (const auto& end : n.ends(before, b.size)) {
        destination_list to;
        for (const auto& w : n.wishes) {
            const auto& v = s.servers[w.server];
            for (auto& item :
                 slice_endpoints({{w.server, v.addresses, v.ports}}, 0, n.share(w, before + from)))
                to.push_back(std::move(item));
        }
        if (const count many = endpoints(to); many > 0) {
            auto there = std::make_shared<const target>(target{std::move(to), many});
            out.push_back(part_of(b, std::move(there), from, end - from));
            out.back().weight = many;
        }
        from = end;
    }
}

}  // namespace

shared_placing place_shared_mappings(const scenario& s, const reach_table& reach,
                                     const nat_plan& plan, const std::vector<std::size_t>& inside,
                                     const nat_reading& reading, const demand_list& demands,
                                     std::size_t nat) {
    if (reading.mapping == mapping_type::adm)
        return place_address_mappings(s, plan, inside, reading, demands, nat);
    const auto groups = groups_of(s, reach, plan, inside, by_pair(reading));
    std::map<std::pair<std::size_t, transport>, mapping_need> needs;
    for (const auto& d : demands) {
        const auto& v = s.servers[d.server];
        needs[{d.client, v.protocol}].add(d.server, d.connections,
                                          v.addresses.size() * v.ports.size());
    }
    // In a group read by pair a class of eim goes by its client set and the first server set of its
    // protocol that it reaches.
    std::vector<pair_demand> mappings;
    std::set<std::pair<std::size_t, std::size_t>> seen;
    for (const auto& g : groups)
        for (const auto& c : g.sources) {
            const std::size_t client = c.runs.front().client;
            const std::size_t first = g.bundles[c.runs.front().to].front().server;
            const auto it = needs.find({client, s.servers[first].protocol});
            if (it != needs.end() && seen.insert({client, first}).second)
                mappings.push_back({client, first, it->second.mappings});
        }
    const auto flow = send(groups, mappings);
    if (!flow.fits) {
        std::set<std::pair<std::size_t, transport>> closed;
        for (std::size_t k = 0; k < mappings.size(); ++k)
            if (flow.closed[k])
                closed.emplace(mappings[k].client, s.servers[mappings[k].server].protocol);
        return {std::nullopt, those(demands, [&](const pair_demand& d) {
                    return closed.contains({d.client, s.servers[d.server].protocol});
                })};
    }
    std::vector<block> out;
    std::map<std::pair<std::size_t, transport>, count> done;
    for (std::size_t g = 0; g < groups.size(); ++g)
        for (const auto& b : blocks_of(groups[g], {{}, flow.placements[g]}, nat)) {
            const std::pair<std::size_t, transport> key{
                b.client, s.servers[b.to->list.front().server].protocol};
            dress(s, b, needs.at(key), done[key], out);
            done[key] += b.size;
        }
    return {std::move(out), {}};
}

}  // namespace natbound
