#pragma once
// The maximum of small scenarios with a quota per subscriber, flow by flow.
#include "small_world.hpp"

namespace small {

// Where each flow has a mapping of its own: address, flow, and endpoint under its key, one unit
// pushed at a time (Ford and Fulkerson) through the network written out in full.
class flow_by_flow {
  public:
    explicit flow_by_flow(const router& r) {
        std::map<ip_address, int> subscribers;
        std::map<std::pair<scope_key, external>, int> ends;
        const auto node = [&] { return next_++; };
        source_ = node();
        sink_ = node();
        for (const auto& f : r.flows) {
            const auto [who, fresh] = subscribers.try_emplace(f.source.address, next_);
            if (fresh)
                room_[{source_, node()}] = r.plan.quota ? static_cast<int>(*r.plan.quota) : 1 << 20;
            const int in = node(), out = node();
            room_[{who->second, in}] = room_[{in, out}] = 1;
            for (const auto& e : r.permitted.at(f)) {
                const auto [end, made] = ends.try_emplace({r.key_of(f), e}, next_);
                if (made) room_[{node(), sink_}] = 1;
                room_[{out, end->second}] = 1;
            }
        }
        for (const auto& [arc, room] : room_) {
            to_[arc.first].insert(arc.second);
            to_[arc.second].insert(arc.first);
        }
    }
    std::size_t most() {
        std::size_t out = 0;
        for (seen_.clear(); push(source_); seen_.clear()) ++out;
        return out;
    }

  private:
    bool push(int at) {
        if (at == sink_) return true;
        if (!seen_.insert(at).second) return false;
        for (const int next : to_[at]) {
            if (room_[{at, next}] == 0 || !push(next)) continue;
            --room_[{at, next}];
            ++room_[{next, at}];
            return true;
        }
        return false;
    }
    int next_ = 0, source_ = 0, sink_ = 0;
    std::map<std::pair<int, int>, int> room_;
    std::map<int, std::set<int>> to_;
    std::set<int> seen_;
};

// Every subset of the flows; nothing where there are too many, or mappings lie under several keys.
inline std::optional<std::size_t> by_subsets(const router& r) {
    std::map<mapping, std::vector<flow>> found;
    for (const auto& f : r.flows) found[r.mapping_of(f)].push_back(f);
    if (found.size() > 11) return std::nullopt;
    std::vector<std::vector<flow>> mappings;
    for (auto& [m, flows] : found) {
        for (const auto& f : flows)
            if (r.key_of(f) != r.key_of(flows.front())) return std::nullopt;
        mappings.push_back(flows);
    }
    std::size_t best = 0;
    for (std::size_t set = 0; set < std::size_t{1} << mappings.size(); ++set) {
        std::map<ip_address, std::size_t> of;
        std::map<scope_key, std::vector<flow>> by_key;
        std::size_t live = 0;
        for (std::size_t i = 0; i < mappings.size(); ++i) {
            if ((set >> i & 1) == 0) continue;
            of[mappings[i].front().source.address] += mappings[i].size();
            by_key[r.key_of(mappings[i].front())].push_back(mappings[i].front());
        }
        for (const auto& [who, n] : of)
            live += r.plan.quota ? std::min<std::size_t>(n, *r.plan.quota) : n;
        if (live <= best) continue;
        if (r.plan.mappings && std::popcount(set) > static_cast<int>(*r.plan.mappings)) continue;
        bool fits = true;
        for (const auto& [key, flows] : by_key)
            fits = fits && one_by_one(r).most(flows) == flows.size();
        if (fits) best = live;
    }
    return best;
}

inline std::optional<std::size_t> most_within_quota(const world& w) {
    std::size_t total = w.direct.size();
    for (const auto& r : w.routers) {
        if (r.hash_unknown()) return std::nullopt;
        const auto type = r.plan.design.mapping_type;
        std::optional<std::size_t> here;
        if (type == mapping_type::eim || type == mapping_type::adm) {
            here = by_subsets(r);
        } else {
            here = flow_by_flow(r).most();
            if (const auto few = by_subsets(r); few && *few != *here)
                throw error("two ways to count disagree");
        }
        if (!here) return std::nullopt;
        if (r.plan.table) here = std::min<std::size_t>(*here, *r.plan.table);
        total += *here;
    }
    return total;
}

}  // namespace small
