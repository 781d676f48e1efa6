// From bundles of destinations to the keys that they share.
#include "shared_keys.hpp"

#include <map>

#include "overlay.hpp"

namespace natbound {
namespace {

// An item of a bundle.
struct part {
    std::size_t bundle;
    const destination_item* item;
};

class tabler {
  public:
    tabler(const scenario& s, const group& g, const clash_scope& scope)
        : s_(s), g_(g), scope_(scope) {}

    key_table run() {
        find_kinds();
        std::map<int, std::vector<part>> apart;  // by protocol, where keys tell protocols apart
        for (std::size_t b = 0; b < g_.bundles.size(); ++b)
            for (const auto& item : g_.bundles[b])
                apart[scope_.protocol ? static_cast<int>(s_.servers[item.server].protocol) : 0]
                    .push_back({b, &item});
        for (const auto& [protocol, parts] : apart) by_address(parts);
        out_.of_kind.resize(out_.kinds.size());
        for (std::size_t k = 0; k < out_.sorts.size(); ++k)
            for (std::size_t i = 0; i < out_.sorts[k].stakes.size(); ++i)
                out_.of_kind[out_.sorts[k].stakes[i].kind].emplace_back(k, i);
        return std::move(out_);
    }

  private:
    void find_kinds() {
        std::map<std::pair<std::vector<std::uint32_t>, std::size_t>, std::size_t> found;
        kinds_of_.resize(g_.bundles.size());
        for (std::size_t c = 0; c < g_.sources.size(); ++c) {
            const auto& source = g_.sources[c];
            for (std::size_t r = 0; r < source.runs.size(); ++r) {
                const auto& run = source.runs[r];
                const auto [it, fresh] =
                    found.try_emplace({source.open, run.to}, out_.kinds.size());
                if (fresh) {
                    out_.kinds.push_back({source.open, {}, 0});
                    kinds_of_[run.to].push_back(it->second);
                }
                out_.kinds[it->second].runs.emplace_back(c, r);
                out_.kinds[it->second].sockets += run.units;
            }
        }
    }

    void by_address(const std::vector<part>& parts) {
        std::vector<const address_set*> sets;
        sets.reserve(parts.size());
        for (const auto& p : parts) sets.push_back(&p.item->addresses);
        for (const auto& here : overlay<ip_address>(sets)) {
            if (scope_.destination == scope_destination::endpoint) {
                by_port(parts, here);
                continue;
            }
            std::vector<destination_list> to(g_.bundles.size());
            for (const auto p : here.sets)
                to[parts[p].bundle].push_back(
                    {parts[p].item->server, here.atom, parts[p].item->ports});
            add(here.atom.size(), to);
        }
    }

    void by_port(const std::vector<part>& parts, const overlaid<ip_address>& here) {
        std::vector<const port_set*> sets;
        sets.reserve(here.sets.size());
        for (const auto p : here.sets) sets.push_back(&parts[p].item->ports);
        for (const auto& at : overlay<port>(sets)) {
            std::vector<destination_list> to(g_.bundles.size());
            for (const auto p : at.sets) {
                const auto& one = parts[here.sets[p]];
                // one mapping is of one protocol, so a bundle has the endpoint once
                to[one.bundle].push_back({one.item->server, here.atom, at.atom});
            }
            add(here.atom.size() * at.atom.size(), to);
        }
    }

    void add(const count& keys, const std::vector<destination_list>& to) {
        key_sort sort{keys, {}};
        for (std::size_t b = 0; b < to.size(); ++b)
            for (const auto kind : kinds_of_[b])
                if (!to[b].empty()) sort.stakes.push_back({kind, endpoints(to[b]) / keys, to[b]});
        if (!sort.stakes.empty()) out_.sorts.push_back(std::move(sort));
    }

    const scenario& s_;
    const group& g_;
    const clash_scope& scope_;
    std::vector<std::vector<std::size_t>> kinds_of_;  // by bundle
    key_table out_;
};

}  // namespace

key_table key_table_of(const scenario& s, const group& g, const clash_scope& scope) {
    return tabler(s, g, scope).run();
}

}  // namespace natbound
