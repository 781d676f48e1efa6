// Laying out what the network of subscribers lets through, key by key. What an atom of N addresses
// sends to a class is dealt to its addresses in turn, each deal beginning where the last one ended,
// so that no address has two more than another: at most its quota, since together they have at most
// N times that.
#include <algorithm>
#include <map>
#include <set>

#include "natbound/model/work.hpp"
#include "pair_network.hpp"
#include "quota.hpp"
#include "quota_network.hpp"
#include "server_room.hpp"

namespace natbound {
namespace {

constexpr std::size_t most_keys = 2048;

// Key number k of a group by itself.
group of_key(const group& g, const count& k) {
    group out = g;
    out.keys = 1;
    if (g.keys > 1)
        for (auto& b : out.bundles) b = slice_endpoints(b, k, 1);
    return out;
}

class dealer {
  public:
    dealer(const group& g, group& out) : g_(g), out_(out) {}

    // Cells from .. from + size - 1 of each of these addresses: a cell is a socket, or a socket
    // towards one of the endpoints of the run's bundle.
    void deal(const quota_network::share& to, const address_set& addresses, count from,
              count size) {
        for (const auto r : to.runs) {
            const auto& run = g_.sources[to.source].runs[r];
            const count ports = run.ports.size();
            const count each = run.how == carriage::each ? endpoints(g_.bundles[run.to]) : count(1);
            const count here = ports * each;
            if (from >= here) {
                from -= here;
                continue;
            }
            count take = std::min<count>(size, here - from);
            size -= take;
            while (take > 0) {
                poll();
                const count d = from / ports, p = from % ports;
                const bool whole = p == 0 && take >= ports;
                const count dests = whole ? take / ports : count(1);
                const count some = whole ? ports : std::min<count>(take, ports - p);
                source_run one = run;
                one.addresses = addresses;
                one.ports = run.ports.slice(static_cast<u128>(p), some);
                if (run.how == carriage::each) {
                    one.to = out_.bundles.size();
                    out_.bundles.push_back(slice_endpoints(g_.bundles[run.to], d, dests));
                }
                one.units = addresses.size() * some * dests;
                out_.sources[to.source].runs.push_back(std::move(one));
                from += some * dests;
                take -= some * dests;
            }
            from = 0;
            if (size == 0) return;
        }
    }

