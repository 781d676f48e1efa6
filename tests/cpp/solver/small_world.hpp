#pragma once
// A small scenario written out flow by flow, from the words of docs/certificates.md and
// nat_plan::permitted alone: the yardstick of the tests of maximum. It knows no classes, no
// intervals and no flows in networks.
#include <algorithm>
#include <bit>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <tuple>
#include <vector>

#include "natbound/model/nat_table.hpp"
#include "natbound/model/plan.hpp"
#include "natbound/model/scenario.hpp"

namespace small {

using namespace natbound;

using external = std::pair<std::uint64_t, port>;  // rank in the pool, port
using mapping =
    std::tuple<int, endpoint, ip_address, port>;  // protocol, source, and as much of the
                                                  // destination as the mapping type looks at

struct router {
    explicit router(const nat& n) : plan(n) {}

    nat_plan plan;
    std::vector<flow> flows;
    std::map<flow, std::size_t> client;
    std::map<flow, std::set<external>> permitted;

    mapping mapping_of(const flow& f) const {
        const auto type = plan.design.mapping_type;
        const bool address = type != mapping_type::eim;
        const bool whole = type == mapping_type::edm || type == mapping_type::eim_if_possible;
        return {static_cast<int>(f.protocol), f.source, address ? f.destination.address : 0,
                whole ? f.destination.port : 0};
    }
    scope_key key_of(const flow& f) const { return scope_of(f, plan.design.clash_scope); }
    // With a hash that nobody knows there is no one answer.
    bool hash_unknown() const {
        return plan.design.pool.choice == pool_choice::hash && plan.design.pool.hash == "unknown" &&
               plan.pool_size > 1 && !plan.design.pool.fallback;
    }
};

template <class Set>
auto elements(const Set& set) {
    std::vector<decltype(set.at(0))> out;
    for (u128 i = 0; i < static_cast<u128>(set.size()); ++i) out.push_back(set.at(i));
    return out;
}

struct world {
    explicit world(const scenario& s) : of(s) {
        for (const auto& n : s.nats) routers.emplace_back(n);
        for (std::size_t c = 0; c < s.clients.size(); ++c) write_out(c);
    }

    const scenario& of;
    std::vector<router> routers;
    std::vector<flow> direct;
    std::map<flow, std::size_t> direct_client;

    std::size_t server_of(const flow& f) const {
        for (std::size_t v = 0; v < of.servers.size(); ++v)
            if (of.servers[v].protocol == f.protocol &&
                of.servers[v].addresses.contains(f.destination.address) &&
                of.servers[v].ports.contains(f.destination.port))
                return v;
        throw error("no such server");
    }

  private:
    void write_out(std::size_t c) {
        const auto& client = of.clients[c];
        std::vector<std::pair<transport, endpoint>> reached;
        for (const auto& v : of.servers)
            if (client.reaches.empty() ||
                std::count(client.reaches.begin(), client.reaches.end(), v.name) > 0)
                for (const auto a : elements(v.addresses))
                    for (const auto p : elements(v.ports)) reached.push_back({v.protocol, {a, p}});
        router* nat = nullptr;
        for (auto& r : routers)
            if (std::count(r.plan.of->inside.begin(), r.plan.of->inside.end(), client.name) > 0)
                nat = &r;
        for (const auto a : elements(client.addresses))
            for (const auto p : elements(client.ports))
                for (const auto& [protocol, to] : reached) {
                    const flow f{protocol, {a, p}, to};
                    if (!nat) {
                        direct.push_back(f);
                        direct_client[f] = c;
                        continue;
                    }
                    nat->flows.push_back(f);
                    nat->client[f] = c;
                    for (const auto rank : ranks(*nat, f, reached))
                        for (const auto q : elements(nat->plan.permitted(p)))
                            nat->permitted[f].insert({rank, q});
                    nat->permitted[f];
                }
    }

    // The addresses of the pool that a flow may be given. Where a source's mapping is shared by its
    // flows towards other destinations, the address may have been picked for any of them.
    static std::set<std::uint64_t> ranks(
        const router& r, const flow& f,
        const std::vector<std::pair<transport, endpoint>>& reached) {
        const auto type = r.plan.design.mapping_type;
        const bool shared = type == mapping_type::eim || type == mapping_type::eim_if_possible;
        std::set<std::uint64_t> out;
        for (const auto& [protocol, to] : reached) {
            if (shared ? protocol != f.protocol : to != f.destination || protocol != f.protocol)
                continue;
            const auto fixed = r.plan.pool_rank(f.source.address, to.address);
            for (std::uint64_t i = 0; i < r.plan.pool_size; ++i)
                if (!fixed || *fixed == i || r.plan.design.pool.fallback) out.insert(i);
        }
        return out;
    }
};

// ---- the maximum, by trying everything

// Flows with a mapping each, under one key: every set of external endpoints that they can hold, one
// flow after the other.
inline std::size_t most_of_key(const router& r, const std::vector<flow>& flows,
                               const std::map<external, unsigned>& bit) {
    std::vector<bool> held(std::size_t{1} << bit.size(), false);
    held[0] = true;
    for (const auto& f : flows)
        for (std::size_t set = held.size(); set-- > 0;) {
            if (!held[set]) continue;
            for (const auto& e : r.permitted.at(f)) held[set | std::size_t{1} << bit.at(e)] = true;
        }
    int most = 0;
    for (std::size_t set = 0; set < held.size(); ++set)
        if (held[set]) most = std::max(most, std::popcount(set));
    return static_cast<std::size_t>(most);
}

// The same where there are too many sets: flows make room for one another, one at a time (Kuhn).
class one_by_one {
  public:
    explicit one_by_one(const router& r) : r_(r) {}
    std::size_t most(const std::vector<flow>& flows) {
        std::size_t out = 0;
        for (const auto& f : flows) {
            tried_.clear();
            out += place(f) ? 1 : 0;
        }
        return out;
    }

