// Limits that are no ports, read from a scenario and its traffic.
#include "other_limits.hpp"

#include <algorithm>
#include <cmath>
#include <functional>
#include <limits>
#include <set>
#include <tuple>

#include "natbound/calculator/erlang.hpp"
#include "natbound/calculator/finite_queue.hpp"
#include "natbound/calculator/listen.hpp"
#include "natbound/calculator/subscribers.hpp"
#include "natbound/model/cascade.hpp"
#include "natbound/model/error.hpp"
#include "natbound/model/gates.hpp"
#include "natbound/model/port_sets.hpp"

namespace natbound::calculator::detail {
namespace {

// The most that one address of a client set could have live.
double sockets_of(const scenario& s, const client_set& c) {
    double endpoints = 0;
    for (const auto& v : s.servers)
        if (reaches(c, v)) endpoints += static_cast<double>(v.addresses.size() * v.ports.size());
    return endpoints * static_cast<double>(c.ports.size());
}

double most_behind(const scenario& s, const nat& n) {
    const auto& quota = n.connection_limits.limit_per_subscriber;
    double most = 0;
    for (const auto& name : n.inside)
        for (const auto& c : s.clients) {
            if (c.name != name) continue;
            const double own = sockets_of(s, c);
            most += static_cast<double>(c.addresses.size()) *
                    (quota ? std::min(own, static_cast<double>(*quota)) : own);
        }
    return most;
}

}  // namespace

other_limits::other_limits(const scenario& s, const filled_traffic& traffic,
                           const system_split& all, const std::vector<double>& ports)
    : nat_load_(all.nat_load), quotas_(s.clients.size()), table_bursts_(s.nats.size()) {
    read_dealt(s, all);
    read_tables(s, all.plans, ports);
    read_bursts(s, traffic);
    read_servers(s, traffic, all.kinds);
    read_subscribers(s, traffic);
    read_rates(s, traffic);
    read_quotas(s, traffic);
}

// No more flows than `ports` of a NAT are ever live.
void other_limits::read_tables(const scenario& s, const std::vector<nat_plan>& plans,
                               const std::vector<double>& ports) {
    for (std::size_t n = 0; n < s.nats.size(); ++n) {
        double limit = plans[n].table ? static_cast<double>(*plans[n].table) : 0;
        const auto& mappings = s.nats[n].mapping_limits.limit_port_mappings;
        if (mappings) {
            const auto type = plans[n].design.mapping_type;
            if (type == mapping_type::eim || type == mapping_type::adm)
                throw unsupported(
                    "NAT " + s.nats[n].name +
                    ": a limit on mappings that several flows share is not modelled yet");
            limit = limit > 0 ? std::min(limit, static_cast<double>(*mappings))
                              : static_cast<double>(*mappings);
        }
        const double behind = most_behind(s, s.nats[n]);
        const auto& sets =
            s.nats[n].port_set;  // dealt on demand: `ports` are those of one set each
        const bool all = translates(s.nats[n]) && !(sets && dealt_on_demand(*sets));
        const double most = all ? std::min(ports[n], behind) : behind;
        tables_.push_back(limit < most ? limit : 0);
        cuts_.push_back(plans[n].design.pressure == pressure_kind::drop_least_recently_used);
    }
}

void other_limits::read_bursts(const scenario& s, const filled_traffic& traffic) {
    for (const auto& t : traffic.streams) {
        if (t.arrives.law == arrival_law::poisson) continue;
        const nat* n = nat_of(s, t.clients);
        if (!n) continue;
        const auto number = static_cast<std::size_t>(n - s.nats.data());
        const auto refuse = [&](const std::string& what) {
            throw unsupported("NAT " + n->name + ": " + what +
                              " is not modelled yet; simulate counts it");
        };
        if (n->rate_limits) refuse("a rate limit under arrivals in bursts");
        constexpr const char* unlike =
            " by connections of several laws, or not held exponentially,";
        if (tables_[number] > 0) {
            table_bursts_[number] =
                one_law(traffic.streams, [&](const auto& x) { return nat_of(s, x.clients) == n; });
            if (!table_bursts_[number] || !has_chain(tables_[number], *table_bursts_[number]) ||
                n->design.pressure != pressure_kind::refuse)
                refuse(std::string("a flow table that arrivals in bursts can fill") + unlike);
        }
        const auto& each = n->connection_limits.limit_per_subscriber;
        const auto& c = s.clients[t.clients];
        if (!each || sockets_of(s, c) <= static_cast<double>(*each)) continue;
        auto& law = quotas_[t.clients].bursts;
        law = one_law(traffic.streams, [&](const auto& x) { return x.clients == t.clients; });
        if (!law || !has_chain(static_cast<double>(*each), *law))
            refuse(std::string("a quota under arrivals in bursts") + unlike);
        law->arrives = law->arrives.thinned(1 / static_cast<double>(c.addresses.size()));
    }
}

void other_limits::read_rates(const scenario& s, const filled_traffic& traffic) {
    for (const auto& n : s.nats) {
        policer p;
        if (n.rate_limits && n.rate_limits->connections) {
            p.limit = n.rate_limits->connections->per_second;
            p.depth = policer_depth(*n.rate_limits);
        }
        if (n.rate_limits && n.rate_limits->packets) {
            p.sent = packets_through(s, traffic, n);
            if (p.sent.rate() > 0) p.packets = n.rate_limits->packets->per_second;
            p.packets_depth = packet_depth(*n.rate_limits);
        }
        policers_.push_back(p);
    }
    for (const auto& t : traffic.streams)
        if (const nat* n = nat_of(s, t.clients))
            policers_[static_cast<std::size_t>(n - s.nats.data())].offered += t.rate;
}

void other_limits::read_quotas(const scenario& s, const filled_traffic& traffic) {
    for (const auto& t : traffic.streams) {
        const auto& c = s.clients[t.clients];
        const nat* n = nat_of(s, t.clients);
        if (!n || !n->connection_limits.limit_per_subscriber) continue;
        auto& q = quotas_[t.clients];
        q.limit = static_cast<double>(*n->connection_limits.limit_per_subscriber);
        q.load += t.load() / static_cast<double>(c.addresses.size());
        q.plenty = static_cast<double>(c.ports.size()) >= q.limit;
        if (sockets_of(s, c) <= q.limit) q.limit = 0;
    }
}

// The server itself holds a connection while it is open, whatever the NATs keep afterwards.
void other_limits::read_servers(const scenario& s, const filled_traffic& traffic,
                                const std::vector<traffic_kind>& kinds) {
    std::map<std::tuple<std::size_t, ip_address, port>, double> endpoints, rates;
    std::map<std::pair<std::size_t, ip_address>, std::pair<double, std::set<port>>> addresses;
    // of a cascade each connection once: where it comes from
    const auto begins = [&](const traffic_kind& k) { return !is_later_stage(s, k.clients); };
    for (const auto& k : kinds) {
        if (!begins(k)) continue;
        endpoints[{k.servers, k.address, k.port}] += k.open;
        rates[{k.servers, k.address, k.port}] += k.rate;
        auto& [load, ports] = addresses[{k.servers, k.address}];
        load += k.open;
        ports.insert(k.port);
    }
    servers_.resize(kinds.size());
    for (std::size_t i = 0; i < kinds.size(); ++i) {
        const auto& k = kinds[i];
        const auto& v = s.servers[k.servers];
        if ((!v.connection_limits && !v.listen) || !begins(k)) continue;
        for (const auto& t : traffic.streams)
            if (t.servers == k.servers && t.arrives.law != arrival_law::poisson)
                throw unsupported("server set " + v.name +
                                  ": connection-limits and listen under arrivals in bursts are "
                                  "not modelled yet");
        if (v.listen)
            servers_[i].push_back(
                {static_cast<double>(listen_room(*v.listen)),
                 rates[{k.servers, k.address, k.port}] / v.listen->accepts->per_second, true});
        if (!v.connection_limits) continue;
        count sockets = 0;
        for (const auto& c : s.clients)
            if (reaches(c, v)) sockets += c.addresses.size() * c.ports.size();
        const auto ports = v.ports.size();
        if (const auto& most = v.connection_limits->limit_per_endpoint; most && *most < sockets)
            servers_[i].push_back(
                {static_cast<double>(*most), endpoints[{k.servers, k.address, k.port}]});
        const auto& [load, some] = addresses[{k.servers, k.address}];
        // one port may stand for all
        if (const auto& most = v.connection_limits->limit_per_address;
            most && *most < sockets * ports)
            servers_[i].push_back(
                {static_cast<double>(*most),
                 load * static_cast<double>(ports) / static_cast<double>(some.size())});
    }
}

void other_limits::read_subscribers(const scenario& s, const filled_traffic& traffic) {
    for (const auto& n : s.nats) {
        auto& here = subscribers_.emplace_back();
        if (!n.mapping_limits.limit_subscribers) continue;
        std::map<std::size_t, double> loads;  // of each address, by client set
        for (const auto& t : traffic.streams)
            if (nat_of(s, t.clients) == &n) {
                loads[t.clients] +=
                    t.load() / static_cast<double>(s.clients[t.clients].addresses.size());
                if (t.arrives.law != arrival_law::poisson)
                    throw unsupported("NAT " + n.name +
                                      ": a limit on subscribers under arrivals in bursts is not "
                                      "modelled yet");
            }
        count addresses = 0;
        for (const auto& [c, load] : loads) {
            addresses += s.clients[c].addresses.size();
            if (std::fabs(load - loads.begin()->second) > 1e-9 * load)
                throw unsupported("NAT " + n.name +
                                  ": a limit on subscribers whose loads differ is not modelled "
                                  "yet");
        }
        constexpr std::uint64_t most = 10'000'000;
        if (addresses <= *n.mapping_limits.limit_subscribers) continue;
        if (addresses > most)
            throw unsupported("NAT " + n.name +
                              ": a limit on subscribers is modelled for 1e7 client addresses");
        here = {*n.mapping_limits.limit_subscribers, static_cast<std::uint64_t>(addresses),
                loads.begin()->second};
    }
}

double other_limits::log_subscribers(std::size_t nat, double scale) const {
    const auto& n = subscribers_[nat];
    return n.limit == 0 ? log_zero : log_subscriber_refusal(n.addresses, n.limit, n.load * scale);
}

double other_limits::log_servers(std::size_t kind, double scale) const {
    double out = log_zero;
    for (const auto& v : servers_[kind])
        out = std::min(0.0,
                       log_sum(out, v.queue ? log_listen_loss(static_cast<std::uint64_t>(v.limit),
                                                              v.load * scale)
                                            : log_erlang_b(v.limit, v.load * scale)));
    return out;
}

double other_limits::log_listen(std::size_t kind, double scale) const {
    double out = log_zero;
    for (const auto& v : servers_[kind])
        if (v.queue) out = log_listen_loss(static_cast<std::uint64_t>(v.limit), v.load * scale);
    return out;
}

double other_limits::log_rate(std::size_t nat, double scale) const {
    const double connections = log_connections(nat, scale);
    if (!has_packets(nat)) return connections;
    const double first = packets(nat, scale).log_refusal;
    // a + b - ab
    return std::min(0.0, log_sum(first, connections + std::log1p(-std::min(1.0, std::exp(first)))));
}

double other_limits::log_rate_least(std::size_t nat, double scale) const {
    const double connections = log_connections(nat, scale);
    if (!has_packets(nat)) return connections;
    const auto& p = policers_[nat];
    const double opening = p.sent.opening * scale / p.packets;
    const double sent = p.sent.live * p.sent.each * scale / p.packets;
    const auto depth = std::min<std::uint64_t>(p.packets_depth, 4096);
    const auto log_loss = [&](double load) {
        if (load > 90) return std::log1p(-1 / load);
        return load < 1e-9 ? log_zero : finite_queue(service::constant, depth, load).log_loss;
    };
    const double first = log_loss(opening + sent);
    const double refused = std::exp(first);
    if (refused < 1e-9) return std::max(connections, first);
    const double least = self_thinned(
        refused, 1e-9, [&](double q) { return std::exp(log_loss(opening + sent * (1 - q))); });
    return std::max(connections, std::log(least));
}

packet_answer other_limits::packets(std::size_t nat, double scale) const {
    const auto& p = policers_[nat];
    const auto [it, fresh] = sent_.try_emplace({nat, scale});
    constexpr double absurd = 1e15;  // beyond what packet_limit takes, where roots are looked for
    const double most = std::max(p.sent.opening, p.sent.live) * scale;
    if (fresh && most > absurd)
        it->second = {1, 0, 1, static_cast<double>(p.packets_depth) / p.packets};
    else if (fresh)
        it->second =
            packet_limit(p.packets, p.packets_depth,
                         {p.sent.opening * scale, p.sent.live * scale, p.sent.each, p.sent.hold});
    return it->second;
}

double other_limits::log_connections(std::size_t nat, double scale) const {
    const auto& p = policers_[nat];
    if (!(p.limit > 0 && p.offered > 0)) return log_zero;
    const auto [it, fresh] = policed_.try_emplace({nat, scale}, log_zero);
    if (!fresh) return it->second;
    const double load = p.offered * scale / p.limit;
    constexpr double most = 100;  // of finite_queue; beyond, all tokens are taken
    if (load > most)
        it->second = std::log1p(-1 / load);
    else if (load > 1e-9)  // below, less than 1e-9 even without any burst
        it->second = finite_queue(service::constant, p.depth, load).log_loss;
    else
        it->second = static_cast<double>(p.depth) * std::log(load);
    return it->second;
}

double other_limits::log_quota(std::size_t clients, double scale) const {
    const auto& q = quotas_[clients];
    if (q.limit > 0 && q.bursts) return log_bursts(q.limit, q.load * scale, *q.bursts);
    return q.limit > 0 ? log_erlang_b(q.limit, q.load * scale) : log_zero;
}

double other_limits::log_bursts(double limit, double load, const burst_law& law) const {
    const auto [it, fresh] = bursts_.try_emplace({limit, load}, 0);
    if (fresh) it->second = log_burst_refusal(limit, load, law);
    return it->second;
}

double other_limits::log_table(std::size_t nat, double scale, counted what) const {
    if (what == counted::refused && cuts(nat)) return log_zero;
    if (tables_[nat] > 0 && table_bursts_[nat])
        return log_bursts(tables_[nat], nat_load_[nat] * scale, *table_bursts_[nat]);
    return tables_[nat] > 0 ? log_erlang_b(tables_[nat], nat_load_[nat] * scale) : log_zero;
}

}  // namespace natbound::calculator::detail
