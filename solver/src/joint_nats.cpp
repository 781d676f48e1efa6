// Groups of several NATs that speak of the same keys, made one.
#include "joint_nats.hpp"

#include <algorithm>
#include <numeric>
#include <tuple>

#include "nat_capacity.hpp"
#include "quota.hpp"

namespace natbound {
namespace {

bool same(const destination_list& a, const destination_list& b) {
    return std::equal(a.begin(), a.end(), b.begin(), b.end(),
                      [](const destination_item& x, const destination_item& y) {
                          return x.server == y.server && x.addresses == y.addresses &&
                                 x.ports == y.ports;
                      });
}

// Of one NAT and another: the same sockets towards the same keys.
bool same(const source_class& a, const source_class& b) {
    return a.mappings == b.mappings &&
           std::equal(a.runs.begin(), a.runs.end(), b.runs.begin(), b.runs.end(),
                      [](const source_run& x, const source_run& y) {
                          return x.client == y.client && x.addresses == y.addresses &&
                                 x.ports == y.ports && x.to == y.to && x.how == y.how;
                      });
}

bool same_keys(const group& a, const group& b) {
    return a.keys == b.keys && same(a.to, b.to) &&
           std::equal(a.bundles.begin(), a.bundles.end(), b.bundles.begin(), b.bundles.end(),
                      [](const auto& x, const auto& y) { return same(x, y); });
}

class joiner {
  public:
    // Whose externals are those of `nat`.
    void add(group g, std::size_t nat) {
        for (auto& e : g.externals) e.nat = nat;
        const auto it = std::find_if(out_.groups.begin(), out_.groups.end(),
                                     [&](const group& known) { return same_keys(known, g); });
        if (it == out_.groups.end()) {
            ways_.emplace_back(g.sources.size(), 1);
            out_.groups.push_back(std::move(g));
            return;
        }
        auto& ways = ways_[static_cast<std::size_t>(it - out_.groups.begin())];
        const auto before = static_cast<std::uint32_t>(it->externals.size());
        it->externals.insert(it->externals.end(), g.externals.begin(), g.externals.end());
        for (auto& c : g.sources) {
            for (auto& e : c.open) e += before;
            for (auto& e : c.same_port) e += before;
            const auto mine = std::find_if(it->sources.begin(), it->sources.end(),
                                           [&](const source_class& k) { return same(k, c); });
            if (mine == it->sources.end()) {
                ways.push_back(1);
                it->sources.push_back(std::move(c));
                continue;
            }
            ++ways[static_cast<std::size_t>(mine - it->sources.begin())];
            mine->open.insert(mine->open.end(), c.open.begin(), c.open.end());
            mine->same_port.insert(mine->same_port.end(), c.same_port.begin(), c.same_port.end());
        }
    }

    void limit(std::size_t nat, const count& connections) { out_.limits.tables[nat] = connections; }

    // Nothing where some class was not found at every NAT of its client set (`nats_of` so many).
    std::optional<joint_nats> run(const std::map<std::size_t, std::size_t>& nats_of) {
        for (std::size_t g = 0; g < ways_.size(); ++g)
            for (std::size_t c = 0; c < ways_[g].size(); ++c)
                if (ways_[g][c] != nats_of.at(out_.groups[g].sources[c].runs.front().client))
                    return std::nullopt;
        return std::move(out_);
    }

