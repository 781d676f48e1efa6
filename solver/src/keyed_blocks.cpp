// An integer flow over K alike networks splits into K integer flows, one a network (integer
// decomposition; de Werra 1971 for the equitable colouring of bipartite multigraphs, which it is).
// Each arc carries flow / K in every network; what remains, less than K an arc, is made a forest by
// pushing around cycles, and then laid out tree by tree: the arcs of a node one after the other
// over the keys, cyclically, so that no key is given two more than another.
#include "keyed_blocks.hpp"
#include "natbound/model/work.hpp"

#include <algorithm>
#include <deque>

namespace natbound {
namespace {

class remainder_forest {
  public:
    remainder_forest(const group& g, std::vector<placement>& arcs)
        : arcs_(arcs),
          keys_(g.keys),
          sources_(g.sources.size()),
          at_(g.sources.size() + g.externals.size()) {
        for (const auto& a : arcs_) rest_.push_back(a.size % keys_);
        for (std::size_t a = 0; a < arcs_.size(); ++a)
            while (rest_[a] != 0) {
                const auto way = path(from(a), to(a));
                if (way.empty()) {
                    at_[from(a)].push_back(a);
                    at_[to(a)].push_back(a);
                    break;
                }
                push_around(a, way);
            }
    }

    std::size_t from(std::size_t a) const { return arcs_[a].source; }
    std::size_t to(std::size_t a) const { return sources_ + arcs_[a].external; }
    const count& rest(std::size_t a) const { return rest_[a]; }
    const std::vector<std::size_t>& arcs_at(std::size_t node) const { return at_[node]; }
    std::size_t nodes() const { return at_.size(); }

  private:
    // The arcs of the forest's path between two nodes, from the first one on; empty where there is
    // none.
    std::vector<std::size_t> path(std::size_t first, std::size_t last) const {
        std::vector<std::size_t> came(at_.size(), SIZE_MAX);
        std::deque<std::size_t> open{first};
        std::vector<bool> seen(at_.size(), false);
        seen[first] = true;
        while (!open.empty() && !seen[last]) {
            poll();
            const auto v = open.front();
            open.pop_front();
            for (const auto a : at_[v]) {
                const auto w = from(a) == v ? to(a) : from(a);
                if (seen[w]) continue;
                seen[w] = true;
                came[w] = a;
                open.push_back(w);
            }
        }
        std::vector<std::size_t> out;
        if (!seen[last]) return out;
        for (auto v = last; v != first; v = from(came[v]) == v ? to(came[v]) : from(came[v]))
            out.push_back(came[v]);
        std::reverse(out.begin(), out.end());
        return out;
    }

    // Less on `a` and every second arc of the way between its ends, more on the others, until one
    // of them is a multiple of K.
    void push_around(std::size_t a, const std::vector<std::size_t>& way) {
        count by = rest_[a];
        for (std::size_t i = 0; i < way.size(); ++i)
            by = std::min<count>(by, i % 2 == 0 ? keys_ - rest_[way[i]] : rest_[way[i]]);
        change(a, -by);
        for (std::size_t i = 0; i < way.size(); ++i) change(way[i], i % 2 == 0 ? by : count(-by));
    }

    void change(std::size_t a, const count& by) {
        arcs_[a].size += by;
        rest_[a] += by;
        if (rest_[a] == keys_) rest_[a] = 0;
        if (rest_[a] != 0) return;
        std::erase(at_[from(a)], a);
        std::erase(at_[to(a)], a);
    }

    std::vector<placement>& arcs_;
    const count& keys_;
    std::size_t sources_;
    std::vector<std::vector<std::size_t>> at_;  // arcs of the forest, by node
    std::vector<count> rest_;
};

// Unit number u of a class of sources on unit number v of an external class, towards keys key ..
// key + size - 1.
class pinner {
  public:
    pinner(const group& g, std::size_t nat) : g_(g), nat_(nat) {}

    // `units` in a row where more than one is wanted, or as many as lie in one run.
    block pin(const placement& p, count u, const count& v, const count& key, const count& size,
              const count& units = 1) const {
        const auto& cls = g_.sources[p.source];
        std::size_t r = 0;
        while (u >= cls.runs[r].units) u -= cls.runs[r++].units;
        const auto& run = cls.runs[r];
        const auto& e = g_.externals[p.external];
        block b;
        target to{slice_endpoints(g_.bundles[run.to], key, size), size};
        b.to = std::make_shared<const target>(std::move(to));
        b.client = run.client;
        b.addresses = run.addresses;
        b.ports = run.ports;
        b.first = u;
        b.nat = e.nat.value_or(nat_);
        b.via_addresses = e.addresses;
        b.via_ports = e.ports;
        b.via_first = v;
        b.size = std::min<count>({units, run.units - u, e.size() - v});
        b.preserve = p.keeps;
        trim(b);
        return b;
    }

