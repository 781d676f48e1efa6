// Counting sockets within limits.
#include "firewall.hpp"

#include <algorithm>
#include <map>

#include "counted_limit.hpp"
#include "server_room.hpp"
#include "words.hpp"

namespace natbound {

namespace bj = boost::json;

namespace {

// Sockets that pass as they are, towards all of these.
block passing(const scenario& s, std::size_t nat, std::size_t client, const port_set& ports,
              target to) {
    block b;
    b.to = std::make_shared<const target>(std::move(to));
    b.client = client;
    b.nat = nat;
    b.addresses = b.via_addresses = s.clients[client].addresses;
    b.ports = b.via_ports = ports;
    b.preserve = true;
    b.size = b.addresses.size() * ports.size();
    return b;
}

target reached_by(const scenario& s, const reach_table& reach, std::size_t client) {
    target out;
    for (std::size_t v = 0; v < s.servers.size(); ++v)
        if (reach[client][v]) out.list.push_back({v, s.servers[v].addresses, s.servers[v].ports});
    out.endpoints = endpoints(out.list);
    return out;
}

// Of each address of a client set at most `quota`.
std::vector<block> blocks_of(const scenario& s, std::size_t nat, std::size_t client,
                             const target& to, const std::optional<std::uint64_t>& quota) {
    const auto& ports = s.clients[client].ports;
    std::vector<block> out;
    const count own = ports.size() * to.endpoints;
    const count most = quota ? std::min<count>(own, *quota) : own;
    const count whole = most / to.endpoints, rest = most % to.endpoints;
    if (whole > 0) out.push_back(passing(s, nat, client, ports.slice(0, whole), to));
    if (rest > 0)
        out.push_back(passing(s, nat, client, ports.slice(static_cast<u128>(whole), 1),
                              {slice_endpoints(to.list, 0, rest), rest}));
    return out;
}

}  // namespace

nat_capacity firewall_capacity(const scenario& s, const reach_table& reach, std::size_t nat,
                               const std::vector<std::size_t>& inside,
                               const bj::storage_ptr& memory, server_room* room) {
    const auto& n = s.nats[nat];
    const auto& quota = n.connection_limits.limit_per_subscriber;
    const auto& table = n.connection_limits.limit_per_instance;
    nat_capacity out;
    out.binds = "sockets";
    bool capped = false;
    for (const auto c : inside) {
        const auto to = reached_by(s, reach, c);
        if (to.endpoints == 0) continue;
        const count own = s.clients[c].ports.size() * told_apart(s, to.list);
        capped = capped || (quota && own > *quota);
        out.at_most += s.clients[c].addresses.size() * (quota ? std::min<count>(own, *quota) : own);
        auto some = blocks_of(s, nat, c, to, quota);
        std::move(some.begin(), some.end(), std::back_inserter(out.blocks));
    }
    out.sets_it = capped ? n.name + " allows a subscriber " + grouped(*quota) + " connections"
                         : sockets_in_words(s, inside);
    if (capped) out.binds = "quota";
    if (table && *table < out.at_most) {
        out.at_most = *table;
        out.binds = "table";
        out.sets_it = table_in_words(n, *table) + " holds " + grouped(*table);
    }
    if (room) {
        const server_room before = *room;
        out.blocks = room->admit(out.blocks);
        if (table) {
            keep_connections(out.blocks, *table);
            *room = before;
            room->admit(out.blocks);
        }
    } else if (table) {
        keep_connections(out.blocks, *table);
    }
    out.at_least = out.mappings = connections(out.blocks);
    if (out.at_least < out.at_most)
        out.why_bounds = "how what the servers hold is best divided is not settled";
    out.does_not_fit = bj::object({{"nat", n.name}, {"at-most", json_count(out.at_most)}}, memory);
    return out;
}

std::optional<std::vector<block>> through_firewall(const scenario& s, std::size_t nat,
                                                   const demand_list& pairs) {
    std::vector<block> out;
    std::map<std::size_t, count> used;  // by one address of a client set, at most
    for (const auto& p : pairs) {
        const auto& c = s.clients[p.client];
        const auto& v = s.servers[p.server];
        const destination_list whole{{p.server, v.addresses, v.ports}};
        const count endpoints = v.addresses.size() * v.ports.size(), wide = c.addresses.size();
        // towards each endpoint so many ports of every address, then of some, then of one
        const count each = p.connections / endpoints, more = p.connections % endpoints;
        const auto add = [&](const count& from, const count& many, const count& connections) {
            if (many == 0 || connections == 0) return;
            const count ports = (connections + wide - 1) / wide;
            auto b = passing(s, nat, p.client, c.ports.slice(0, ports),
                             {slice_endpoints(whole, from, many), many});
            used[p.client] += ports * many;
            // the port changes fastest: the last addresses have fewer
            b.size = connections;
            trim(b);
            out.push_back(std::move(b));
        };
        add(0, more, each + 1);
        add(more, endpoints - more, each);
    }
    if (const auto& quota = s.nats[nat].connection_limits.limit_per_subscriber)
        for (const auto& [client, many] : used)
            if (many > *quota) return std::nullopt;
    return out;
}

void with_firewalls(const scenario& s, guaranteed_result& out) {
    const auto reach = reaches_of(s);
    for (std::size_t i = 0; i < s.nats.size(); ++i) {
        const auto& n = s.nats[i];
        if (translates(n)) continue;
        const auto& quota = n.connection_limits.limit_per_subscriber;
        count there = 0, most = 0;  // in all; of one address
        for (std::size_t c = 0; c < s.clients.size(); ++c) {
            if (std::find(n.inside.begin(), n.inside.end(), s.clients[c].name) == n.inside.end())
                continue;
            const count own = s.clients[c].ports.size() * reached_by(s, reach, c).endpoints;
            most = std::max(most, own);
            there += s.clients[c].addresses.size() * (quota ? std::min<count>(own, *quota) : own);
        }
        const auto& table = n.connection_limits.limit_per_instance;
        const bool cuts = n.design.pressure == pressure_kind::drop_least_recently_used;
        const auto consider = [&](const std::optional<std::uint64_t>& limit, const count& all,
                                  const char* kind, const std::string& words) {
            if (limit && all > *limit)
                count_limit(out, {*limit, kind, n.name, "any client inside " + n.name, words,
                                  bj::object{{"reason", "state"}, {"nat", n.name}}});
        };
        consider(table, there, "table",
                 (table ? table_in_words(n, *table, "table") + " holds " + grouped(*table) : "") +
                     (cuts ? "; the next connection cuts the one least recently used"
                           : "; the next connection is refused"));
        consider(quota, most, "quota",
                 n.name + " allows a subscriber " + (quota ? grouped(*quota) : "") +
                     " connections; its next one is refused");
    }
}

}  // namespace natbound
