// RFC 8512's other limits (sections 2.2 and 3, mapping-limits, connection-limits, port-quota).
#include "protocol_limits.hpp"

#include <algorithm>
#include <set>

#include "natbound/model/json_io.hpp"
#include "rules.hpp"

namespace natbound {

namespace bj = boost::json;
using rules::at;
using rules::fail;
using rules::not_yet;

namespace {

// What the clients inside a NAT, or inside NATs inside it, may send.
void carried(const scenario& s, const nat& n, std::set<std::string>& seen,
             std::set<transport>& out) {
    if (!seen.insert(n.name).second) return;
    for (const auto& name : n.inside) {
        for (const auto& c : s.clients)
            if (c.name == name)
                for (const auto& v : s.servers)
                    if (reaches(c, v)) out.insert(v.protocol);
        for (const auto& m : s.nats)
            if (m.name == name) carried(s, m, seen, out);
    }
}

// Where one protocol alone is carried, its limit is that of all; limits of protocols that are not
// carried are none.
void join(const std::set<transport>& protocols, const std::string& here,
          std::optional<std::vector<protocol_limit>>& each, std::optional<std::uint64_t>& all) {
    if (!each) return;
    std::set<transport> said;
    std::vector<protocol_limit> kept;
    std::size_t i = 0;
    for (const auto& one : *each) {
        const std::string item = here + ".limit-per-protocol[" + std::to_string(i++) + "]";
        const std::string protocol = json_io::name_of(one.protocol_id);
        if (one.limit == 0)
            fail(item + ".limit", "0", "a limit of 0 admits nothing",
                 "leave it out for no limit, or take the servers of " + protocol + " out");
        if (!said.insert(one.protocol_id).second)
            fail(item + ".protocol-id", protocol, "has a limit already", "keep one");
        if (protocols.count(one.protocol_id) != 0) kept.push_back(one);
    }
    each.reset();  // one way to say it
    if (kept.empty()) return;
    if (protocols.size() == 1)
        all = std::min(kept.front().limit, all.value_or(kept.front().limit));
    else
        each = std::move(kept);
}

// Of a NAT that carries several protocols, where each connection has a mapping of its own.
void as_connections(nat& n, const std::string& here) {
    auto& mappings = n.mapping_limits.limit_per_protocol;
    if (!mappings) return;
    const auto type = n.design.mapping_type;
    if (type == mapping_type::eim || type == mapping_type::adm)
        not_yet(here + ".limit-per-protocol", "",
                "a limit on mappings of one protocol, which several connections share, of a NAT "
                "that carries several, is not modelled in this version",
                "write a scenario for each protocol, or one limit of all");
    auto& connections = n.connection_limits.limit_per_protocol;
    if (!connections) connections.emplace();
    for (const auto& one : *mappings) {
        const auto same =
            std::find_if(connections->begin(), connections->end(),
                         [&](const protocol_limit& c) { return c.protocol_id == one.protocol_id; });
        if (same == connections->end())
            connections->push_back(one);
        else
            same->limit = std::min(same->limit, one.limit);
    }
    mappings.reset();
}

bool has(const bj::object& n, const char* group, const char* key) {
    return n.contains(group) && n.at(group).is_object() && n.at(group).get_object().contains(key);
}

}  // namespace

void refuse_other_limits(const bj::value& scenario) {
    const auto* all = scenario.if_object();
    const auto* nats = all && all->contains("nats") ? all->at("nats").if_array() : nullptr;
    if (!nats) return;
    for (std::size_t i = 0; i < nats->size(); ++i) {
        const auto* n = (*nats)[i].if_object();
        if (!n) continue;
        if (n->contains("port-quota"))
            fail(at("nats", i, "port-quota"), "",
                 "a quota of ports is not a field of its own in this version",
                 "where each connection has a mapping of its own (edm) it is connection-limits: "
                 "{limit-per-subscriber: ...}; ports that a subscriber has to itself are a "
                 "port-set");
        if (has(*n, "mapping-limits", "limit-address-mappings"))
            fail(at("nats", i, "mapping-limits.limit-address-mappings"), "",
                 "is of basic NAT, which maps whole addresses; here every mapping has a port",
                 "limit-port-mappings counts mappings, limit-subscribers client addresses");
        for (const char* key : {"limit-per-subscriber", "limit-per-instance"})
            if (has(*n, "mapping-limits", key))
                fail(at("nats", i, "mapping-limits") + "." + key, "",
                     "counts connections, not mappings (RFC 8512)",
                     "write it under connection-limits");
        for (const char* key : {"limit-port-mappings", "limit-subscribers"})
            if (has(*n, "connection-limits", key))
                fail(at("nats", i, "connection-limits") + "." + key, "",
                     "counts mappings, not connections (RFC 8512)",
                     "write it under mapping-limits");
    }
}

void join_protocol_limits(scenario& s) {
    for (std::size_t i = 0; i < s.nats.size(); ++i) {
        auto& n = s.nats[i];
        if (!n.connection_limits.limit_per_protocol && !n.mapping_limits.limit_per_protocol)
            continue;
        std::set<std::string> seen;
        std::set<transport> protocols;
        carried(s, n, seen, protocols);
        join(protocols, at("nats", i, "connection-limits"), n.connection_limits.limit_per_protocol,
             n.connection_limits.limit_per_instance);
        join(protocols, at("nats", i, "mapping-limits"), n.mapping_limits.limit_per_protocol,
             n.mapping_limits.limit_port_mappings);
        as_connections(n, at("nats", i, "mapping-limits"));
    }
}

}  // namespace natbound
