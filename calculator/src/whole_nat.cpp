// Numbering clients, destinations and scopes.
#include "whole_nat.hpp"

#include <algorithm>
#include <cmath>
#include <map>

#include "natbound/model/error.hpp"

namespace natbound::calculator::detail {
namespace {

constexpr std::uint64_t most_cells = 1024;
constexpr double most_pairs = 1 << 22;
constexpr std::size_t most_kinds = 256;  // else a kind is a whole server set

struct place {
    transport protocol;
    ip_address address;
    port at;
    std::size_t servers;
    std::size_t rank;  // in its server set, addresses before ports
    auto operator<=>(const place&) const = default;
};

}  // namespace

std::uint64_t mixed(ip_address a, ip_address b, std::uint64_t assignment) {
    std::uint64_t z = assignment * 0x9e3779b97f4a7c15U + 0x632be59bd9b4e019U;
    for (const std::uint64_t word :
         {static_cast<std::uint64_t>(a), static_cast<std::uint64_t>(a >> 64U),
          static_cast<std::uint64_t>(b), static_cast<std::uint64_t>(b >> 64U)}) {
        // splitmix64's steps
        z += word + 0x9e3779b97f4a7c15U;
        z = (z ^ (z >> 30U)) * 0xbf58476d1ce4e5b9U;
        z = (z ^ (z >> 27U)) * 0x94d049bb133111ebU;
        z ^= z >> 31U;
    }
    return z;
}

std::string endpoint_text(ip_address a, port p) {
    const std::string text = to_string(a);
    return (is_ipv4(a) ? text : "[" + text + "]") + ":" + std::to_string(p);
}

whole_nat whole_nat_of(const scenario& s, const filled_traffic& traffic, const nat_plan& plan,
                       std::uint64_t assignment) {
    whole_nat out;
    std::vector<const stream*> streams;
    std::vector<std::size_t> sets, to;  // client sets and server sets with traffic
    for (const auto& t : traffic.streams) {
        if (nat_of(s, t.clients) != plan.of) continue;
        streams.push_back(&t);
        if (std::find(sets.begin(), sets.end(), t.clients) == sets.end()) sets.push_back(t.clients);
        if (std::find(to.begin(), to.end(), t.servers) == to.end()) to.push_back(t.servers);
    }
    if (streams.empty()) return out;
    const std::uint64_t pool = saturated(plan.pool_size);
    const auto& scope = plan.design.clash_scope;

    // Destinations: all of them, or as many as there is room for where they are alike and do not
    // meet.
    double endpoints = 0;
    bool weighted = false;
    for (const auto v : to)
        endpoints += static_cast<double>(s.servers[v].addresses.size() * s.servers[v].ports.size());
    for (const auto* t : streams) weighted = weighted || !t->weights.empty();
    const bool apart = !plan.table && !plan.quota && !plan.of->rate_limits && !plan.pairs() &&
                       plan.design.mapping_type == mapping_type::edm && !weighted &&
                       scope.destination == scope_destination::endpoint;
    const double cells = scope.destination == scope_destination::none
                             ? static_cast<double>(pool)
                             : endpoints * static_cast<double>(pool);
    const bool sampled = apart && cells > most_cells && pool <= most_cells / 2;
    if (!sampled && (endpoints > 65536 || pool > most_cells))
        throw unsupported(
            "NAT " + plan.of->name +
            ": so many external addresses and destinations can't be simulated together");
    std::vector<place> places;
    std::vector<double> kept(s.servers.size(),
                             1);  // the share of a set's endpoints that is simulated
    for (const auto v : to) {
        const auto& set = s.servers[v];
        const std::uint64_t ports = saturated(set.ports.size()),
                            all = saturated(set.addresses.size() * set.ports.size());
        std::uint64_t some = all;
        if (sampled) {
            const std::uint64_t room = most_cells / pool / to.size();
            if (room == 0)
                throw unsupported(
                    "NAT " + plan.of->name +
                    ": so many external addresses and server sets can't be simulated together");
            some = std::min(all, room);
        }
        kept[v] = static_cast<double>(some) / static_cast<double>(all);
        for (std::uint64_t i = 0; i < some; ++i) {
            const auto rank = static_cast<std::uint64_t>(static_cast<double>(i) / kept[v]);
            places.push_back({set.protocol, set.addresses.at(rank / ports),
                              set.ports.at(rank % ports), v, rank});
        }
        if (some < all)
            out.assumed.push_back(std::to_string(some) + " endpoints of server set " + set.name +
                                  " are simulated, and stand for all of them");
    }
    std::sort(places.begin(), places.end());
    std::map<std::tuple<int, ip_address, port>, std::uint32_t> scopes;
    std::map<ip_address, std::uint32_t> addresses;
    std::vector<destination_place> destinations;
    for (const auto& p : places) {
        const flow f{p.protocol, {}, {p.address, p.at}};
        const auto in =
            scopes.try_emplace(scope_of(f, scope), static_cast<std::uint32_t>(scopes.size()))
                .first->second;
        const auto at =
            addresses.try_emplace(p.address, static_cast<std::uint32_t>(addresses.size()))
                .first->second;
        destinations.push_back({in, at, p.protocol});
    }
    const std::size_t many = destinations.size();
    auto& input = out.input;
    input.table = setup_for(plan, destinations, static_cast<std::uint32_t>(scopes.size()),
                            static_cast<std::uint32_t>(pool));
    if (const auto mappings = plan.of->mapping_limits.limit_port_mappings) {
        const auto type = plan.design.mapping_type;
        if (type == mapping_type::eim || type == mapping_type::adm)
            throw unsupported("NAT " + plan.of->name +
                              ": a limit on mappings that several flows share is not modelled yet");
        input.table.table =
            std::min(input.table.table.value_or(*mappings), *mappings);  // a mapping a flow
        input.table.keeps_order = plan.design.pressure == pressure_kind::drop_least_recently_used;
    }
    input.addresses = static_cast<std::uint32_t>(addresses.size());
    if (const auto& limits = plan.of->rate_limits) {
        const auto bucket = [](const std::optional<rate>& limit,
                               const std::optional<std::uint64_t>& burst) {
            if (!limit) return token_bucket{};
            const double one_second = std::max(1.0, std::floor(limit->per_second));
            return token_bucket{limit->per_second,
                                burst ? static_cast<double>(*burst) : one_second};
        };
        input.connections = bucket(limits->connections, limits->connections_burst);
        input.packets = bucket(limits->packets, limits->packets_burst);
    }

    // Clients: all of them, or evenly spaced ones that stand for more.
    const bool hashed = plan.design.pool.choice == pool_choice::hash && pool > 1;
    const double room =
        std::max(1.0, most_pairs / static_cast<double>(many) / static_cast<double>(sets.size()));
    std::uint32_t first = 0;
    for (const auto c : sets) {
        const auto& set = s.clients[c];
        const double all = static_cast<double>(set.addresses.size());
        const auto n = static_cast<std::uint32_t>(std::min(all, room));
        if (n < all && (plan.quota || plan.pairs()))
            throw unsupported("NAT " + plan.of->name + ": " +
                              (plan.quota ? "a quota" : "the external address") +
                              " of each of so many client addresses, towards so many "
                              "destinations, can't be simulated");
        if (n < all)
            out.assumed.push_back(std::to_string(n) + " addresses of client set " + set.name +
                                  " are simulated, and stand for all of them");
        input.clients.push_back({c, first, n, port_list(set.ports), set.source_ports.law});
        first += n;
        for (std::uint32_t i = 0; hashed && i < n; ++i) {
            const ip_address source = set.addresses.at(static_cast<u128>(std::floor(all / n * i)));
            for (const auto& [address, number] : addresses) {
                const auto known = plan.pool_rank(source, address);
                const ip_address seen = plan.design.pool.of == hash_input::source ? 0 : address;
                input.rank_of.resize(input.rank_of.size() + 1);
                input.rank_of.back() = static_cast<std::uint32_t>(
                    known ? *known : mixed(source, seen, assignment) % pool);
            }
        }
        if (hashed && n > 0 && !plan.pool_rank(set.addresses.at(0), places[0].address))
            out.assumed.push_back(
                "which address a client gets is not known: a random assignment, by the seed");
    }
    // rank_of is by the number of the address, which is the order in which the map met them:
    // ascending only by protocol
    if (hashed) {
        std::vector<std::uint32_t> order;
        for (const auto& [address, number] : addresses) order.push_back(number);
        auto sorted = input.rank_of;
        for (std::size_t i = 0; i < sorted.size(); ++i)
            input.rank_of[i / order.size() * order.size() + order[i % order.size()]] = sorted[i];
    }

    const bool each = sets.size() * many <= most_kinds;
    input.kind_of.assign(sets.size() * many, 0);
    std::map<std::pair<std::size_t, std::size_t>, std::uint32_t> kinds;
    for (std::size_t g = 0; g < sets.size(); ++g)
        for (std::size_t d = 0; d < many; ++d) {
            const auto [it, fresh] = kinds.try_emplace({g, each ? d : places[d].servers},
                                                       static_cast<std::uint32_t>(kinds.size()));
            if (fresh)
                out.kinds.push_back({sets[g], places[d].servers,
                                     each ? endpoint_text(places[d].address, places[d].at) : ""});
            input.kind_of[g * many + d] = it->second;
        }
    input.kinds = static_cast<std::uint32_t>(out.kinds.size());

    for (const auto* t : streams) {
        simulated_stream next;
        next.group = static_cast<std::uint32_t>(std::find(sets.begin(), sets.end(), t->clients) -
                                                sets.begin());
        for (std::uint32_t d = 0; d < many; ++d) {
            if (places[d].servers != t->servers) continue;
            next.destinations.push_back(d);
            if (!t->weights.empty()) next.weights.push_back(t->weights[places[d].rank]);
        }
        next.rate = t->rate * kept[t->servers];
        next.open = t->open;
        next.closing = t->closing;
        next.arrives = t->arrives;
        next.packets = t->packets;
        input.streams.push_back(std::move(next));
    }
    return out;
}

}  // namespace natbound::calculator::detail