  private:
    const group& g_;
    std::size_t nat_;
};

// The key at which what remains of each arc begins; it goes on cyclically.
std::vector<count> first_keys(const remainder_forest& forest, std::size_t arcs, const count& keys) {
    std::vector<count> out(arcs);
    std::vector<bool> done(forest.nodes(), false);
    for (std::size_t root = 0; root < forest.nodes(); ++root) {
        if (done[root]) continue;
        struct visit {
            std::size_t node, parent_arc;
            count next;  // the key at which its next arc begins
        };
        std::deque<visit> open{{root, SIZE_MAX, 0}};
        while (!open.empty()) {
            poll();
            auto here = open.front();
            open.pop_front();
            done[here.node] = true;
            for (const auto a : forest.arcs_at(here.node)) {
                if (a == here.parent_arc) continue;
                out[a] = here.next % keys;
                here.next += forest.rest(a);
                open.push_back(
                    {forest.from(a) == here.node ? forest.to(a) : forest.from(a), a, here.next});
            }
        }
    }
    return out;
}

}  // namespace

std::vector<block> blocks_by_turns(const group& g, std::vector<placement> placements,
                                   std::size_t nat) {
    const remainder_forest forest(g, placements);
    const auto first = first_keys(forest, placements.size(), g.keys);
    const pinner pin(g, nat);
    std::vector<count> turn(g.externals.size());  // whose it is, by class
    std::vector<block> out;
    for (count key = 0; key < g.keys; ++key) {
        std::vector<count> used(g.sources.size());
        for (std::size_t a = 0; a < placements.size(); ++a) {
            const auto& p = placements[a];
            const bool more = (key + g.keys - first[a]) % g.keys < forest.rest(a);
            count left = p.size / g.keys + (more ? 1 : 0);
            while (left > 0) {
                poll();
                out.push_back(pin.pin(p, used[p.source], turn[p.external], key, 1, left));
                const auto& size = out.back().size;
                used[p.source] += size;
                turn[p.external] = (turn[p.external] + size) % g.externals[p.external].size();
                left -= size;
            }
        }
    }
    return out;
}

std::vector<block> blocks_over_keys(const group& g, std::vector<placement> placements,
                                    std::size_t nat) {
    const count& keys = g.keys;
    if (keys == 1) return blocks_of(g, {{}, std::move(placements)}, nat);
    const remainder_forest forest(g, placements);
    std::vector<placement> even;
    std::vector<count> used(forest.nodes());  // by node: units below are taken for every key
    for (std::size_t a = 0; a < placements.size(); ++a) {
        auto p = placements[a];
        p.size /= keys;
        used[forest.from(a)] += p.size;
        used[forest.to(a)] += p.size;
        if (p.size > 0) even.push_back(std::move(p));
    }
    auto out = blocks_of(g, {{}, std::move(even)}, nat);

    const pinner pin(g, nat);
    std::vector<bool> done(forest.nodes(), false);
    for (std::size_t root = 0; root < forest.nodes(); ++root) {
        if (done[root]) continue;
        // a node's arcs take consecutive positions; position 0 is the key at which the arc from its
        // parent begins
        struct visit {
            std::size_t node, parent_arc;
            count origin, position;
        };
        std::deque<visit> open{{root, SIZE_MAX, 0, 0}};
        while (!open.empty()) {
            auto here = open.front();
            open.pop_front();
            done[here.node] = true;
            for (const auto a : forest.arcs_at(here.node)) {
                if (a == here.parent_arc) continue;
                const count key = (here.origin + here.position) % keys;
                const std::size_t other =
                    forest.from(a) == here.node ? forest.to(a) : forest.from(a);
                for (count i = 0; i < forest.rest(a);) {
                    poll();
                    const count at = here.position + i;
                    const count start = (key + i) % keys;
                    const count step =
                        std::min<count>({forest.rest(a) - i, keys - at % keys, keys - start});
                    const count mine = used[here.node] + at / keys;
                    const count& theirs = used[other];
                    out.push_back(pin.pin(placements[a], other >= g.sources.size() ? mine : theirs,
                                          other >= g.sources.size() ? theirs : mine, start, step));
                    i += step;
                }
                open.push_back({other, a, key, forest.rest(a)});
                here.position += forest.rest(a);
            }
        }
    }
    return out;
}

std::vector<block> blocks_over_keys(const std::vector<group>& groups,
                                    std::vector<std::vector<placement>> placements,
                                    std::size_t nat) {
    std::vector<block> out;
    for (std::size_t g = 0; g < groups.size(); ++g) {
        auto some = blocks_over_keys(groups[g], std::move(placements[g]), nat);
        std::move(some.begin(), some.end(), std::back_inserter(out));
    }
    return out;
}

}  // namespace natbound
