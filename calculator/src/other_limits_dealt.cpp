// Ports that subscribers are dealt: in blocks on demand, or one by one where their own source
// ports, mappings that serve several destinations, or quotas decide which connection needs another.
#include <algorithm>
#include <cmath>
#include <map>

#include "natbound/model/error.hpp"
#include "natbound/model/port_sets.hpp"
#include "other_limits.hpp"
#include "paired_systems.hpp"
#include "subscriber_law.hpp"

namespace natbound::calculator::detail {
namespace {

// Of a client set in a system: how many ask, and what each asks of a port.
struct askers {
    std::size_t set;
    double addresses;
    port_scope scope;
    std::vector<std::pair<std::size_t, std::size_t>> groups;  // of a traffic kind: its destinations
};

// Whether a mapping serves several destinations of the system.
bool shares(const system_split& all, const loss_system& system) {
    const auto type = all.plans[system.nat].design.mapping_type;
    return system.destinations.size() > 1 &&
           (type == mapping_type::eim || type == mapping_type::adm);
}

std::vector<askers> askers_of(const scenario& s, const system_split& all,
                              const loss_system& system) {
    std::map<std::size_t, std::map<std::uint32_t, double>> loads;  // by client set and destination
    std::map<std::size_t, double> addresses;
    for (const auto& part : system.parts) {
        const std::size_t set = all.kinds[part.kind].clients;
        loads[set][part.destination] += part.load();
        addresses[set] = std::max(addresses[set], part.addresses);
    }
    std::vector<askers> out;
    for (const auto& [set, towards] : loads) {
        askers one{set, addresses[set], {}, {}};
        one.scope.sockets = saturated(s.clients[set].ports.size());
        one.scope.shared = shares(all, system);
        std::map<std::uint32_t, std::size_t> group_of;
        for (const auto& [to, load] : towards) {
            const double each = load / one.addresses;
            one.scope.load += each;
            auto& groups = one.scope.towards;
            const auto at = std::find_if(groups.begin(), groups.end(), [&](const auto& g) {
                return std::fabs(g.load - each) <= 1e-12 * each;
            });
            group_of[to] = static_cast<std::size_t>(at - groups.begin());
            if (at == groups.end())
                groups.push_back({each, 1});
            else
                ++at->copies;
        }
        for (const auto& part : system.parts)
            if (all.kinds[part.kind].clients == set)
                one.groups.emplace_back(part.kind, group_of[part.destination]);
        out.push_back(std::move(one));
    }
    return out;
}

// Of a mapping that is one address's (adm), in a scope that knows of none: towards each address the
// client has mappings of its own.
bool apart_by_address(const system_split& all, const loss_system& system) {
    if (all.plans[system.nat].design.mapping_type != mapping_type::adm) return false;
    const auto& first = all.kinds[system.parts.front().kind].address;
    return std::any_of(system.parts.begin(), system.parts.end(),
                       [&](const auto& p) { return all.kinds[p.kind].address != first; });
}

constexpr std::uint64_t stepped_events = 2'000'000;
constexpr double most_work = 2e9;  // steps of a nanosecond, of a law of one subscriber

}  // namespace

// The systems of a NAT with blocks are a subscriber's scopes, each by itself.
void other_limits::read_dealt(const scenario& s, const system_split& all) {
    place_.resize(all.kinds.size());
    std::map<std::pair<std::size_t, std::size_t>, std::size_t> known;  // by NAT and client set
    std::map<std::pair<std::size_t, std::size_t>, std::size_t> places;
    for (const auto& system : all.systems) {
        if (!system.dealt) continue;
        const auto& n = s.nats[system.nat];
        auto& dealing = dealt_[system.nat];
        const port_set_layout layout(n);
        const auto& rule = *n.port_set;
        if (rule.dynamic)
            dealing = {rule.dynamic->port_set_size, rule.dynamic->port_sets_per_subscriber,
                       saturated(layout.dynamic_sets()), std::move(dealing.kinds),
                       rule.port_set_size};
        else
            dealing = {rule.port_set_size, rule.port_sets_per_subscriber, saturated(layout.sets()),
                       std::move(dealing.kinds), 0};
        if (system.paired_sets) {
            dealing.pool = layout.on_an_address();
            dealing.addresses = saturated(n.external_ip_address_pool.size());
            dealing.fallback = n.design.pool.fallback;
        }
        auto who_asks = askers_of(s, all, system);
        auto& asker = who_asks.front();  // a client set has a system of its own
        const count many = s.clients[asker.set].addresses.size();
        constexpr std::uint64_t most = 10'000'000;
        if (many > most)
            throw unsupported("NAT " + n.name +
                              ": port blocks dealt on demand are counted for 1e7 client addresses");
        if (shares(all, system) && apart_by_address(all, system))
            throw unsupported("NAT " + n.name +
                              ": port blocks dealt on demand, of mappings that each address has "
                              "for itself in a clash scope without destinations, are not modelled "
                              "yet");
        const auto [it, fresh] = known.try_emplace({system.nat, asker.set}, dealing.kinds.size());
        if (fresh) dealing.kinds.push_back({static_cast<std::uint64_t>(many), {}});
        auto& who = dealing.kinds[it->second];
        const std::uint64_t ports = dealing.own + dealing.most * dealing.block;
        auto& scope = asker.scope;
        scope.copies = system.copies / static_cast<double>(who.count);
        // more source ports than ports bind nothing where each flow takes one
        if (!scope.shared && scope.sockets >= ports) scope.towards.clear();
        if (!scope.towards.empty() && work_of_subscriber(scope, ports, 0) > most_work)
            throw unsupported("NAT " + n.name +
                              ": mappings towards so many destinations, in so large port blocks "
                              "that are dealt on demand, are not counted");
        auto& place_at = places[{system.nat, asker.set}];
        for (const auto& [kind, group] : asker.groups)
            place_[kind] =
                place{system.nat, it->second, place_at + (scope.towards.empty() ? 0 : group)};
        place_at += std::max<std::size_t>(1, scope.towards.size());
        who.scopes.push_back(std::move(scope));
    }
    // Blocks are kept while a flow is left in them. Where each subscriber has one at most, or a
    // block is one port, that is while it needs it; and where there are enough for all it does not
    // matter.
    for (auto& [nat, dealing] : dealt_) {
        if (dealing.addresses > 1 && dealing.kinds.size() > 1) refuse_unlike(s.nats[nat]);
        double wanted = 0;
        for (const auto& who : dealing.kinds)
            wanted += static_cast<double>(who.count) * static_cast<double>(dealing.most);
        const bool split = dealing.own > 0 || (dealing.most > 1 && dealing.block > 1);
        if (split && wanted > static_cast<double>(dealing.pool)) dealing.stepped = stepped_events;
    }
}

std::optional<block_dealing> other_limits::as_dealing(const scenario& s, const system_split& all,
                                                      std::size_t system, double ports) const {
    constexpr double quick = 2e7;  // steps for one load: many are tried
    const auto& one = all.systems[system];
    const auto& each = all.plans[one.nat].quota;
    const bool shared = shares(all, one);
    if (one.copies != 1 || apart_by_address(all, one)) return std::nullopt;
    block_dealing out{1, static_cast<std::uint64_t>(ports), static_cast<std::uint64_t>(ports), {}};
    if (each && !shared) out.most = std::min<std::uint64_t>(out.most, *each);
    double work = 0, most_held = 0;
    for (const auto& asker : askers_of(s, all, one)) {
        for (const auto& part : one.parts)
            if (all.kinds[part.kind].clients == asker.set && part.addresses != asker.addresses)
                return std::nullopt;
        if (asker.addresses != std::floor(asker.addresses) || asker.addresses > 1e6)
            return std::nullopt;
        const std::uint64_t flows = shared && each ? *each : 0;
        work += work_of_subscriber(asker.scope, out.most, flows);
        most_held += asker.addresses * static_cast<double>(out.most);
        out.kinds.push_back({static_cast<std::uint64_t>(asker.addresses), {asker.scope}, flows});
    }
    // the laws of all together reach as far as some deviations of what they hold
    const double reach = std::min(most_held, ports + 15 * std::sqrt(ports) + 100);
    work += 3 * reach * reach * static_cast<double>(out.kinds.size() * out.kinds.size());
    return work <= quick ? std::optional(out) : std::nullopt;
}

void other_limits::take_system(const system_split& all, std::size_t system, block_dealing dealing) {
    const std::size_t number = all.plans.size() + system;
    const auto& one = all.systems[system];
    std::size_t kind = 0;
    std::vector<std::size_t> sets;
    for (const auto& part : one.parts) sets.push_back(all.kinds[part.kind].clients);
    std::sort(sets.begin(), sets.end());
    sets.erase(std::unique(sets.begin(), sets.end()), sets.end());
    for (const auto& set : sets) {
        const auto& groups = dealing.kinds[kind].scopes.front().towards;
        for (const auto& part : one.parts) {
            if (all.kinds[part.kind].clients != set) continue;
            double load = 0;
            for (const auto& other : one.parts)
                if (all.kinds[other.kind].clients == set && other.destination == part.destination)
                    load += other.load() / part.addresses;
            std::size_t g = 0;
            while (std::fabs(groups[g].load - load) > 1e-11 * load) ++g;
            place_[part.kind] = place{number, kind, g};
        }
        quotas_[set].limit = 0;
        ++kind;
    }
    dealt_[number] = std::move(dealing);
}

std::optional<dealt_refusal> other_limits::dealt(std::size_t kind, double scale) const {
    if (!place_[kind]) return std::nullopt;
    const auto& at = *place_[kind];
    const auto [it, fresh] = dealt_seen_.try_emplace({at.dealing, scale});
    if (fresh) {
        block_dealing now = dealt_.at(at.dealing);
        for (auto& who : now.kinds)
            for (auto& scope : who.scopes) {
                scope.load *= scale;
                for (auto& to : scope.towards) to.load *= scale;
            }
        it->second = dealt_blocks(now, kept_[at.dealing]);
    }
    return it->second.refused[at.kind][at.scope];
}

double other_limits::kept_error(std::size_t kind, double scale) const {
    constexpr double factor_of_two = 0.69314718 / 1.96;  // measured: docs/measure_blocks.py
    if (!has_kept(kind)) return 0;
    const auto refused = dealt(kind, scale);
    const auto& all = dealt_seen_.at({place_[kind]->dealing, scale});
    const double part = refused->by_pool - log_sum(refused->by_quota, refused->by_pool);
    return std::isfinite(part) ? std::exp(part) * std::hypot(factor_of_two, all.log_error) : 0;
}

double other_limits::log_dealt(std::size_t kind, double scale) const {
    const auto found = dealt(kind, scale);
    if (!found) return log_zero;
    return std::min(0.0, log_sum(log_sum(found->by_quota, found->by_pool), found->by_flows));
}

}  // namespace natbound::calculator::detail