  private:
    const group& g_;
    group& out_;
};

// The groups key by key: all keys, or some of each.
std::vector<group> single_keys(const std::vector<group>& groups) {
    const std::size_t each =
        std::max<std::size_t>(1, most_keys / std::max<std::size_t>(1, groups.size()));
    count all = 0;
    for (const auto& g : groups) all += g.keys;
    std::vector<group> out;
    for (const auto& g : groups) {
        const count keys = all <= most_keys ? g.keys : std::min<count>(g.keys, each);
        for (count k = 0; k < keys; ++k) {
            poll();
            out.push_back(of_key(g, k));
        }
    }
    return out;
}

std::vector<group> without_runs(std::vector<group> groups) {
    for (auto& g : groups)
        for (auto& c : g.sources) c.runs.clear();
    return groups;
}

// What the one endpoint of each of these keys has room for; nothing where a key has several.
std::vector<std::optional<count>> room_of(const std::vector<group>& single,
                                          const server_room* room) {
    std::vector<std::optional<count>> out(single.size());
    for (std::size_t g = 0; room && g < single.size(); ++g) {
        const auto& to = single[g].bundles.front();
        if (endpoints(to) == 1) out[g] = room->room_at(to.front());
    }
    return out;
}

// An even share for each key of what is wanted towards its server set, where each is one endpoint
// and all are alike (of one group): what fits fits so, and no server has more than it must.
std::vector<std::optional<count>> even_room(const std::vector<group>& groups,
                                            const std::vector<group>& single,
                                            const std::vector<pair_demand>& pairs) {
    std::map<std::size_t, count> wanted, keys, given;  // by server set
    std::map<std::size_t, std::set<std::size_t>> groups_of;
    for (const auto& p : pairs) wanted[p.server] += p.connections;
    for (std::size_t g = 0; g < groups.size(); ++g)
        for (const auto& to : groups[g].bundles)
            for (const auto& item : to) groups_of[item.server].insert(g);
    std::vector<std::optional<std::size_t>> server(single.size());
    for (std::size_t g = 0; g < single.size(); ++g) {
        const auto& to = single[g].bundles.front();
        if (endpoints(to) != 1 || groups_of[to.front().server].size() != 1) continue;
        server[g] = to.front().server;
        ++keys[*server[g]];
    }
    std::vector<std::optional<count>> out(single.size());
    for (std::size_t g = 0; g < single.size(); ++g) {
        if (!server[g]) continue;
        const count all = wanted[*server[g]], n = keys[*server[g]], k = given[*server[g]]++;
        out[g] = all / n + (k < all % n ? 1 : 0);
    }
    return out;
}

// So many cells of a class to these addresses, from number `turn` on and round and round.
void deal_in_turn(dealer one, const quota_network::share& to, const address_set& addresses,
                  count& turn) {
    const count n = addresses.size();
    const count rounds = to.size / n, rest = to.size % n;
    if (rounds > 0) one.deal(to, addresses, 0, rounds);
    for (count left = rest; left > 0;) {
        const count take = std::min<count>(left, n - turn);
        one.deal(to, addresses.slice(static_cast<u128>(turn), take), rounds, 1);
        left -= take;
        turn = (turn + take) % n;
    }
}

}  // namespace

std::vector<block> blocks_within(const std::vector<group>& groups, std::size_t nat,
                                 const count& quota, const server_room* room) {
    const auto single = single_keys(groups);
    quota_network network(single, quota, room_of(single, room));
    network.run();
    auto dealt = without_runs(single);
    std::vector<count> turn(network.atoms().size());  // the address that is next, by atom
    for (const auto& to : network.shares())
        deal_in_turn({single[to.group], dealt[to.group]}, to, network.atoms()[to.atom].addresses,
                     turn[to.atom]);
    std::vector<block> out;
    for (std::size_t g = 0; g < dealt.size(); ++g) {
        auto some = blocks_of(dealt[g], {{}, network.placements(g)}, nat);
        std::move(some.begin(), some.end(), std::back_inserter(out));
    }
    return out;
}

std::optional<std::vector<block>> pairs_within(const scenario& s, const std::vector<group>& groups,
                                               const std::vector<pair_demand>& pairs,
                                               std::size_t nat) {
    for (const auto& g : groups)
        for (const auto& c : g.sources)
            for (const auto& r : c.runs)
                if (r.client != c.runs.front().client ||
                    !(r.addresses == s.clients[r.client].addresses))
                    return std::nullopt;
    const auto single = single_keys(groups);
    flow_limits limits;
    limits.rooms = even_room(groups, single, pairs);
    auto flow = send(single, pairs, 1, limits);
    if (!flow.fits) return std::nullopt;
    auto dealt = without_runs(single);
    std::vector<count> turn(s.clients.size());
    std::vector<block> out;
    for (std::size_t g = 0; g < single.size(); ++g) {
        std::vector<count> carried(single[g].sources.size());
        for (const auto& p : flow.placements[g]) carried[p.source] += p.size;
        for (std::size_t c = 0; c < carried.size(); ++c) {
            if (carried[c] == 0) continue;
            const auto& runs = single[g].sources[c].runs;
            quota_network::share to{g, c, 0, carried[c], {}};
            for (std::size_t r = 0; r < runs.size(); ++r) to.runs.push_back(r);
            const std::size_t client = runs.front().client;
            deal_in_turn({single[g], dealt[g]}, to, s.clients[client].addresses, turn[client]);
        }
        auto some = blocks_of(dealt[g], {{}, std::move(flow.placements[g])}, nat);
        std::move(some.begin(), some.end(), std::back_inserter(out));
    }
    return out;
}

}  // namespace natbound
