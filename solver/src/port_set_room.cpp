// Counting one subscriber's mappings.
#include "port_set_room.hpp"

#include <algorithm>

namespace natbound {
namespace {

scenario one_subscriber(const scenario& s, const nat& n, const std::vector<std::size_t>& clients) {
    scenario out;
    const ip_address who = s.clients[clients.front()].addresses.at(0);
    out.nats.push_back(own_nat(n, port_set_layout(n).at(0)));
    out.nats.front().inside.clear();
    out.nats.front().static_mappings.reset();  // told apart by what is kept of a set
    for (const auto c : clients) {
        out.clients.push_back(s.clients[c]);
        out.clients.back().addresses = {who, who};
        out.nats.front().inside.push_back(s.clients[c].name);
    }
    out.servers = s.servers;
    return out;
}

}  // namespace

count connections(const mapping_list& list) {
    count out = 0;
    for (const auto& m : list) out += m.weight * m.mappings;
    return out;
}

mapping_list kept(mapping_list all, const std::optional<count>& mappings,
                  const std::optional<count>& connections) {
    std::stable_sort(all.begin(), all.end(),
                     [](const auto& a, const auto& b) { return a.weight > b.weight; });
    mapping_list out;
    std::optional<count> ports = mappings, flows = connections;
    for (auto m : all) {
        if (ports) m.mappings = std::min(m.mappings, *ports);
        if (flows && m.weight * m.mappings > *flows) {
            const count whole = *flows / m.weight, rest = *flows % m.weight;
            if (whole > 0) out.push_back({m.weight, whole});
            if (rest > 0 && whole < m.mappings) out.push_back({rest, 1});
            return out;
        }
        if (m.mappings == 0) continue;
        if (ports) *ports -= m.mappings;
        if (flows) *flows -= m.weight * m.mappings;
        out.push_back(m);
    }
    return out;
}

subscriber_room::subscriber_room(const scenario& s, const reach_table& reach, const nat& n,
                                 const std::vector<std::size_t>& clients,
                                 const std::vector<hole>& kept)
    : alone_(one_subscriber(s, n, clients)),
      rule_(*n.port_set),
      kept_(kept),
      quota_(n.connection_limits.limit_per_subscriber) {
    for (const auto c : clients) {
        inside_.push_back(reach_.size());
        reach_.push_back(reach[c]);
    }
    const nat_plan plan(alone_.nats.front());
    readings_ = readings_of(alone_, reach_, plan, inside_);
    above_ = groups_of(alone_, reach_, plan, inside_, readings_.above);
    if (readings_.below) below_ = groups_of(alone_, reach_, plan, inside_, *readings_.below);
}

// Where keys hold the protocol it has one, else all are kept alike.
count subscriber_room::ports_for(const group& g, const count& sets,
                                 const std::vector<hole>& kept) const {
    count out = ports_of(rule_, sets);
    if (kept.empty() || g.to.empty()) return out;
    const auto protocol = alone_.servers[g.to.front().server].protocol;
    for (const auto& h : kept)
        if (!h.protocol || *h.protocol == protocol) out -= std::min<count>(out, h.ports.size());
    return out;
}

mapping_list subscriber_room::held_in(const std::vector<group>& groups, const count& sets) const {
    mapping_list out;
    for (const auto& g : groups) {
        mapping_list here;
        for (const auto& c : g.sources) here.push_back({c.weight, c.mappings});
        for (const auto& m : kept(std::move(here), ports_for(g, sets, kept_), {}))
            out.push_back({m.weight, m.mappings * g.keys});
    }
    if (quota_) return kept(std::move(out), {}, count(*quota_));
    return out;
}

count subscriber_room::below(const count& sets) const { return connections(held(sets)); }

mapping_list subscriber_room::held(const count& sets) const {
    return held_in(readings_.below ? below_ : above_, sets);
}

std::vector<group> subscriber_room::told_apart() const {
    const nat_plan plan(alone_.nats.front());
    auto reading = readings_.below ? *readings_.below : readings_.above;
    reading.by_pair = true;
    return groups_of(alone_, reach_, plan, inside_, reading);
}

}  // namespace natbound
