// Counting by backends, and laying out what was counted.
#include "backends.hpp"

#include <algorithm>

#include "hall.hpp"
#include "keyed_blocks.hpp"
#include "nat_reading.hpp"
#include "server_room.hpp"

namespace natbound {

namespace bj = boost::json;

namespace {

// The most connections to the set that mappings of one socket carry, and mappings of one external
// endpoint.
count most_of_a_socket(const design& d, const server_set& v) {
    const count backends = backends_of(v), addresses = v.addresses.size(), ports = v.ports.size();
    switch (d.mapping_type) {
        case mapping_type::eim:
            return std::min<count>(backends, addresses * ports);
        case mapping_type::adm:  // one mapping, with one external endpoint, for each address
            return addresses * std::min<count>(backends, ports);
        default:
            return addresses * ports;
    }
}

count most_of_an_endpoint(const design& d, const server_set& v) {
    const count addresses = v.addresses.size(), ports = v.ports.size();
    if (d.mapping_type == mapping_type::eim) return addresses * ports;
    const bool adm = d.mapping_type == mapping_type::adm;
    switch (d.clash_scope.destination) {
        case scope_destination::none:
            return adm ? ports : count(1);
        case scope_destination::address:
            return adm ? count(addresses * ports) : addresses;
        default:
            return addresses * ports;
    }
}

// What may be given towards all of a set alike.
nat_reading alike_towards_all(const nat_plan& plan, nat_reading reading) {
    const bool by_destination = plan.design.pool.of == hash_input::source_and_destination;
    if (reading.pool == pool_reading::any_hashed ||
        (reading.pool == pool_reading::hashed && by_destination))
        reading.pool = pool_reading::any;
    reading.mapping = mapping_type::edm;
    reading.scope.destination = scope_destination::endpoint;
    return by_pair(reading);
}

}  // namespace

std::vector<std::size_t> crowded_at(const scenario& s, const reach_table& reach,
                                    const nat_plan& plan, const std::vector<std::size_t>& inside) {
    std::vector<std::size_t> out;
    for (std::size_t v = 0; v < s.servers.size(); ++v)
        if (enough_for_backends(s, v) &&
            most_of_an_endpoint(plan.design, s.servers[v]) > backends_of(s.servers[v]) &&
            std::any_of(inside.begin(), inside.end(), [&](auto c) { return reach[c][v]; }))
            out.push_back(v);
    return out;
}

bj::object backend_count::json(const scenario& s, std::size_t server,
                               const bj::storage_ptr& memory) const {
    level cut{1, flow.closed_classes.front(), flow.open.front(), most};
    cut.closed.resize(sockets.sources.size(), false);
    pairing one;
    one.levels.push_back(std::move(cut));
    auto level = levels_json(sockets, one, s, memory).front().as_object();
    bj::object out(memory);
    out.emplace("server", s.servers[server].name);
    for (const char* key : {"closed", "open", "loose"}) out.emplace(key, level.at(key));
    out.emplace("at-most", json_count(most));
    return out;
}

std::optional<backend_count> count_by_backends(const scenario& s, const reach_table& reach,
                                               const nat_plan& plan,
                                               const std::vector<std::size_t>& inside,
                                               std::size_t server, const nat_reading& reading) {
    reach_table there(reach.size(), std::vector<bool>(s.servers.size(), false));
    for (const auto c : inside) there[c][server] = reach[c][server];
    auto groups = groups_of(s, there, plan, inside, alike_towards_all(plan, reading));
    if (groups.size() != 1) return std::nullopt;
    const auto& v = s.servers[server];
    backend_count out{std::move(groups.front()), {}, 0};
    out.sockets.keys = most_of_a_socket(plan.design, v);
    std::vector<pair_demand> all;
    for (const auto c : inside)
        if (there[c][server])
            all.push_back(
                {c, server,
                 s.clients[c].addresses.size() * s.clients[c].ports.size() * out.sockets.keys});
    flow_limits limits;
    limits.uses = {std::min<count>(backends_of(v), most_of_an_endpoint(plan.design, v))};
    out.flow = send({out.sockets}, all, 1, limits);
    for (const auto& p : out.flow.placements.front()) out.most += p.size;
    return out;
}

bool flow_decides(const scenario& s, const reach_table& reach, const nat_plan& plan,
                  const std::vector<std::size_t>& inside, std::size_t server,
                  const nat_reading& reading) {
    if (reading.mapping != mapping_type::edm ||
        reading.scope.destination != scope_destination::endpoint ||
        reading.pool == pool_reading::any_hashed ||
        (reading.pool == pool_reading::hashed &&
         plan.design.pool.of == hash_input::source_and_destination))
        return false;
    if (reading.scope.protocol) return true;
    const auto& v = s.servers[server];  // another protocol at the same endpoint shares its key
    for (std::size_t w = 0; w < s.servers.size(); ++w)
        if (w != server && !(s.servers[w].addresses & v.addresses).empty() &&
            !(s.servers[w].ports & v.ports).empty() &&
            std::any_of(inside.begin(), inside.end(), [&](auto c) { return reach[c][w]; }))
            return false;
    return true;
}

std::optional<std::vector<block>> blocks_to_backends(const group& g,
                                                     std::vector<placement> placements,
                                                     std::size_t nat) {
    constexpr std::uint64_t most_blocks = 100'000;
    if (g.keys * static_cast<std::uint64_t>(placements.size()) > most_blocks) return std::nullopt;
    if (std::any_of(placements.begin(), placements.end(), [](const auto& p) { return p.keeps; }))
        return std::nullopt;
    return blocks_by_turns(g, std::move(placements), nat);
}

std::vector<block> without_servers(const std::vector<block>& blocks,
                                   const std::set<std::size_t>& servers) {
    std::vector<block> out;
    for (const auto& b : blocks) {
        target rest;
        for (const auto& item : b.to->list)
            if (servers.count(item.server) == 0) rest.list.push_back(item);
        if (rest.list.size() == b.to->list.size()) out.push_back(b);
        if (rest.list.empty() || rest.list.size() == b.to->list.size()) continue;
        rest.endpoints = endpoints(rest.list);
        out.push_back(part_of(b, std::make_shared<const target>(std::move(rest)), 0, b.size));
    }
    return out;
}

}  // namespace natbound
