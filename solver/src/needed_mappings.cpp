// Arithmetic alone: what is needed, and what is there.
#include "needed_mappings.hpp"

#include <algorithm>
#include <map>
#include <set>

#include "blocks.hpp"
#include "words.hpp"

namespace natbound {

namespace bj = boost::json;

namespace {

// Of so many server sets what is wanted on the addresses of each alone is looked at.
constexpr std::size_t most_alone = 256;

struct needy {
    pair_demand pair;
    count mappings;
};

count carried(const nat_plan& plan, const server_set& v) {
    switch (plan.design.mapping_type) {
        case mapping_type::eim:
            return v.addresses.size() * v.ports.size();
        case mapping_type::adm:
            return v.ports.size();
        default:
            return 1;
    }
}

// Whether one mapping could carry connections of both pairs.
bool shareable(const scenario& s, const nat_plan& plan, const pair_demand& a,
               const pair_demand& b) {
    const auto &v = s.servers[a.server], &w = s.servers[b.server];
    if (a.client != b.client || v.protocol != w.protocol) return false;
    if (plan.design.mapping_type == mapping_type::eim) return true;
    return plan.design.mapping_type == mapping_type::adm && !(v.addresses & w.addresses).empty();
}

std::vector<needy> apart(const scenario& s, const nat_plan& plan, const demand_list& pairs) {
    std::vector<needy> all, out;
    for (const auto& p : pairs) {
        const count each = carried(plan, s.servers[p.server]);
        all.push_back({p, count((p.connections + each - 1) / each)});
    }
    std::stable_sort(all.begin(), all.end(),
                     [](const needy& a, const needy& b) { return a.mappings > b.mappings; });
    std::map<std::size_t, std::vector<std::size_t>> of_client;  // places in `out`
    for (auto& one : all) {
        auto& mine = of_client[one.pair.client];
        if (std::any_of(mine.begin(), mine.end(),
                        [&](std::size_t k) { return shareable(s, plan, out[k].pair, one.pair); }))
            continue;
        mine.push_back(out.size());
        out.push_back(std::move(one));
    }
    return out;
}

// External endpoints for a protocol, those of static mappings left out.
count endpoints_for(const nat_plan& plan, pool_reading pool, const port_set& ports,
                    transport protocol) {
    count out = 0;
    const auto& all = plan.of->external_ip_address_pool;
    const auto add = [&](const address_set& part) {
        out += part.size() * (ports - plan.holes.at(protocol, part.at(0))).size();
    };
    if (pool == pool_reading::lowest)
        add(all.slice(0, 1));
    else if (plan.holes.empty())
        add(all);
    else
        for (const auto& part : plan.holes.alike()) add(part);
    return out;
}

// Places for mappings: endpoints under each key that the pairs' servers lie under.
count room_for(const scenario& s, const nat_plan& plan, pool_reading pool,
               const std::vector<needy>& some) {
    const auto& scope = plan.design.clash_scope;
    port_set ports;
    std::set<std::size_t> clients, servers;
    for (const auto& one : some) {
        clients.insert(one.pair.client);
        servers.insert(one.pair.server);
    }
    for (const auto c : clients) ports = ports | given_to(plan, s.clients[c].ports);
    struct keys {
        transport protocol;
        address_set addresses;
        count endpoints = 0;
    };
    std::map<int, keys> found;
    for (const auto v : servers) {
        const auto& server = s.servers[v];
        auto& here = found
                         .try_emplace(scope.protocol ? static_cast<int>(server.protocol) : -1,
                                      keys{server.protocol, {}, 0})
                         .first->second;
        here.addresses = here.addresses | server.addresses;
        here.endpoints += server.addresses.size() * server.ports.size();
    }
    count out = 0;
    for (const auto& [protocol, here] : found) {
        const count number = scope.destination == scope_destination::none ? count(1)
                             : scope.destination == scope_destination::address
                                 ? count(here.addresses.size())
                                 : here.endpoints;
        out += number * endpoints_for(plan, pool, ports, here.protocol);
    }
    return out;
}

}  // namespace

port_set given_to(const nat_plan& plan, const port_set& sources) {
    port_set out;
    for (const auto& c : plan.classes) {
        const auto mine = c.source & sources;
        if (mine.empty()) continue;
        if (!plan.rounds(c.size).empty()) out = out | c.ports;
        if (plan.design.first_choice == first_choice::preserve) out = out | (mine & c.ports);
        if (plan.design.first_choice == first_choice::preserve_any) out = out | mine;
    }
    return out;
}

namespace {

std::optional<needed_mappings> all_need_more(const scenario& s, const nat_plan& plan,
                                             pool_reading pool, const demand_list& pairs,
                                             const bj::storage_ptr& memory) {
    const auto some = apart(s, plan, pairs);
    if (some.empty()) return std::nullopt;
    count wanted = 0;
    for (const auto& one : some) wanted += one.mappings;
    const count room = room_for(s, plan, pool, some);
    const bool limit = plan.of->mapping_limits.limit_port_mappings &&
                       wanted > *plan.of->mapping_limits.limit_port_mappings;
    if (wanted <= room && !limit) return std::nullopt;
    bj::array list(memory);
    std::vector<std::string> names;
    std::set<std::size_t> named;
    for (const auto& one : some) {
        const auto& from = s.clients[one.pair.client].name;
        if (named.insert(one.pair.client).second) names.push_back(from);
        list.emplace_back(
            bj::object({{"from", from}, {"to", s.servers[one.pair.server].name}}, memory));
    }
    needed_mappings out;
    out.needs = bj::object({{"pairs", std::move(list)}, {"limit", limit}}, memory);
    out.in_words = listed(names) + (names.size() == 1 ? " needs " : " need ") + grouped(wanted) +
                   " mappings of " + plan.of->name + " at least, and ";
    out.in_words += limit ? "it holds " + grouped(*plan.of->mapping_limits.limit_port_mappings)
                          : "there are external endpoints for " + grouped(room);
    return out;
}

}  // namespace

std::optional<needed_mappings> needs_more_mappings(const scenario& s, const nat_plan& plan,
                                                   pool_reading pool, const demand_list& pairs,
                                                   const bj::storage_ptr& memory) {
    if (auto found = all_need_more(s, plan, pool, pairs, memory)) return found;
    if (plan.design.mapping_type != mapping_type::adm) return std::nullopt;
    std::set<std::size_t> servers;
    for (const auto& p : pairs) servers.insert(p.server);
    if (servers.size() > most_alone) return std::nullopt;
    for (const auto v : servers) {
        demand_list there;
        for (const auto& p : pairs)
            if ((s.servers[p.server].addresses - s.servers[v].addresses).empty())
                there.push_back(p);
        if (there.size() == pairs.size()) continue;
        if (auto found = all_need_more(s, plan, pool, there, memory)) return found;
    }
    return std::nullopt;
}

}  // namespace natbound
