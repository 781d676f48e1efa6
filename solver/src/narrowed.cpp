// Leaving out servers, clients that reach none of the others, and NATs with nobody inside.
#include "narrowed.hpp"

#include <algorithm>
#include <functional>
#include <map>
#include <set>

#include "cascade_view.hpp"
#include "natbound/model/error.hpp"

namespace natbound {

namespace {

// The scenario with these servers, of the client sets that reach some of them (by name), and NATs
// with somebody inside.
scenario narrowed(const scenario& s, std::vector<server_set> servers,
                  const std::function<std::optional<std::vector<std::string>>(std::size_t)>& of,
                  const way_test& barred = {}) {
    scenario out = s;
    out.traffic.clear();
    out.servers = std::move(servers);
    out.clients.clear();
    out.nats.clear();
    std::set<std::string> there;                        // client sets and NATs
    std::set<std::pair<std::string, std::string>> off;  // clients and NATs that are barred to them
    for (std::size_t c = 0; c < s.clients.size(); ++c) {
        auto reaches = of(c);
        if (!reaches) continue;
        there.insert(s.clients[c].name);
        for (std::size_t n = 0; barred && n < s.nats.size(); ++n)
            if (barred(c, n)) off.emplace(s.clients[c].name, s.nats[n].name);
        out.clients.push_back(s.clients[c]);
        out.clients.back().reaches = std::move(*reaches);
    }
    const auto left = [&](const nat& n, const std::string& name) {
        return there.count(name) != 0 && off.count({name, n.name}) == 0;
    };
    std::vector<bool> kept(s.nats.size(), false);
    for (bool more = true; more;) {
        more = false;
        for (std::size_t n = 0; n < s.nats.size(); ++n)
            if (!kept[n] && std::any_of(s.nats[n].inside.begin(), s.nats[n].inside.end(),
                                        [&](const auto& name) { return left(s.nats[n], name); })) {
                kept[n] = more = true;
                there.insert(s.nats[n].name);
            }
    }
    for (std::size_t n = 0; n < s.nats.size(); ++n) {
        if (!kept[n]) continue;
        out.nats.push_back(s.nats[n]);
        auto& one = out.nats.back();
        const auto gone =
            std::erase_if(one.inside, [&](const auto& name) { return !left(one, name); });
        if (gone > 0 && one.port_set && one.port_set->deterministic && one.static_mappings)
            throw unsupported("NAT " + one.name +
                              ": with some of its clients alone, whose port sets static mappings "
                              "keep ports of is not settled in this version");
        if (one.port_set_restrict) one.design = restricted(one.design);
        const auto type = one.design.mapping_type;
        auto& pool = one.design.pool;
        const bool shared = type == mapping_type::eim || type == mapping_type::eim_if_possible;
        if (!shared || pool.choice != pool_choice::hash || pool.of == hash_input::source) continue;
        pool.fallback = true;
    }
    return out;
}

}  // namespace

scenario without_servers(const scenario& s, const std::vector<bool>& left_out) {
    std::vector<server_set> servers;
    std::set<std::string> names;
    for (std::size_t v = 0; v < s.servers.size(); ++v)
        if (!left_out[v]) {
            servers.push_back(s.servers[v]);
            names.insert(s.servers[v].name);
        }
    return narrowed(
        s, std::move(servers), [&](std::size_t c) -> std::optional<std::vector<std::string>> {
            auto reaches = s.clients[c].reaches;
            const bool all = reaches.empty();
            std::erase_if(reaches, [&](const auto& name) { return names.count(name) == 0; });
            if (names.empty() || (reaches.empty() && !all)) return std::nullopt;
            return reaches;
        });
}

scenario pairs_alone(const scenario& s, const demand_list& pairs, const way_test& barred) {
    std::map<std::size_t, std::vector<std::string>> reached;  // by client set
    for (const auto& p : pairs) reached[p.client].push_back(s.servers[p.server].name);
    const auto of = [&](std::size_t c) -> std::optional<std::vector<std::string>> {
        const auto it = reached.find(c);
        if (it == reached.end()) return std::nullopt;
        return it->second;
    };
    return narrowed(s, s.servers, of, barred);
}

}  // namespace natbound
