// Endpoints in a row, address by address, of which a NAT takes the first.
#include "divided_pools.hpp"

#include <algorithm>

#include "nat_demand.hpp"
#include "natbound/model/cascade.hpp"
#include "natbound/model/work.hpp"
#include "pair_fit.hpp"
#include "shared_pools.hpp"

namespace natbound {
namespace {

using holes = std::vector<static_mapping>;

// Ports of whole addresses, and of the one that is cut.
void keep(const address_set& addresses, const port_set& ports, holes& out) {
    if (!addresses.empty() && !ports.empty()) out.push_back({addresses, ports, std::nullopt});
}

// The endpoints of these addresses before number `end`, and from it on.
holes before(const address_set& shared, const count& end) {
    holes out;
    const count whole = end / port_count, rest = end % port_count;
    keep(shared.slice(0, whole), all_ports(), out);
    if (rest > 0)
        keep(shared.slice(static_cast<u128>(whole), 1),
             port_set(0, static_cast<port>(count(rest - 1))), out);
    return out;
}

holes from(const address_set& shared, const count& end) {
    holes out;
    const count whole = end / port_count, rest = end % port_count;
    const count cut = rest > 0 ? 1 : 0;
    if (rest > 0)
        keep(shared.slice(static_cast<u128>(whole), 1),
             port_set(static_cast<port>(rest), port_count - 1), out);
    if (whole + cut < shared.size())
        keep(shared.slice(static_cast<u128>(count(whole + cut)), shared.size() - whole - cut),
             all_ports(), out);
    return out;
}

// What all divisions of one scenario have in common.
struct shared_ways {
    const scenario& s;
    shared_pools pools;
    reach_table reach;
    std::vector<std::vector<std::size_t>> inside;
    std::vector<std::vector<std::size_t>> clashes;  // by way: numbers of its clashes

    explicit shared_ways(const scenario& of)
        : s(of),
          pools(of),
          reach(reaches_of(of)),
          inside(inside_of(of)),
          clashes(pools.ways.size()) {
        for (std::size_t k = 0; k < pools.clashes.size(); ++k) {
            clashes[pools.clashes[k].first].push_back(k);
            clashes[pools.clashes[k].second].push_back(k);
        }
    }
};

class dividing {
  public:
    dividing(const shared_ways& of, const demand_list& demand, by_pairs& all)
        : of_(of),
          now_(of.s),
          demand_(demand),
          kept_(of.pools.ways.size()),
          all_(all),
          memory_(boost::json::make_shared_resource<boost::json::monotonic_resource>()) {}

    // Places the demand through the NATs; false where it was not all placed.
    bool run() {
        const auto& ways = of_.pools.ways;
        // clients that nothing translates have no choice, so that theirs go first
        for (std::size_t w = 0; w < ways.size(); ++w)
            if (ways[w].client) claim(w, {{ways[w].addresses, ways[w].ports, std::nullopt}});
        for (std::size_t w = 0; w < ways.size(); ++w)
            if (ways[w].nat && !take(w)) return false;
        return true;
    }

  private:
    // As few of the endpoints that later ways have, too, as do.
    bool take(std::size_t w) {
        const std::size_t n = *of_.pools.ways[w].nat;
        demand_list mine;
        for (const auto& p : demand_)
            if (std::binary_search(of_.inside[n].begin(), of_.inside[n].end(), p.client))
                mine.push_back(p);
        if (total_of(mine) == 0) return true;
        address_set later;
        for (const auto k : of_.clashes[w])
            if (const auto v = other(k, w); v > w && of_.pools.ways[v].nat)
                later = later | of_.pools.clashes[k].addresses;
        const auto through = [&](const count& taken) {
            auto& no_more = now_.nats[n].static_mappings;
            no_more = of_.s.nats[n].static_mappings;
            if (!no_more) no_more.emplace();
            const auto left = from(later, taken);
            no_more->insert(no_more->end(), kept_[w].begin(), kept_[w].end());
            no_more->insert(no_more->end(), left.begin(), left.end());
            return demand_through(now_, of_.reach, n, of_.inside[n], mine, memory_);
        };
        count low = -1, high = later.size() * port_count;  // the last is not known yet
        while (high - low > 1) {
            poll();
            const count middle = (low + high) / 2;
            (through(middle).verdict == fit_verdict::fits ? high : low) = middle;
        }
        auto found = through(high);
        if (found.verdict != fit_verdict::fits) return false;
        all_.take(std::move(found));
        claim(w, before(later, high));
        return true;
    }

    // The way that w clashes with.
    std::size_t other(std::size_t clash, std::size_t w) const {
        const auto& c = of_.pools.clashes[clash];
        return c.first == w ? c.second : c.first;
    }

    // No other NAT may use these of w's endpoints.
    void claim(std::size_t w, const holes& taken) {
        for (const auto k : of_.clashes[w])
            for (const auto& h : taken)
                keep(h.external_src_address & of_.pools.clashes[k].addresses, h.external_src_port,
                     kept_[other(k, w)]);
    }

    const shared_ways& of_;
    scenario now_;  // in which the NAT that is looked at lacks what it may not use
    const demand_list& demand_;
    std::vector<holes> kept_;  // by way: what others have taken
    by_pairs& all_;
    boost::json::storage_ptr memory_;
};

// Whether nothing but the external endpoints towards it is shared by what goes to different
// destinations.
bool destinations_apart(const nat& n) {
    const auto type = n.design.mapping_type;
    const auto& entries = n.connection_limits;
    const auto& mappings = n.mapping_limits;
    return (type == mapping_type::edm || type == mapping_type::eim_if_possible) &&
           n.design.clash_scope.destination == scope_destination::endpoint &&
           !n.design.pool.paired && !entries.limit_per_instance && !entries.limit_per_subscriber &&
           !mappings.limit_port_mappings && !mappings.limit_subscribers;
}

// Each part of the demand with a division of its own.
std::optional<fit_result> placed(const shared_ways& ways, const demand_list& demand,
                                 const std::vector<demand_list>& parts) {
    by_pairs all(ways.s, demand);
    for (const auto c : ways.inside.back())
        if (!all.routed(c)) return std::nullopt;
    for (const auto& part : parts)
        if (!dividing(ways, part, all).run()) return std::nullopt;
    if (!all.within_servers()) return std::nullopt;
    return all.fitting();
}

}  // namespace

std::optional<fit_result> placed_apart(const scenario& s, const demand_list& demand) {
    const bool plain = std::all_of(s.nats.begin(), s.nats.end(),
                                   [](const nat& n) { return translates(n) && !n.port_set; });
    if (!plain || is_spread(s)) return std::nullopt;
    const shared_ways ways(s);
    if (auto found = placed(ways, demand, {demand})) return found;
    if (!std::all_of(s.nats.begin(), s.nats.end(), destinations_apart)) return std::nullopt;
    std::vector<demand_list> by_server(s.servers.size());
    for (const auto& p : demand) by_server[p.server].push_back(p);
    return placed(ways, demand, by_server);
}

}  // namespace natbound
