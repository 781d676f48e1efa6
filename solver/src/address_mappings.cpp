// With every address of the servers as one destination, a connection there is one mapping. So the
// mappings that are needed are placed first, and then given their ports.
#include <algorithm>
#include <map>
#include <set>

#include "cascade_view.hpp"
#include "keyed_blocks.hpp"
#include "mapping_need.hpp"
#include "nat_reading.hpp"
#include "overlay.hpp"
#include "pair_network.hpp"
#include "shared_mappings.hpp"
#include "shares.hpp"

namespace natbound {
namespace {

// Addresses on which the same server sets of one protocol have ports.
struct place {
    address_set addresses;
    std::vector<std::size_t> servers;
};

// What client sets want on the addresses of a place, by client set and place.
using needs = std::map<std::pair<std::size_t, std::size_t>, mapping_need>;

std::vector<place> places_of(const scenario& s, const demand_list& demands) {
    std::map<transport, std::vector<std::size_t>> by_protocol;
    std::vector<bool> wanted(s.servers.size(), false);
    for (const auto& d : demands) wanted[d.server] = true;
    for (std::size_t v = 0; v < s.servers.size(); ++v)
        if (wanted[v]) by_protocol[s.servers[v].protocol].push_back(v);
    std::vector<place> out;
    for (const auto& [protocol, servers] : by_protocol) {
        std::vector<const address_set*> sets;
        for (const auto v : servers) sets.push_back(&s.servers[v].addresses);
        for (auto& here : overlay<ip_address>(sets)) {
            place one{std::move(here.atom), {}};
            for (const auto k : here.sets) one.servers.push_back(servers[k]);
            out.push_back(std::move(one));
        }
    }
    return out;
}

// How a pair is divided over places, where its servers have several: evenly over their addresses;
// or first on mappings that others of its client need there anyway, and the rest evenly, or by the
// endpoints that are left.
enum class dividing { evenly, joining, by_room };

class divider {
  public:
    divider(const scenario& s, const nat_plan& plan, const std::vector<place>& places,
            const demand_list& demands)
        : s_(s), plan_(plan), places_(places), demands_(demands), of_server_(s.servers.size()) {
        for (std::size_t p = 0; p < places.size(); ++p)
            for (const auto v : places[p].servers) of_server_[v].push_back(p);
        std::stable_sort(demands_.begin(), demands_.end(), [&](const auto& a, const auto& b) {
            return of_server_[a.server].size() < of_server_[b.server].size();
        });
    }

    bool only_one_way() const {
        return std::all_of(demands_.begin(), demands_.end(),
                           [&](const pair_demand& d) { return of_server_[d.server].size() == 1; });
    }

    needs divide(dividing how) const {
        needs out;
        for (const auto& d : demands_) {
            const count ports = s_.servers[d.server].ports.size();
            std::map<std::size_t, count> given;  // by place
            count left = d.connections;
            for (const auto p : of_server_[d.server]) {
                const auto there = out.find({d.client, p});
                if (how == dividing::evenly || there == out.end()) continue;
                const count many = std::min<count>(left, there->second.mappings * ports);
                given[p] += many;
                left -= many;
            }
            shares parts = weights(d, how == dividing::by_room, out);
            for (const auto& one : divided(parts, left)) given[one.server] += one.connections;
            for (const auto& [p, many] : given)
                if (many > 0) out[{d.client, p}].add(d.server, many, ports);
        }
        return out;
    }

  private:
    shares weights(const pair_demand& d, bool by_room, const needs& so_far) const {
        shares even, room;
        count all = 0;
        for (const auto p : of_server_[d.server]) {
            even[{d.client, p}] = places_[p].addresses.size();
            if (by_room) all += room[{d.client, p}] = room_at(p, so_far);
        }
        std::erase_if(room, [](const auto& one) { return one.second == 0; });
        return all > 0 ? room : even;
    }

    // Endpoints on the addresses of a place that no mapping has yet, if those of places that it
    // overlaps lie evenly.
    count room_at(std::size_t place, const needs& so_far) const {
        count ports = 0;
        for (const auto& c : plan_.classes) ports = std::max<count>(ports, c.ports.size());
        const auto& here = places_[place].addresses;
        const count all = here.size() * ports * plan_.pool_size;
        count used = 0;
        for (const auto& [key, n] : so_far) {
            const auto& other = places_[key.second];
            const bool apart = plan_.design.clash_scope.protocol &&
                               s_.servers[other.servers.front()].protocol !=
                                   s_.servers[places_[place].servers.front()].protocol;
            if (!apart)
                used += n.mappings * (here & other.addresses).size() / other.addresses.size();
        }
        return all - std::min<count>(all, used);
    }

