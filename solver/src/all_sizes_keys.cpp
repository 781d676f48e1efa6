// Sorting places and server sets by key, then by mapping.
#include "all_sizes_keys.hpp"

#include <algorithm>
#include <set>

#include "natbound/model/error.hpp"

namespace natbound {

namespace {

using cell = std::pair<std::size_t, std::size_t>;  // place, server set

// The items of a list by a key, both in order of first appearance.
template <class Key, class T>
struct grouped_list {
    std::vector<std::pair<Key, std::vector<T>>> all;
    std::vector<T>& operator[](const Key& key) {
        for (auto& [k, list] : all)
            if (k == key) return list;
        return all.emplace_back(key, std::vector<T>{}).second;
    }
};

class key_reader {
  public:
    key_reader(const scenario& s, const reach_table& reach, const server_places& places)
        : s_(s), reach_(reach), places_(places) {}

    // For each kind of clash-scope key: how many keys, and the mappings under one.
    std::vector<key_terms> families(const nat_plan& plan,
                                    const std::vector<std::size_t>& inside) const {
        const auto type = plan.design.mapping_type == mapping_type::eim_if_possible
                              ? mapping_type::edm
                              : plan.design.mapping_type;
        const auto scope = plan.design.clash_scope;
        if ((type == mapping_type::eim && scope.destination != scope_destination::none) ||
            (type == mapping_type::adm && scope.destination == scope_destination::endpoint))
            throw unsupported(plan.of->name +
                              ": one mapping under several clash-scope keys (overloading) is a "
                              "colouring problem (NP-hard)");
        const auto protocol = [&](std::size_t v) {
            return scope.protocol ? static_cast<std::size_t>(s_.servers[v].protocol) : 0;
        };
        grouped_list<cell, cell> keys;
        std::vector<std::size_t> reached;
        for (std::size_t j = 0; j < places_.size(); ++j)
            for (const auto v : places_[j]) {
                if (std::none_of(inside.begin(), inside.end(),
                                 [&](std::size_t i) { return reach_[i][v]; }))
                    continue;
                reached.push_back(v);
                if (scope.destination == scope_destination::endpoint)
                    keys[{0, v}].emplace_back(j, v);
                else if (scope.destination == scope_destination::address)
                    keys[{j, protocol(v)}].emplace_back(j, v);
                else
                    keys[{0, protocol(v)}].emplace_back(j, v);
            }
        if (scope.destination == scope_destination::endpoint && !scope.protocol)
            refuse_shared(plan, reached);
        std::vector<key_terms> out;
        for (const auto& [key, here] : keys.all) {
            auto& one = out.emplace_back();
            one.keys = {"1", {}};
            if (scope.destination == scope_destination::endpoint)
                one.keys = endpoints_of(places_, here.front().second);
            if (scope.destination == scope_destination::address)
                one.keys = size_name('p', here.front().first, "addresses");
            for (const auto i : inside)
                for (auto& m : mappings_of(i, here, type, scope.destination))
                    one.mappings.emplace_back(i, std::move(m));
        }
        return out;
    }

  private:
    void refuse_shared(const nat_plan& plan, const std::vector<std::size_t>& reached) const {
        for (const auto a : reached)
            for (const auto b : reached) {
                const auto &one = s_.servers[a], &other = s_.servers[b];
                if (a != b && !(one.addresses & other.addresses).empty() &&
                    !(one.ports & other.ports).empty())
                    throw unsupported(plan.of->name + ": " + one.name + " and " + other.name +
                                      " share endpoints, and its clash scope knows no protocol");
            }
    }

    std::vector<mapping_terms> mappings_of(std::size_t i, const std::vector<cell>& here,
                                           mapping_type type, scope_destination scope) const {
        grouped_list<cell, cell> kinds;
        for (const auto& [j, v] : here) {
            if (!reach_[i][v]) continue;
            const auto p = static_cast<std::size_t>(s_.servers[v].protocol);
            kinds[type == mapping_type::edm   ? cell{0, 0}
                  : type == mapping_type::adm ? cell{j, p}
                                              : cell{0, p}]
                .emplace_back(j, v);
        }
        const term one{"1", {}};
        std::vector<mapping_terms> out;
        for (const auto& [kind, some] : kinds.all) {
            terms ends;
            std::set<std::size_t> seen;
            const bool whole = scope == scope_destination::none && type != mapping_type::adm;
            for (const auto& [j, v] : some) {
                if (!whole)
                    ends.push_back(size_name('v', v, "ports"));
                else if (seen.insert(v).second)
                    ends.push_back(endpoints_of(places_, v));
            }
            if (type == mapping_type::edm)
                out.push_back({one, scope == scope_destination::endpoint ? one : plus(ends)});
            else if (type == mapping_type::adm && scope == scope_destination::none)
                out.push_back({plus(ends), size_name('p', some.front().first, "addresses")});
            else
                out.push_back({plus(ends), one});
        }
        return out;
    }

    const scenario& s_;
    const reach_table& reach_;
    const server_places& places_;
};

}  // namespace

term size_name(char kind, std::size_t i, const std::string& what) {
    return {kind + std::to_string(i) + "-" + what, {}};
}

term endpoints_of(const server_places& places, std::size_t server) {
    terms where;
    for (std::size_t j = 0; j < places.size(); ++j)
        if (std::count(places[j].begin(), places[j].end(), server) != 0)
            where.push_back(size_name('p', j, "addresses"));
    return times({plus(where), size_name('v', server, "ports")});
}

std::vector<key_terms> key_terms_of(const scenario& s, const reach_table& reach,
                                    const server_places& places, const nat_plan& plan,
                                    const std::vector<std::size_t>& inside) {
    return key_reader(s, reach, places).families(plan, inside);
}

}  // namespace natbound
