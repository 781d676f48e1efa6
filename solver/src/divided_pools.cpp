// Endpoints in a row, address by address, of which a NAT takes the first.
#include "divided_pools.hpp"

#include <algorithm>

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

class dividing {
  public:
    dividing(const scenario& s, demand_list demand)
        : s_(s),
          demand_(std::move(demand)),
          shared_(s),
          reach_(reaches_of(s)),
          inside_(inside_of(s)),
          kept_(shared_.ways.size()),
          all_(s, demand_) {}

    // What was placed; nothing where it was not all.
    std::optional<by_pairs> run() {
        // clients have no choice, so that theirs go first
        if (!place(s_.nats.size(), s_)) return std::nullopt;
        for (std::size_t w = 0; w < shared_.ways.size(); ++w)
            if (shared_.ways[w].client)
                claim(w, {{shared_.ways[w].addresses, shared_.ways[w].ports, std::nullopt}});
        for (std::size_t w = 0; w < shared_.ways.size(); ++w)
            if (shared_.ways[w].nat && !take(w)) return std::nullopt;
        return std::move(all_);
    }

  private:
    // As few of the endpoints that later ways have, too, as do.
    bool take(std::size_t w) {
        const std::size_t n = *shared_.ways[w].nat;
        address_set later;
        for (const auto& c : shared_.clashes)
            if (const auto v = other(c, w); v > w && v < shared_.ways.size() && shared_.ways[v].nat)
                later = later | c.addresses;
        const auto with = [&](const count& taken) {
            scenario out = s_;
            auto& mine = out.nats[n].static_mappings;
            if (!mine) mine.emplace();
            const auto left = from(later, taken);
            mine->insert(mine->end(), kept_[w].begin(), kept_[w].end());
            mine->insert(mine->end(), left.begin(), left.end());
            return out;
        };
        const count all = later.size() * port_count;
        count low = -1, high = all;  // the last is not known yet
        while (high - low > 1) {
            poll();
            const count middle = (low + high) / 2;
            (fit(n, with(middle)) ? high : low) = middle;
        }
        const auto some = with(high);
        if (!place(n, some)) return false;
        claim(w, before(later, high));
        return true;
    }

    // The way that w clashes with; past all where it is no clash of its.
    std::size_t other(const clash& c, std::size_t w) const {
        return c.first == w ? c.second : c.second == w ? c.first : shared_.ways.size();
    }

    // No other NAT may use these of w's endpoints.
    void claim(std::size_t w, const holes& taken) {
        for (const auto& c : shared_.clashes) {
            const auto v = other(c, w);
            if (v == shared_.ways.size()) continue;
            for (const auto& h : taken)
                keep(h.external_src_address & c.addresses, h.external_src_port, kept_[v]);
        }
    }

    by_pairs of(std::size_t n, const scenario& some) const {
        std::vector<std::vector<std::size_t>> alone(inside_.size());
        alone[n] = inside_[n];
        demand_list mine;
        for (const auto& p : demand_)
            if (std::find(alone[n].begin(), alone[n].end(), p.client) != alone[n].end())
                mine.push_back(p);
        return by_pairs(some, reach_, std::move(alone), std::move(mine));
    }

    bool fit(std::size_t n, const scenario& some) const { return of(n, some).each_nat(); }

    // The NAT's connections; the number of NATs: those of clients that nothing translates.
    bool place(std::size_t n, const scenario& some) {
        auto one = of(n, some);
        if (!one.each_nat()) return false;
        all_.join(std::move(one));
        return true;
    }

    const scenario& s_;
    demand_list demand_;
    shared_pools shared_;
    reach_table reach_;
    std::vector<std::vector<std::size_t>> inside_;
    std::vector<holes> kept_;  // by way: what others have taken
    by_pairs all_;
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

// Divided anew for each server set, where that may be.
std::optional<by_pairs> each_server(const scenario& s, const demand_list& demand) {
    if (!std::all_of(s.nats.begin(), s.nats.end(), destinations_apart)) return std::nullopt;
    by_pairs all(s, demand);
    for (std::size_t v = 0; v < s.servers.size(); ++v) {
        demand_list some = demand;
        std::erase_if(some, [&](const pair_demand& p) { return p.server != v; });
        auto one = dividing(s, std::move(some)).run();
        if (!one) return std::nullopt;
        all.join(std::move(*one));
    }
    return all;
}

}  // namespace

std::optional<fit_result> placed_apart(const scenario& s, const demand_list& demand) {
    const bool plain = std::all_of(s.nats.begin(), s.nats.end(),
                                   [](const nat& n) { return translates(n) && !n.port_set; });
    if (!plain || is_spread(s)) return std::nullopt;
    const auto within = [](std::optional<by_pairs> placed) -> std::optional<fit_result> {
        if (!placed || !placed->within_servers()) return std::nullopt;
        return placed->fitting();
    };
    if (auto found = within(dividing(s, demand).run())) return found;
    return within(each_server(s, demand));
}

}  // namespace natbound
