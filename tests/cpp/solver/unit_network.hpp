#pragma once
// Whether a demand by pairs fits, connection by connection: the yardstick of the tests of demands.
#include <algorithm>
#include <map>
#include <optional>
#include <set>
#include <vector>

#include "certificate_reader.hpp"
#include "small_world.hpp"

namespace small {

using pair_counts = std::map<std::pair<std::size_t, std::size_t>, std::size_t>;

// So many connections of each pair through one NAT, where each connection is a mapping of its own:
// unit by unit from pairs over flows to external endpoints.
class unit_network {
  public:
    unit_network(const world& w, const router& r, const pair_counts& wanted) {
        for (const auto& f : r.flows) {
            const std::pair<std::size_t, std::size_t> pair{r.client.at(f), w.server_of(f)};
            for (const auto& e : r.permitted.at(f)) slots_[f].push_back({r.key_of(f), e});
            of_pair_[pair].push_back(f);
        }
        for (const auto& [pair, n] : wanted)
            if (std::count(r.plan.of->inside.begin(), r.plan.of->inside.end(),
                           w.of.clients[pair.first].name) > 0)
                for (std::size_t i = 0; i < n; ++i) all_ = all_ && add(pair);
    }
    bool all() const { return all_; }

  private:
    using slot = std::pair<scope_key, external>;

    // One more connection of the pair: on a flow that is not live yet, or in the place of another
    // pair's connection that moves.
    bool add(const std::pair<std::size_t, std::size_t>& pair) {
        tried_.clear();
        return any_of(pair);
    }
    bool any_of(const std::pair<std::size_t, std::size_t>& pair) {
        for (const auto& f : of_pair_[pair]) {
            if (!live_.insert(f).second) continue;
            if (place(f, pair)) return true;
            live_.erase(f);
        }
        return false;
    }
    bool place(const flow& f, const std::pair<std::size_t, std::size_t>& pair) {
        for (const auto& s : slots_[f]) {
            if (!tried_.insert(s).second) continue;
            const auto there = held_.find(s);
            if (there != held_.end()) {
                const auto [other, whose] = there->second;
                // that flow moves to another slot, or its pair uses another flow instead
                if (!place(other, whose)) {
                    if (!any_of(whose)) continue;
                    live_.erase(other);
                }
            }
            held_[s] = {f, pair};
            return true;
        }
        return false;
    }

    std::map<flow, std::vector<slot>> slots_;
    pair_counts counts_;
    std::map<std::pair<std::size_t, std::size_t>, std::vector<flow>> of_pair_;
    std::map<slot, std::pair<flow, std::pair<std::size_t, std::size_t>>> held_;
    std::set<slot> tried_;
    std::set<flow> live_;
    bool all_ = true;
};

inline pair_counts wanted_of(const scenario& s, const boost::json::array& list) {
    pair_counts out;
    for (const auto& d : list)
        for (std::size_t c = 0; c < s.clients.size(); ++c)
            for (std::size_t v = 0; v < s.servers.size(); ++v)
                if (s.clients[c].name == name(d.as_object().at("from")) &&
                    s.servers[v].name == name(d.as_object().at("to")))
                    out[{c, v}] += number(d.as_object().at("connections"));
    return out;
}

// Whether the pairs fit; nothing where mappings are shared or counted, or the pool's hash is not
// known.
inline std::optional<bool> pairs_fit(const world& w, const pair_counts& wanted) {
    for (const auto& [pair, n] : wanted) {
        std::size_t own = 0;
        for (const auto& f : w.direct)
            own += w.direct_client.at(f) == pair.first && w.server_of(f) == pair.second ? 1 : 0;
        for (const auto& r : w.routers)
            for (const auto& f : r.flows)
                own += r.client.at(f) == pair.first && w.server_of(f) == pair.second ? 1 : 0;
        if (own < n) return false;
    }
    for (const auto& r : w.routers) {
        const auto type = r.plan.design.mapping_type;
        if (r.hash_unknown() ||
            (type != mapping_type::edm && type != mapping_type::eim_if_possible))
            return std::nullopt;
        std::size_t through = 0;
        for (const auto& [pair, n] : wanted)
            through += std::count(r.plan.of->inside.begin(), r.plan.of->inside.end(),
                                  w.of.clients[pair.first].name) > 0
                           ? n
                           : 0;
        if (r.plan.table && through > *r.plan.table) return false;
        if (!unit_network(w, r, wanted).all()) return false;
    }
    return true;
}

}  // namespace small