  private:
    joint_nats out_;
    std::vector<std::vector<std::size_t>> ways_;  // by group and class: NATs that it was found at
};

}  // namespace

std::vector<std::vector<std::size_t>> nats_together(
    const std::vector<std::vector<std::size_t>>& inside, std::size_t nats) {
    std::vector<std::size_t> parent(nats);
    std::iota(parent.begin(), parent.end(), std::size_t{0});
    const auto root = [&](std::size_t n) {
        while (parent[n] != n) n = parent[n] = parent[parent[n]];
        return n;
    };
    std::map<std::size_t, std::size_t> first_of;  // by client set
    for (std::size_t n = 0; n < nats; ++n)
        for (const auto c : inside[n]) {
            const auto a = root(first_of.try_emplace(c, n).first->second), b = root(n);
            parent[std::max(a, b)] = std::min(a, b);
        }
    std::vector<std::vector<std::size_t>> by_root(nats);
    for (std::size_t n = 0; n < nats; ++n) by_root[root(n)].push_back(n);
    std::erase_if(by_root, [](const auto& some) { return some.empty(); });
    return by_root;
}

std::vector<std::size_t> clients_inside(const std::vector<std::vector<std::size_t>>& inside,
                                        const std::vector<std::size_t>& nats) {
    std::vector<std::size_t> out;
    for (const auto n : nats) out.insert(out.end(), inside[n].begin(), inside[n].end());
    std::sort(out.begin(), out.end());
    out.erase(std::unique(out.begin(), out.end()), out.end());
    return out;
}

std::optional<joint_nats> as_one(const scenario& s, const reach_table& reach,
                                 const std::vector<std::vector<std::size_t>>& inside,
                                 const std::vector<std::size_t>& nats, const demand_list& demand) {
    joiner out;
    std::map<std::size_t, std::size_t> nats_of;  // by client set, how many
    for (const auto n : nats) {
        const auto& nat = s.nats[n];
        for (const auto c : inside[n]) ++nats_of[c];
        if (nat.port_set || !translates(nat) || nat.mapping_limits.limit_subscribers)
            return std::nullopt;
        const nat_plan plan(nat);
        auto readings = readings_of(s, reach, plan, inside[n]);
        if (readings.above.mapping != mapping_type::edm || readings.below || plan.mappings ||
            plan.pairs() || quota_of(s, reach, plan, inside[n]))
            return std::nullopt;
        if (const auto limit = limit_of(s, reach, plan, inside[n]))
            out.limit(n, limit->connections);
        readings.above.by_pair = true;
        const auto clients = clients_inside(inside, {n});
        demand_list mine;
        for (const auto& p : demand)
            if (std::binary_search(clients.begin(), clients.end(), p.client)) mine.push_back(p);
        for (auto& g :
             groups_of(s, reach_of(reach, readings.above, mine), plan, inside[n], readings.above))
            out.add(std::move(g), n);
    }
    return out.run(nats_of);
}

namespace {

// What tells mappings and keys apart, as the design says and as it is read.
using apart = std::tuple<mapping_type, mapping_type, scope_destination, scope_destination, bool>;
apart told_apart_by(const design& d, const nat_reading& r) {
    const auto type =
        d.mapping_type == mapping_type::eim_if_possible ? mapping_type::edm : d.mapping_type;
    return {type, r.mapping, d.clash_scope.destination, r.scope.destination,
            d.clash_scope.protocol};
}

}  // namespace

std::optional<std::vector<group>> groups_together(
    const scenario& s, const reach_table& reach,
    const std::vector<std::vector<std::size_t>>& inside, const std::vector<std::size_t>& nats,
    bool below) {
    joiner out;
    const auto all = clients_inside(inside, nats);
    std::map<std::size_t, std::size_t> nats_of;
    std::optional<apart> first;
    for (const auto n : nats) {
        if (s.nats[n].port_set || !translates(s.nats[n])) return std::nullopt;
        const nat_plan plan(s.nats[n]);
        const auto readings = readings_of(s, reach, plan, inside[n]);
        const auto reading = by_pair(below && readings.below ? *readings.below : readings.above);
        const auto how = told_apart_by(plan.design, reading);
        if (!first) first = how;
        if (how != *first) return std::nullopt;
        for (const auto c : inside[n]) ++nats_of[c];
        // keys are alike or not whoever is inside: so all clients are looked at
        for (auto& g : groups_of(s, reach, plan, all, reading)) {
            std::erase_if(g.sources, [&](const source_class& c) {
                return std::find(inside[n].begin(), inside[n].end(), c.runs.front().client) ==
                       inside[n].end();
            });
            out.add(std::move(g), n);
        }
    }
    auto joined = out.run(nats_of);
    if (!joined) return std::nullopt;
    return std::move(joined->groups);
}

}  // namespace natbound
