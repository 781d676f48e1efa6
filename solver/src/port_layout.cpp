// Splitting ports. A port outside its class's own range may still be kept (Linux keeps 512-599,
// which it searches in 600-1023): each such port has one neighbour on each address, itself, so only
// ports that agree in everything stay together.
#include "port_layout.hpp"

#include <algorithm>
#include <map>
#include <set>

namespace natbound {
namespace {

// For one set of client ports and one class: what is searched only, and what may be kept besides.
struct cut {
    port_set plain, kept;
};

struct by_parts {
    bool operator()(const port_set* a, const port_set* b) const {
        return std::lexicographical_compare(
            a->parts().begin(), a->parts().end(), b->parts().begin(), b->parts().end(),
            [](const auto& x, const auto& y) {
                return std::pair(x.first, x.last) < std::pair(y.first, y.last);
            });
    }
};

}  // namespace

port_layout::port_layout(const nat_plan& plan, const std::vector<const port_set*>& client_ports,
                         bool one_by_one) {
    std::vector<const port_set*> distinct;
    std::map<const port_set*, std::size_t, by_parts> known;
    for (const auto* ports : client_ports) {
        const auto [it, fresh] = known.try_emplace(ports, distinct.size());
        if (fresh) distinct.push_back(ports);
        of_.push_back(it->second);
    }
    std::vector<std::vector<cut>> cuts(distinct.size());
    std::vector<port_set> sets;
    std::vector<port_set> ranges;
    for (const auto& c : plan.classes) {
        ranges.push_back(plan.rounds(c.size).empty() ? port_set{} : c.ports);
        sets.push_back(ranges.back());
    }
    for (std::size_t d = 0; d < distinct.size(); ++d)
        for (std::size_t k = 0; k < plan.classes.size(); ++k) {
            const port_set own = *distinct[d] & plan.classes[k].source;
            port_set kept;
            if (plan.design.first_choice == first_choice::preserve_any) kept = own - ranges[k];
            if (plan.design.first_choice == first_choice::preserve)
                kept = (own & plan.classes[k].ports) - ranges[k];
            cuts[d].push_back({own - kept, kept});
        }
    std::set<const port_set*, by_parts> cut_out;
    for (const auto& list : cuts)
        for (const auto& c : list)
            if (!c.kept.empty() && cut_out.insert(&c.kept).second) sets.push_back(c.kept);
    // Static mappings leave an address what they do not keep of an atom; only of ports that may be
    // kept outside their range each has its own neighbour, so there a mapping cuts.
    port_set outside;
    for (const auto& list : cuts)
        for (const auto& c : list) outside = outside | c.kept;
    const std::size_t before_holes = sets.size();
    for (const auto& h : plan.holes.all())
        if (const port_set inside = h.ports & outside; !inside.empty()) sets.push_back(inside);
    if (sets.size() - before_holes > 64) {
        // so many are told apart port by port
        sets.resize(before_holes);
        atoms_ = natbound::atoms(sets);
        split_atoms(plan.holes.anywhere() & outside);
    } else {
        atoms_ = natbound::atoms(sets);
    }
    if (one_by_one) split_atoms(outside);
    const auto within = [&](const port_set& whole) {
        std::vector<std::uint32_t> out;
        for (std::uint32_t a = 0; a < atoms_.size(); ++a)
            if (whole.contains(atoms_[a].at(0))) out.push_back(a);
        return out;
    };
    for (const auto& r : ranges) searched_.push_back(within(r));
    for (const auto& list : cuts) {
        auto& pieces = pieces_.emplace_back();
        for (std::size_t k = 0; k < list.size(); ++k) {
            if (!list[k].plain.empty()) pieces.push_back({list[k].plain, k, false, 0});
            for (const auto a : within(list[k].kept)) pieces.push_back({atoms_[a], k, true, a});
        }
    }
}

// Each port of the set becomes an atom.
void port_layout::split_atoms(const port_set& ports) {
    std::vector<port_set> out;
    for (const auto& atom : atoms_) {
        if (const port_set rest = atom - ports; !rest.empty()) out.push_back(rest);
        const port_set both = atom & ports;
        for (const auto& part : both.parts())
            for (port p = part.first; p <= part.last; ++p) out.push_back({p, p});
    }
    atoms_ = std::move(out);
}

}  // namespace natbound
