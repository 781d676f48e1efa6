// Joining what a cut separates into few items, and writing it.
#include "hall.hpp"

#include <algorithm>
#include <map>
#include <tuple>

#include "blocks.hpp"
#include "natbound/model/work.hpp"

namespace natbound {

namespace bj = boost::json;

namespace {

template <class T>
interval_set<T> unite(std::vector<interval<T>>& parts) {
    std::sort(parts.begin(), parts.end(),
              [](const auto& a, const auto& b) { return a.first < b.first; });
    interval_set<T> out;
    for (const auto& p : parts) out.append(p.first, p.last);
    return out;
}

template <class T>
void collect(std::vector<interval<T>>& into, const interval_set<T>& set) {
    into.insert(into.end(), set.parts().begin(), set.parts().end());
}

// Joins items that agree in `same`, by uniting what `side` gives; few distinct ones are expected to
// remain.
template <class Item, class T, class Same>
std::vector<Item> join_side(const std::vector<Item>& items, interval_set<T> Item::*side,
                            Same same) {
    std::vector<Item> out;
    std::vector<std::vector<interval<T>>> parts;
    for (const auto& item : items) {
        // the likeliest partner came last
        std::size_t at = out.size();
        while (at > 0 && !same(out[at - 1], item)) {
            poll();
            --at;
        }
        if (at == 0) {
            out.push_back(item);
            parts.emplace_back();
            at = out.size();
        }
        collect(parts[at - 1], item.*side);
    }
    for (std::size_t i = 0; i < out.size(); ++i)
        if (parts[i].size() != (out[i].*side).parts().size()) out[i].*side = unite(parts[i]);
    return out;
}

bj::array items_json(const std::vector<source_item>& items, const group& g, const scenario& s,
                     const bj::storage_ptr& memory) {
    bj::array out(memory);
    out.reserve(items.size());
    for (const auto& item : items) {
        bj::object o(memory);
        o.emplace("client", s.clients[item.client].name);
        o.emplace("addresses", json_set(item.addresses, memory));
        o.emplace("ports", json_set(item.ports, memory));
        o.emplace("mappings", json_count(item.mappings));
        if (item.to) o.emplace("to", to_json(g.bundles[*item.to], s, memory));
        out.emplace_back(std::move(o));
    }
    return out;
}

// Mappings of the same sockets, of several weights, are counted together. Sets of sockets are equal
// or disjoint here.
std::vector<source_item> summed(std::vector<source_item> items) {
    std::map<std::tuple<std::optional<std::size_t>, ip_address, port>, std::size_t> found;
    std::vector<source_item> out;
    for (auto& item : items) {
        const auto [it, fresh] = found.try_emplace(
            {item.to, item.addresses.parts().front().first, item.ports.parts().front().first},
            out.size());
        if (fresh)
            out.push_back(std::move(item));
        else
            out[it->second].mappings += item.mappings;
    }
    return out;
}

// What the next lighter level weighs; 0 after the last.
count weight_below(const pairing& found, std::size_t level) {
    return level + 1 < found.levels.size() ? found.levels[level + 1].weight : count(0);
}

}  // namespace

std::vector<source_item> joined(std::vector<source_item> items) {
    std::stable_sort(items.begin(), items.end(),
                     [](const auto& a, const auto& b) { return a.client < b.client; });
    std::vector<source_item> out;
    for (auto first = items.begin(); first != items.end();) {
        const auto last = std::find_if(first, items.end(),
                                       [&](const auto& x) { return x.client != first->client; });
        std::vector<source_item> own(std::make_move_iterator(first), std::make_move_iterator(last));
        first = last;
        if (own.size() > 1) {
            own = summed(std::move(own));
            own = join_side(own, &source_item::addresses, [](const auto& a, const auto& b) {
                return a.mappings == b.mappings && a.to == b.to && a.ports == b.ports;
            });
            own = join_side(own, &source_item::ports, [](const auto& a, const auto& b) {
                return a.mappings == b.mappings && a.to == b.to && a.addresses == b.addresses;
            });
        }
        std::move(own.begin(), own.end(), std::back_inserter(out));
    }
    return out;
}

std::vector<external_class> joined(std::vector<external_class> items) {
    items = join_side(items, &external_class::addresses,
                      [](const auto& a, const auto& b) { return a.ports == b.ports; });
    return join_side(items, &external_class::ports,
                     [](const auto& a, const auto& b) { return a.addresses == b.addresses; });
}

bj::array levels_json(const group& g, const pairing& found, const scenario& s,
                      const bj::storage_ptr& memory) {
    bj::array out(memory);
    for (std::size_t l = 0; l < found.levels.size(); ++l) {
        const auto& level = found.levels[l];
        std::vector<source_item> closed, loose;
        for (std::size_t i = 0; i < g.sources.size(); ++i) {
            if (g.sources[i].weight < level.weight) continue;
            auto& into = level.closed[i] ? closed : loose;
            into.insert(into.end(), g.sources[i].items.begin(), g.sources[i].items.end());
        }
        std::vector<external_class> open;
        for (std::size_t e = 0; e < g.externals.size(); ++e)
            if (level.open[e]) open.push_back(g.externals[e]);
        bj::array externals(memory);
        for (const auto& e : joined(std::move(open))) {
            bj::object o(memory);
            o.emplace("addresses", json_set(e.addresses, memory));
            o.emplace("ports", json_set(e.ports, memory));
            externals.emplace_back(std::move(o));
        }
        bj::object o(memory);
        o.emplace("weight", json_count(level.weight - weight_below(found, l)));
        o.emplace("closed", items_json(joined(std::move(closed)), g, s, memory));
        o.emplace("open", std::move(externals));
        o.emplace("loose", items_json(joined(std::move(loose)), g, s, memory));
        o.emplace("at-most", json_count(level.most));
        out.emplace_back(std::move(o));
    }
    return out;
}

count most_of(const group& g, const pairing& found) {
    count total = 0;
    for (std::size_t l = 0; l < found.levels.size(); ++l)
        total += (found.levels[l].weight - weight_below(found, l)) * found.levels[l].most;
    return total * g.keys;
}

void group_list::add(const group& g, const pairing& found) {
    if (found.levels.empty()) return;
    auto levels = levels_json(g, found, s_, memory_);
    const std::size_t hash = std::hash<std::string>{}(bj::serialize(levels));
    const auto [first, last] = by_hash_.equal_range(hash);
    for (auto it = first; it != last; ++it) {
        auto& same = entries_[it->second];
        if (same.levels != levels) continue;
        same.keys += g.keys;
        same.most += most_of(g, found);
        same.to.insert(same.to.end(), g.to.begin(), g.to.end());
        return;
    }
    by_hash_.emplace(hash, entries_.size());
    entries_.push_back({g.to, g.keys, most_of(g, found), std::move(levels)});
}

bj::array group_list::json() {
    bj::array out(memory_);
    for (auto& e : entries_) {
        poll();
        bj::object o(memory_);
        o.emplace("to", to_json(e.to, s_, memory_));
        o.emplace("keys", json_count(e.keys));
        o.emplace("levels", std::move(e.levels));
        o.emplace("at-most", json_count(e.most));
        out.emplace_back(std::move(o));
    }
    return out;
}

}  // namespace natbound
