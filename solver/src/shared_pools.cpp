// Clusters of ways out that share endpoints, and what each cluster has together.
#include "shared_pools.hpp"

#include <algorithm>
#include <map>
#include <numeric>
#include <set>

#include "overlay.hpp"
#include "words.hpp"

namespace natbound {
namespace {

// Different endpoints of these ways.
count endpoints_of(const std::vector<const way_out*>& ways) {
    std::vector<const address_set*> addresses;
    for (const auto* w : ways) addresses.push_back(&w->addresses);
    count total = 0;
    for (const auto& where : overlay<ip_address>(addresses)) {
        port_set ports;
        for (const auto i : where.sets) ports = ports | ways[i]->ports;
        total += where.atom.size() * ports.size();
    }
    return total;
}

}  // namespace

shared_pools::shared_pools(const scenario& s)
    : ways(ways_out(s, s.nats.size())), clashes(clashes_of(ways)) {}

count shared_pools::at_most(const scenario& s, const std::vector<count>& alone,
                            const std::vector<joint_capacity>& joint, std::string& sets_it) const {
    std::vector<std::size_t> cluster(ways.size());
    std::iota(cluster.begin(), cluster.end(), 0);
    const auto root = [&](std::size_t w) {
        while (cluster[w] != w) w = cluster[w];
        return w;
    };
    for (const auto& c : clashes) cluster[root(c.second)] = root(c.first);
    std::map<std::size_t, std::size_t> first_of;  // by client set
    const auto inside = inside_of(s);
    const auto reach = reaches_of(s);
    for (std::size_t w = 0; w < ways.size(); ++w) {
        if (!ways[w].nat) continue;
        for (const auto c : inside[*ways[w].nat])
            cluster[root(w)] = root(first_of.try_emplace(c, w).first->second);
    }
    std::map<std::size_t, std::vector<std::size_t>> members;
    for (std::size_t w = 0; w < ways.size(); ++w) members[root(w)].push_back(w);
    count total = 0;
    for (const auto& [first, some] : members) {
        count sum = 0, together = 0, sockets = 0;
        std::set<std::size_t> clients;
        for (const auto w : some) {
            sum += alone[w];
            if (ways[w].client) clients.insert(*ways[w].client);
            if (ways[w].nat)
                clients.insert(inside[*ways[w].nat].begin(), inside[*ways[w].nat].end());
        }
        if (some.size() == 1) {
            total += sum;
            continue;
        }
        for (const auto c : clients)
            sockets += s.clients[c].addresses.size() * s.clients[c].ports.size() *
                       endpoints_reached(s, reach, c);
        std::map<std::vector<const way_out*>, count> destinations;  // by the ways that reach them
        for (std::size_t v = 0; v < s.servers.size(); ++v) {
            std::vector<const way_out*> reaching;
            for (const auto w : some)
                if (ways[w].reaches[v]) reaching.push_back(&ways[w]);
            destinations[reaching] += s.servers[v].addresses.size() * s.servers[v].ports.size();
        }
        for (const auto& [reaching, n] : destinations) together += n * endpoints_of(reaching);
        std::vector<std::string> names;
        for (const auto w : some) names.push_back(ways[w].name);
        if (sockets <= std::min(sum, together))
            sets_it = sockets_in_words(s, {clients.begin(), clients.end()});
        else if (together < sum)
            sets_it = listed(names) + " share external endpoints, and have " + grouped(together) +
                      " tuples together";
        count least = std::min({sum, together, sockets});
        std::vector<std::size_t> nats;
        for (const auto w : some)
            if (ways[w].nat) nats.push_back(*ways[w].nat);
        std::sort(nats.begin(), nats.end());
        for (const auto& j : joint)
            if (nats.size() == some.size() && j.nats == nats && j.at_most < least) {
                least = j.at_most;
                sets_it = j.sets_it;
            }
        total += least;
    }
    return total;
}

address_set shared_pools::left_by(std::size_t w) const {
    address_set out;
    for (const auto& c : clashes)
        if (c.second == w) out = out | c.addresses;
    return out;
}

}  // namespace natbound
