// Classes of source ports that search some port together lie in one block.
#include "all_sizes_blocks.hpp"

#include <algorithm>
#include <map>
#include <set>

#include "natbound/model/error.hpp"

namespace natbound {

namespace {

constexpr std::size_t most_rights = 4, most_weights = 4;  // 2^n cuts, n! orders

}  // namespace

std::vector<named_block> blocks_of_leaves(const std::vector<loose_leaf>& leaves,
                                          const std::vector<std::vector<std::size_t>>& atoms,
                                          const terms& right, bool merge) {
    std::map<std::size_t, std::vector<std::size_t>> opens;
    for (const auto& x : leaves)
        if (auto& open = opens[x.of_class]; open.empty())
            for (std::size_t a = 0; a < atoms.size(); ++a)
                if (std::count(atoms[a].begin(), atoms[a].end(), x.of_class) != 0)
                    open.push_back(a);
    std::vector<std::size_t> root(atoms.size());
    for (std::size_t a = 0; a < root.size(); ++a) root[a] = a;
    for (const auto& [k, open] : opens) {
        std::set<std::size_t> both;
        for (const auto a : open) both.insert(root[a]);
        for (auto& r : root)
            if (both.count(r) != 0) r = *both.begin();
    }
    std::set<std::size_t> roots;
    for (const auto& [k, open] : opens) roots.insert(root[open.front()]);
    std::vector<named_block> out;
    for (const auto r : roots) {
        auto& one = out.emplace_back();
        std::vector<std::size_t> place(atoms.size(), 0);
        for (std::size_t a = 0; a < root.size(); ++a)
            if (root[a] == r) {
                place[a] = one.block.rights++;
                one.names.rights.push_back(right[a]);
            }
        std::vector<terms> many;
        for (const auto& x : leaves) {
            if (root[opens.at(x.of_class).front()] != r) continue;
            const auto known = std::find(one.weights.begin(), one.weights.end(), x.weight);
            leaf made;
            made.group = x.group;
            made.weight = static_cast<std::size_t>(known - one.weights.begin());
            if (known == one.weights.end()) one.weights.push_back(x.weight);
            for (const auto a : opens.at(x.of_class)) made.open.push_back(place[a]);
            auto& all = one.block.leaves;
            const auto same = merge ? std::find(all.begin(), all.end(), made) : all.end();
            const auto at = static_cast<std::size_t>(same - all.begin());
            if (same == all.end()) {
                all.push_back(made);
                many.emplace_back();
            }
            many[at].push_back(x.many);
        }
        for (const auto& m : many) one.names.leaves.push_back(plus(m));
        if (one.block.rights > most_rights || one.weights.size() > most_weights)
            throw unsupported("more kinds of ports or of mappings than are proved for all sizes");
    }
    return out;
}

}  // namespace natbound
