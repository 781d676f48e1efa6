// Sharing a demand.
#include "pair_demand.hpp"

#include <algorithm>
#include <cmath>
#include <map>
#include <numeric>

#include "blocks.hpp"
#include "natbound/model/error.hpp"
#include "shares.hpp"

namespace natbound {
namespace {

template <class Set>
std::vector<std::size_t> places(const std::vector<Set>& sets,
                                const std::vector<std::string>& names) {
    std::vector<std::size_t> out;
    for (const auto& name : names)
        for (std::size_t i = 0; i < sets.size(); ++i)
            if (sets[i].name == name) out.push_back(i);
    return out;
}

double timer_of(const scenario& s, std::size_t client, close_cause cause) {
    for (const auto& n : s.nats)
        if (std::find(n.inside.begin(), n.inside.end(), s.clients[client].name) != n.inside.end())
            return n.timer(cause);
    return 0;
}

// How long a flow of the entry holds its tuple, in seconds; 1 where only the number live is given.
double hold_of(const scenario& s, const traffic_entry& t, std::size_t client, std::size_t server) {
    if (t.hold) return t.hold->mean.seconds;
    if (!t.life) return 1;
    if (s.servers[server].protocol != transport::tcp)
        return t.life->mean.seconds + timer_of(s, client, close_cause::udp);
    const endings ends = t.ends.value_or(endings{});
    return t.life->mean.seconds + ends.fin.value * timer_of(s, client, close_cause::tcp_fin) +
           ends.rst.value * timer_of(s, client, close_cause::tcp_rst) +
           ends.silence.value * timer_of(s, client, close_cause::tcp_silence);
}

// What part of an entry goes to each of its server sets.
std::vector<double> parts_of(const scenario& s, const traffic_entry& t,
                             const std::vector<std::size_t>& to) {
    std::vector<double> out;
    double all = 0;
    std::size_t at = 0;
    for (const auto v : to) {
        const double many =
            static_cast<double>(s.servers[v].addresses.size() * s.servers[v].ports.size());
        double part = many;
        if (t.zipf || !t.weights.empty()) {
            if (many > 1 << 20)
                throw unsupported("zipf and weights need at most 1,048,576 endpoints");
            part = 0;
            for (std::size_t i = 0; i < static_cast<std::size_t>(many); ++i, ++at)
                part += t.zipf ? std::pow(static_cast<double>(at + 1), -*t.zipf) : t.weights.at(at);
        }
        out.push_back(part);
        all += part;
    }
    for (auto& part : out) part /= all;
    return out;
}

struct traffic_shares {
    shares parts;
    double live = 0;  // mean number live in all
};

traffic_shares by_traffic(const scenario& s) {
    std::map<std::pair<std::size_t, std::size_t>, double> live;
    for (const auto& t : s.traffic) {
        const auto from = places(s.clients, t.from);
        const auto to = places(s.servers, t.to);
        const auto parts = parts_of(s, t, to);
        double addresses = 0, whole = 0;
        for (const auto c : from) addresses += static_cast<double>(s.clients[c].addresses.size());
        std::map<std::pair<std::size_t, std::size_t>, double> entry;
        for (const auto c : from)
            for (std::size_t i = 0; i < to.size(); ++i)
                whole += entry[{c, to[i]}] = static_cast<double>(s.clients[c].addresses.size()) /
                                             addresses * parts[i] * hold_of(s, t, c, to[i]);
        double scale = 0;  // connections a second
        if (t.rate)
            scale = t.rate->per_second;
        else if (t.rate_per_client)
            scale = t.rate_per_client->per_second * addresses;
        else
            scale = *t.live / whole;
        if (!t.hold && !t.life) scale = *t.live;
        for (const auto& [pair, value] : entry) live[pair] += value * scale;
    }
    double most = 0;
    for (const auto& [pair, value] : live) most = std::max(most, value);
    traffic_shares out;
    for (const auto& [pair, value] : live) {
        out.live += value;
        if (value > 0) out.parts[pair] = count(std::ldexp(value / most, 64));
    }
    return out;
}

std::vector<std::size_t> all_of(std::size_t n) {
    std::vector<std::size_t> out(n);
    std::iota(out.begin(), out.end(), std::size_t{0});
    return out;
}

}  // namespace

shares even_shares(const scenario& s, const reach_table& reach,
                   const std::vector<std::size_t>& clients,
                   const std::vector<std::size_t>& servers) {
    shares out;
    for (const auto c : clients) {
        count reached = 0;
        for (const auto v : servers)
            if (reach[c][v]) reached += s.servers[v].addresses.size() * s.servers[v].ports.size();
        // in steps of 2^-64 of a client address
        for (const auto v : servers)
            if (reach[c][v])
                out[{c, v}] = ((s.clients[c].addresses.size() * s.servers[v].addresses.size() *
                                s.servers[v].ports.size())
                               << 64) /
                              reached;
    }
    return out;
}

demand_list divided(const shares& parts, const count& connections) {
    count all = 0;
    for (const auto& [pair, part] : parts) all += part;
    if (all == 0)
        throw unsupported(
            "no client set reaches a server: there is nothing to share a demand among");
    demand_list out;
    std::vector<std::pair<count, std::size_t>> remainders;
    count left = connections;
    for (const auto& [pair, part] : parts) {
        const count wanted = connections * part;
        out.push_back({pair.first, pair.second, wanted / all});
        left -= out.back().connections;
        remainders.emplace_back(wanted % all, remainders.size());
    }
    std::stable_sort(remainders.begin(), remainders.end(),
                     [](const auto& a, const auto& b) { return a.first > b.first; });
    for (std::size_t i = 0; left > 0; ++i, --left) ++out[remainders[i].second].connections;
    std::erase_if(out, [](const pair_demand& p) { return p.connections == 0; });
    return out;
}

count total_of(const demand_list& demand) {
    count out = 0;
    for (const auto& p : demand) out += p.connections;
    return out;
}

demand_list shared_demand(const scenario& s, const count& connections) {
    return divided(s.traffic.empty() ? even_shares(s, reaches_of(s), all_of(s.clients.size()),
                                                   all_of(s.servers.size()))
                                     : by_traffic(s).parts,
                   connections);
}

demand_list traffic_demand(const scenario& s) {
    if (s.traffic.empty()) return {};
    const auto traffic = by_traffic(s);
    return divided(traffic.parts, count(std::max(1.0, std::round(traffic.live))));
}

boost::json::array to_json(const demand_list& pairs, const scenario& s,
                           const boost::json::storage_ptr& memory) {
    boost::json::array out(memory);
    for (const auto& p : pairs) {
        boost::json::object o(memory);
        o.emplace("from", s.clients[p.client].name);
        o.emplace("to", s.servers[p.server].name);
        o.emplace("connections", json_count(p.connections));
        out.emplace_back(std::move(o));
    }
    return out;
}

}  // namespace natbound
