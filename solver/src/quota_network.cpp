// Atoms of addresses, and arcs between them and the classes.
#include "quota_network.hpp"

#include <map>

#include "natbound/model/error.hpp"
#include "overlay.hpp"

namespace natbound {
namespace {

constexpr std::size_t most_sets = 20'000;   // different sets of addresses that runs have
constexpr std::size_t most_arcs = 500'000;  // from atoms to classes

using parts = std::vector<std::pair<ip_address, ip_address>>;

parts parts_of(const address_set& a) {
    parts out;
    for (const auto& p : a.parts()) out.emplace_back(p.first, p.last);
    return out;
}

[[noreturn]] void too_many() {
    throw unsupported(
        "a quota per subscriber together with a hash that sends so many client addresses to "
        "so many places is not settled in this version");
}

}  // namespace

quota_network::quota_network(const std::vector<group>& groups, const count& quota,
                             const std::vector<std::optional<count>>& room)
    : groups_(groups) {
    find_atoms();
    auto node = static_cast<std::uint32_t>(atoms_.size());
    std::vector<std::uint32_t> first_source, first_external;
    for (const auto& g : groups) {
        first_source.push_back(node);
        node += static_cast<std::uint32_t>(g.sources.size());
        first_external.push_back(node);
        node += static_cast<std::uint32_t>(g.externals.size());
    }
    const std::uint32_t first_room = node;  // of the servers of each group
    node += static_cast<std::uint32_t>(groups.size());
    source_ = node++;
    sink_ = node++;
    flows_ = std::make_unique<flow_network<count>>(node);
    for (std::uint32_t a = 0; a < atoms_.size(); ++a)
        flows_->add_arc(source_, a, atoms_[a].addresses.size() * quota);
    for (std::size_t g = 0; g < groups.size(); ++g) {
        const auto& here = groups[g];
        const auto external = [&](std::size_t e) {
            return first_external[g] + static_cast<std::uint32_t>(e);
        };
        const auto servers = room[g] ? first_room + static_cast<std::uint32_t>(g) : sink_;
        for (std::size_t e = 0; e < here.externals.size(); ++e)
            flows_->add_arc(external(e), servers, here.keys * here.externals[e].size());
        if (room[g]) limited_.emplace_back(flows_->add_arc(servers, sink_, 0), *room[g]);
        for (std::size_t c = 0; c < here.sources.size(); ++c) {
            const auto& cls = here.sources[c];
            const auto at = first_source[g] + static_cast<std::uint32_t>(c);
            std::map<std::size_t, std::pair<count, std::vector<std::size_t>>> by_atom;
            for (std::size_t r = 0; r < cls.runs.size(); ++r)
                for (const auto a : atoms_of_[g][c][r]) {
                    auto& [units, runs] = by_atom[a];
                    units += cls.runs[r].units / cls.runs[r].addresses.size() *
                             atoms_[a].addresses.size();
                    runs.push_back(r);
                }
            for (auto& [a, found] : by_atom) {
                const auto id =
                    flows_->add_arc(static_cast<std::uint32_t>(a), at, here.keys * found.first);
                into_.push_back({g, c, a, false, id, std::move(found.second)});
            }
            if (into_.size() > most_arcs) too_many();
            const count all = here.keys * cls.mappings;
            for (const auto e : cls.same_port)
                onto_.push_back({g, c, e, true, flows_->add_arc(at, external(e), all), {}});
            for (const auto e : cls.open)
                onto_.push_back({g, c, e, false, flows_->add_arc(at, external(e), all), {}});
        }
    }
}

void quota_network::find_atoms() {
    std::map<std::size_t, std::map<parts, std::size_t>> known;  // by client: sets, with numbers
    std::map<std::size_t, std::vector<const address_set*>> sets;
    for (const auto& g : groups_)
        for (const auto& c : g.sources)
            for (const auto& r : c.runs) {
                auto& mine = known[r.client];
                const auto [it, fresh] = mine.try_emplace(parts_of(r.addresses), mine.size());
                if (fresh) sets[r.client].push_back(&r.addresses);
                if (mine.size() > most_sets) too_many();
            }
    std::map<std::size_t, std::vector<std::vector<std::size_t>>> atoms;  // by client and set
    for (const auto& [client, list] : sets) {
        auto& mine = atoms[client];
        mine.resize(list.size());
        for (auto& o : overlay<ip_address>(list)) {
            for (const auto i : o.sets) mine[i].push_back(atoms_.size());
            atoms_.push_back({client, std::move(o.atom)});
        }
    }
    for (const auto& g : groups_) {
        auto& in_group = atoms_of_.emplace_back();
        for (const auto& c : g.sources) {
            auto& in_class = in_group.emplace_back();
            for (const auto& r : c.runs)
                in_class.push_back(atoms[r.client][known[r.client].at(parts_of(r.addresses))]);
        }
    }
}

// Servers with limits last, so that others than this NAT's clients find as much room as can be.
count quota_network::run() {
    count sent = flows_->augment(source_, sink_);
    for (const auto& [id, room] : limited_) flows_->raise(id, room);
    if (!limited_.empty()) sent += flows_->augment(source_, sink_);
    return sent;
}

std::vector<subscriber_atom> quota_network::cut() const {
    const auto reached = flows_->source_side(source_);
    std::vector<subscriber_atom> out;
    for (std::size_t a = 0; a < atoms_.size(); ++a)
        if (!reached[a]) out.push_back(atoms_[a]);
    return out;
}

std::vector<quota_network::share> quota_network::shares() const {
    std::vector<share> out;
    for (const auto& a : into_)
        if (const count f = flows_->flow(a.id); f > 0)
            out.push_back({a.group, a.source, a.other, f, a.runs});
    return out;
}

std::vector<placement> quota_network::placements(std::size_t group) const {
    std::vector<placement> out;
    for (const auto& a : onto_)
        if (a.group == group)
            if (const count f = flows_->flow(a.id); f > 0)
                out.push_back({static_cast<std::uint32_t>(a.source),
                               static_cast<std::uint32_t>(a.other), a.keeps, f});
    return out;
}

}  // namespace natbound