    const scenario& s_;
    const nat_plan& plan_;
    const std::vector<place>& places_;
    demand_list demands_;  // those with the fewest places first
    std::vector<std::vector<std::size_t>> of_server_;
};

// The scenario whose servers are the places, each address with one port.
scenario by_places(const scenario& s, const std::vector<place>& places) {
    scenario out = s;
    out.servers.clear();
    for (const auto& p : places) {
        auto one = s.servers[p.servers.front()];
        one.addresses = p.addresses;
        one.ports = one.ports.slice(0, 1);
        one.connection_limits.reset();
        one.backends.reset();
        out.servers.push_back(std::move(one));
    }
    return out;
}

// Mappings number `from` .. `end` - 1 of a block (unit by unit, in each address by address), as
// blocks towards all their addresses at once: at most three.
struct part {
    count unit, units, address, addresses;
};
std::vector<part> parts_of(const count& from, const count& end, const count& wide) {
    std::vector<part> out;
    count at = from;
    while (at < end) {
        const count column = at % wide;
        const bool whole = column == 0 && end - at >= wide;
        const count here =
            whole ? count((end - at) / wide * wide) : std::min<count>(end - at, wide - column);
        out.push_back(
            {at / wide, whole ? count(here / wide) : count(1), column, whole ? wide : here});
        at += here;
    }
    return out;
}

// The block's mappings, of which `before` have lain in earlier blocks, with their ports.
void dress(const scenario& s, const block& b, const mapping_need& n, const count& before,
           std::vector<block>& out) {
    count from = 0;
    for (const auto& end : n.ends(before, b.connections())) {
        for (const auto& p : parts_of(from, end, b.to->endpoints)) {
            target to{{}, 0};
            count weight = 0;
            for (const auto& w : n.wishes) {
                const auto many = static_cast<std::uint64_t>(n.share(w, before + from));
                if (many == 0) continue;
                weight += many;
                for (auto& item : slice_endpoints(b.to->list, p.address, p.addresses))
                    to.list.push_back({w.server, std::move(item.addresses),
                                       s.servers[w.server].ports.slice(0, many)});
            }
            if (weight == 0) continue;
            to.endpoints = endpoints(to.list);
            out.push_back(
                part_of(b, std::make_shared<const target>(std::move(to)), p.unit, p.units));
            out.back().weight = weight;
        }
        from = end;
    }
}

}  // namespace

shared_placing place_address_mappings(const scenario& s, const nat_plan& plan,
                                      const std::vector<std::size_t>& inside, nat_reading reading,
                                      const demand_list& demands, std::size_t nat) {
    const auto places = places_of(s, demands);
    const scenario seen = by_places(s, places);
    const divider divides(s, plan, places, demands);
    reading.mapping = mapping_type::edm;
    needs wanted;
    std::vector<group> groups;
    pair_flow flow;
    demand_list closed;
    for (const auto how : {dividing::evenly, dividing::joining, dividing::by_room}) {
        wanted = divides.divide(how);
        reach_table reach(s.clients.size(), std::vector<bool>(places.size(), false));
        demand_list mappings;
        for (const auto& [key, n] : wanted) {
            reach[key.first][key.second] = true;
            mappings.push_back({key.first, key.second, n.mappings});
        }
        groups = groups_of(seen, reach, plan, inside, by_pair(reading));
        flow = send(groups, mappings);
        if (flow.fits) break;
        std::set<std::pair<std::size_t, std::size_t>> pairs;  // client set and server set
        for (std::size_t k = 0; k < mappings.size(); ++k)
            for (const auto v :
                 flow.closed[k] ? places[mappings[k].server].servers : std::vector<std::size_t>())
                pairs.emplace(mappings[k].client, v);
        if (how == dividing::evenly)
            closed = those(demands, [&](const pair_demand& d) {
                return pairs.contains({d.client, d.server});
            });
        if (divides.only_one_way()) break;
    }
    if (!flow.fits) return {std::nullopt, std::move(closed)};
    std::vector<block> out;
    std::map<std::pair<std::size_t, std::size_t>, count> done;
    for (const auto& laid : blocks_over_keys(groups, std::move(flow.placements), nat))
        for (const auto& b : unspread(laid)) {
            const std::pair<std::size_t, std::size_t> key{b.client, b.to->list.front().server};
            dress(s, b, wanted.at(key), done[key], out);
            done[key] += b.connections();
        }
    for (const auto& [key, n] : wanted)  // of very many pieces some may be left out
        if (done[key] != n.mappings) return {};
    return {std::move(out), {}};
}

}  // namespace natbound
