// Counting one subscriber's mappings.
#include "port_set_room.hpp"

#include <algorithm>

namespace natbound {
namespace {

scenario one_subscriber(const scenario& s, const nat& n, std::size_t client) {
    scenario out;
    out.clients.push_back(s.clients[client]);
    auto& c = out.clients.front();
    c.addresses = {c.addresses.at(0), c.addresses.at(0)};
    out.servers = s.servers;
    out.nats.push_back(own_nat(n, port_set_layout(n).at(0)));
    out.nats.front().inside = {c.name};
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

subscriber_room::subscriber_room(const scenario& s, const std::vector<bool>& reach, const nat& n,
                                 std::size_t client)
    : alone_(one_subscriber(s, n, client)),
      reach_{reach},
      rule_(*n.port_set),
      quota_(n.connection_limits.limit_per_subscriber) {
    const nat_plan plan(alone_.nats.front());
    readings_ = readings_of(alone_, reach_, plan, {0});
    above_ = groups_of(alone_, reach_, plan, {0}, readings_.above);
    if (readings_.below) below_ = groups_of(alone_, reach_, plan, {0}, *readings_.below);
}

mapping_list subscriber_room::held_in(const std::vector<group>& groups, const count& sets) const {
    mapping_list out;
    for (const auto& g : groups) {
        mapping_list here;
        for (const auto& c : g.sources) here.push_back({c.weight, c.mappings});
        for (const auto& m : kept(std::move(here), ports(sets), {}))
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
    return groups_of(alone_, reach_, plan, {0}, reading);
}

}  // namespace natbound
