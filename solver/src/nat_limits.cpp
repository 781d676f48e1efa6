// A NAT's limits on mappings and connections, what they bound, and who is inside it.
#include <algorithm>
#include <map>

#include "nat_capacity.hpp"
#include "natbound/model/error.hpp"
#include "natbound/model/port_sets.hpp"
#include "overlay.hpp"
#include "words.hpp"

namespace natbound {

namespace {

// The most connections that one mapping can carry: the endpoints of one protocol that one client
// set reaches; where a mapping is of one destination address, those at one.
count most_of_a_mapping(const scenario& s, const reach_table& reach,
                        const std::vector<std::size_t>& inside, bool of_an_address) {
    count most = 1;
    for (const auto c : inside) {
        std::map<transport, std::vector<const server_set*>> reached;
        for (std::size_t v = 0; v < s.servers.size(); ++v)
            if (reach[c][v]) reached[s.servers[v].protocol].push_back(&s.servers[v]);
        for (const auto& [protocol, servers] : reached) {
            count all = 0;
            std::vector<const address_set*> places;
            for (const auto* v : servers) {
                all += v->addresses.size() * v->ports.size();
                places.push_back(&v->addresses);
            }
            if (!of_an_address) {
                most = std::max(most, all);
                continue;
            }
            for (const auto& o : overlay<ip_address>(places)) {
                count here = 0;
                for (const auto k : o.sets) here += servers[k]->ports.size();
                most = std::max(most, here);
            }
        }
    }
    return most;
}

}  // namespace

void keep_limits(nat_capacity& out, const nat& n) {
    const nat open = n.port_set ? undealt(n) : n;
    const nat_plan plan(open);
    out.mappings = 0;
    if (plan.mappings) keep_mappings(out.blocks, *plan.mappings);
    out.at_least = connections(out.blocks);
    if (plan.table && out.at_least > *plan.table) {
        out.mappings = keep_connections(out.blocks, *plan.table);
        out.at_least = *plan.table;
    } else {
        for (const auto& b : out.blocks) out.mappings += b.mappings();
    }
}

std::optional<nat_limit> limit_of(const scenario& s, const reach_table& reach, const nat_plan& plan,
                                  const std::vector<std::size_t>& inside) {
    std::optional<nat_limit> out;
    // the plan's table joins both limits where each flow has a mapping of its own: here they are
    // told apart, for the words
    if (const auto& table = plan.of->connection_limits.limit_per_instance)
        out = {*table, "table", table_in_words(*plan.of, *table) + " holds " + grouped(*table)};
    if (const auto& m = plan.of->mapping_limits.limit_port_mappings) {
        const count each =
            plan.mappings
                ? most_of_a_mapping(s, reach, inside, plan.design.mapping_type == mapping_type::adm)
                : count(1);
        const count most = each * *m;
        if (!out || most < out->connections)
            out = {most, "mappings",
                   plan.of->name + " holds " + grouped(*m) + " mappings" +
                       (each == 1 ? "" : ", each of up to " + grouped(each) + " connections")};
    }
    return out;
}

std::vector<std::vector<std::size_t>> inside_of(const scenario& s) {
    std::map<std::string, std::size_t> clients;
    for (std::size_t c = 0; c < s.clients.size(); ++c) clients[s.clients[c].name] = c;
    std::vector<std::vector<std::size_t>> out(s.nats.size() + 1);
    std::vector<bool> placed(s.clients.size(), false);
    for (std::size_t n = 0; n < s.nats.size(); ++n) {
        for (const auto& name : s.nats[n].inside) {
            const auto it = clients.find(name);
            if (it == clients.end())
                throw unsupported("nats[" + std::to_string(n) + "].inside: '" + name +
                                  "' is a NAT; cascades are not settled in this version");
            placed[it->second] = true;
            out[n].push_back(it->second);
        }
    }
    for (std::size_t c = 0; c < s.clients.size(); ++c) {
        if (!placed[c]) out.back().push_back(c);
    }
    return out;
}

}  // namespace natbound