  private:
    bool place(const flow& f) {
        for (const auto& e : r_.permitted.at(f)) {
            if (!tried_.insert(e).second) continue;
            const auto there = held_.find(e);
            if (there != held_.end() && !place(flow(there->second))) continue;
            held_[e] = f;
            return true;
        }
        return false;
    }
    const router& r_;
    std::map<external, flow> held_;
    std::set<external> tried_;
};

inline std::size_t most_apart(const router& r) {
    std::map<scope_key, std::vector<flow>> by_key;
    for (const auto& f : r.flows) by_key[r.key_of(f)].push_back(f);
    std::size_t total = 0;
    for (const auto& [key, flows] : by_key) {
        std::map<external, unsigned> bit;
        for (const auto& f : flows)
            for (const auto& e : r.permitted.at(f))
                bit.try_emplace(e, static_cast<unsigned>(bit.size()));
        total += bit.size() <= 8 ? most_of_key(r, flows, bit) : one_by_one(r).most(flows);
    }
    return total;
}

// Mappings that carry several flows: every choice of an external endpoint, or none, for each of
// them.
class shared_search {
  public:
    explicit shared_search(const router& r) : r_(r) {
        std::map<mapping, std::vector<flow>> found;
        for (const auto& f : r.flows) found[r.mapping_of(f)].push_back(f);
        for (auto& [m, flows] : found) mappings_.push_back(std::move(flows));
        left_after_.assign(mappings_.size() + 1, 0);
        for (std::size_t i = mappings_.size(); i-- > 0;)
            left_after_[i] = left_after_[i + 1] + mappings_[i].size();
        if (r.plan.mappings) limit_ = *r.plan.mappings;
    }

    // Nothing where there is too much to try.
    std::optional<std::size_t> most() {
        from(0, 0, 0);
        return steps_ > most_steps ? std::nullopt : std::optional(best_);
    }

  private:
    static constexpr std::size_t most_steps = 20'000;

    void from(std::size_t i, std::size_t here, std::uint64_t used) {
        if (++steps_ > most_steps) return;
        best_ = std::max(best_, here);
        if (i == mappings_.size() || here + left_after_[i] <= best_) return;
        if (used < limit_)
            for (const auto& e : r_.permitted.at(mappings_[i].front())) {
                // of the flows that meet another mapping's on one endpoint under one key, either
                // all of this mapping's live or all of that one's
                auto saved = held_;
                std::size_t gained = 0, lost = 0;
                std::map<scope_key, std::size_t> mine;
                for (const auto& f : mappings_[i]) ++mine[r_.key_of(f)];
                for (const auto& [key, n] : mine) {
                    auto& there = held_[{key, e}];
                    if (n <= there) continue;
                    gained += n;
                    lost += there;
                    there = n;
                }
                if (gained > lost) from(i + 1, here + gained - lost, used + 1);
                held_ = std::move(saved);
            }
        from(i + 1, here, used);
    }

    const router& r_;
    std::vector<std::vector<flow>> mappings_;
    std::vector<std::size_t> left_after_;
    std::map<std::pair<scope_key, external>, std::size_t> held_;
    std::uint64_t limit_ = UINT64_MAX;
    std::size_t best_ = 0, steps_ = 0;
};

inline std::optional<std::size_t> most(const router& r) {
    const auto type = r.plan.design.mapping_type;
    std::optional<std::size_t> out;
    if (type == mapping_type::eim || type == mapping_type::adm) {
        out = shared_search(r).most();
    } else {
        if (type == mapping_type::eim_if_possible && r.plan.of->mapping_limits.limit_port_mappings)
            return std::nullopt;
        out = most_apart(r);
        if (const auto& m = r.plan.of->mapping_limits.limit_port_mappings)
            out = std::min<std::size_t>(*out, *m);
    }
    // a limit on mappings is one on flows where each has its own (nat_plan)
    if (out && r.plan.table) out = std::min<std::size_t>(*out, *r.plan.table);
    return out;
}

// Nothing where there is too much to try, or where the answer depends on what nobody knows.
inline std::optional<std::size_t> most(const world& w) {
    std::size_t total = w.direct.size();
    for (const auto& r : w.routers) {
        if (r.hash_unknown()) return std::nullopt;
        const auto here = most(r);
        if (!here) return std::nullopt;
        total += *here;
    }
    return total;
}

}  // namespace small
