// Summing curves into kinds.
#include "loss_study.hpp"

#include <algorithm>
#include <cmath>
#include <functional>
#include <limits>
#include <map>
#include <set>
#include <tuple>

#include "natbound/calculator/erlang.hpp"
#include "natbound/calculator/finite_queue.hpp"
#include "natbound/calculator/subscribers.hpp"
#include "natbound/model/error.hpp"

namespace natbound::calculator::detail {
namespace {

constexpr double never = -std::numeric_limits<double>::infinity();

// The most that one address of a client set could have live.
double sockets_of(const scenario& s, const client_set& c) {
    double endpoints = 0;
    for (const auto& v : s.servers)
        if (c.reaches.empty() ||
            std::find(c.reaches.begin(), c.reaches.end(), v.name) != c.reaches.end())
            endpoints += static_cast<double>(v.addresses.size() * v.ports.size());
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

double log_sum(double a, double b) {
    const double most = std::max(a, b);
    return most == never ? never : most + std::log1p(std::exp(std::min(a, b) - most));
}

kind_sums::kind_sums(const scenario& s, const filled_traffic& traffic, const study_options& options,
                     std::uint64_t assignment)
    : all_(split(s, traffic, assignment)) {
    shares_.resize(all_.kinds.size());
    std::map<std::string, std::size_t> known;
    std::vector<std::vector<std::size_t>>
        order;  // a curve's kinds as its first system has them, by part
    for (std::size_t i = 0; i < all_.systems.size(); ++i) {
        const auto& system = all_.systems[i];
        const auto [it, fresh] = known.try_emplace(structure_key(system, all_), curves_.size());
        const std::size_t c = it->second;
        if (fresh) {
            curves_.emplace_back(
                s, all_, system, options.seed * 1000003 + c,
                options.interrupt ? options.interrupt : [] {});
            most_load_.push_back(0);
            std::vector<std::size_t> places;
            for (const auto& part : system.parts) {
                const auto& kinds = curves_[c].kinds();
                places.push_back(static_cast<std::size_t>(
                    std::find(kinds.begin(), kinds.end(), part.kind) - kinds.begin()));
            }
            order.push_back(std::move(places));
        }
        const double load = system.load();
        most_load_[c] = std::max(most_load_[c], load);
        std::map<std::size_t, std::pair<std::size_t, double>> of_kind;  // place in the curve, rate
        for (std::size_t p = 0; p < system.parts.size(); ++p) {
            auto& [place, rate] = of_kind[system.parts[p].kind];
            place = order[c][p];
            rate += system.parts[p].rate;
        }
        // A system that stands for equal addresses carries its part of each: its copies over the
        // kind's endpoints.
        for (const auto& [kind, found] : of_kind) {
            const double addresses = system.copies / all_.kinds[kind].endpoints;
            shares_[kind].push_back(
                {c, found.first, i, load, found.second * addresses / all_.kinds[kind].rate});
        }
    }
    std::vector<double> tuples(s.nats.size());  // no more flows are ever live, by their ports
    for (std::size_t i = 0; i < all_.systems.size(); ++i) {
        const auto& system = all_.systems[i];
        tuples[system.nat] +=
            system.copies * curves_[known.at(structure_key(system, all_))].ports();
    }
    for (std::size_t n = 0; n < s.nats.size(); ++n) {
        double limit = all_.plans[n].table ? static_cast<double>(*all_.plans[n].table) : 0;
        const auto& mappings = s.nats[n].mapping_limits.limit_port_mappings;
        if (mappings) {
            const auto type = all_.plans[n].design.mapping_type;
            if (type == mapping_type::eim || type == mapping_type::adm)
                throw unsupported(
                    "NAT " + s.nats[n].name +
                    ": a limit on mappings that several flows share is not modelled yet");
            limit = limit > 0 ? std::min(limit, static_cast<double>(*mappings))
                              : static_cast<double>(*mappings);
        }
        const double behind = most_behind(s, s.nats[n]);
        const double most = translates(s.nats[n]) ? std::min(tuples[n], behind) : behind;
        tables_.push_back(limit < most ? limit : 0);
    }
    quotas_.resize(s.clients.size());
    table_bursts_.resize(s.nats.size());
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
    read_servers(s, traffic);
    read_subscribers(s, traffic);
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
void kind_sums::read_servers(const scenario& s, const filled_traffic& traffic) {
    std::map<std::tuple<std::size_t, ip_address, port>, double> endpoints;
    std::map<std::pair<std::size_t, ip_address>, std::pair<double, std::set<port>>> addresses;
    for (const auto& k : all_.kinds) {
        endpoints[{k.servers, k.address, k.port}] += k.open;
        auto& [load, ports] = addresses[{k.servers, k.address}];
        load += k.open;
        ports.insert(k.port);
    }
    servers_.resize(all_.kinds.size());
    for (std::size_t i = 0; i < all_.kinds.size(); ++i) {
        const auto& k = all_.kinds[i];
        const auto& v = s.servers[k.servers];
        if (!v.connection_limits) continue;
        for (const auto& t : traffic.streams)
            if (t.servers == k.servers && t.arrives.law != arrival_law::poisson)
                throw unsupported("server set " + v.name +
                                  ": connection-limits under arrivals in bursts are not modelled "
                                  "yet");
        count sockets = 0;
        for (const auto& c : s.clients)
            if (c.reaches.empty() ||
                std::find(c.reaches.begin(), c.reaches.end(), v.name) != c.reaches.end())
                sockets += c.addresses.size() * c.ports.size();
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

void kind_sums::read_subscribers(const scenario& s, const filled_traffic& traffic) {
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

double kind_sums::log_subscribers(std::size_t nat, double scale) const {
    const auto& n = subscribers_[nat];
    return n.limit == 0 ? never : log_subscriber_refusal(n.addresses, n.limit, n.load * scale);
}

double kind_sums::log_servers(std::size_t kind, double scale) const {
    double out = never;
    for (const auto& v : servers_[kind])
        out = std::min(0.0, log_sum(out, log_erlang_b(v.limit, v.load * scale)));
    return out;
}

double kind_sums::log_rate(std::size_t nat, double scale) const {
    const double connections = log_connections(nat, scale);
    if (!has_packets(nat)) return connections;
    const double first = packets(nat, scale).log_refusal;
    // a + b - ab
    return std::min(0.0, log_sum(first, connections + std::log1p(-std::min(1.0, std::exp(first)))));
}

double kind_sums::log_rate_least(std::size_t nat, double scale) const {
    const double connections = log_connections(nat, scale);
    if (!has_packets(nat)) return connections;
    const auto& p = policers_[nat];
    const double load = p.sent.rate() * scale / p.packets;
    if (load > 90) return std::max(connections, std::log1p(-1 / load));
    if (load < 1e-9) return connections;
    return std::max(connections, finite_queue(service::constant,
                                              std::min<std::uint64_t>(p.packets_depth, 4096), load)
                                     .log_loss);
}

packet_answer kind_sums::packets(std::size_t nat, double scale) const {
    const auto& p = policers_[nat];
    const auto [it, fresh] = sent_.try_emplace({nat, scale});
    const double over = p.sent.rate() * scale / p.packets;
    if (fresh && over > 1e4)  // nearly all is lost, however many are live
        it->second = {1 - 1 / over, std::log1p(-1 / over), 1 - 1 / over,
                      static_cast<double>(p.packets_depth) / p.packets};
    else if (fresh)
        it->second =
            packet_limit(p.packets, p.packets_depth,
                         {p.sent.opening * scale, p.sent.live * scale, p.sent.each, p.sent.hold});
    return it->second;
}

double kind_sums::log_connections(std::size_t nat, double scale) const {
    const auto& p = policers_[nat];
    if (!(p.limit > 0 && p.offered > 0)) return never;
    const auto [it, fresh] = policed_.try_emplace({nat, scale}, never);
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

double kind_sums::log_quota(std::size_t clients, double scale) const {
    const auto& q = quotas_[clients];
    if (q.limit > 0 && q.bursts) return log_bursts(q.limit, q.load * scale, *q.bursts);
    return q.limit > 0 ? log_erlang_b(q.limit, q.load * scale) : never;
}

// Erlang's formula of the quota is exact by itself: a client address' connections are Poisson, and
// refused where as many as its quota are live. Not where they meet other limits, or the client runs
// out of ports of its own before.
bool kind_sums::joined() const {
    for (std::size_t k = 0; k < shares_.size(); ++k) {
        const auto& kind = all_.kinds[k];
        const bool subscribed = kind.nat && has_subscribers(*kind.nat);
        if (subscribed && has_servers(k)) return true;
        if (!has_servers(k) && !subscribed) continue;
        if (servers_[k].size() > 1 || has_quota(kind.clients)) return true;
        if (kind.nat && (has_table(*kind.nat) || has_rate(*kind.nat))) return true;
        for (const auto& part : shares_[k])
            if (curves_[part.curve].method() != loss_method::nothing_refuses) return true;
    }
    for (std::size_t k = 0; k < shares_.size(); ++k) {
        const auto& kind = all_.kinds[k];
        if (!kind.nat || !has_rate(*kind.nat)) continue;
        if (has_packets(*kind.nat)) return true;  // an approximation by itself
        if (has_quota(kind.clients) || has_table(*kind.nat)) return true;
        for (const auto& part : shares_[k])
            if (curves_[part.curve].method() != loss_method::nothing_refuses) return true;
    }
    for (std::size_t k = 0; k < shares_.size(); ++k) {
        const auto& kind = all_.kinds[k];
        if (!has_quota(kind.clients)) continue;
        if (!quotas_[kind.clients].plenty || (kind.nat && has_table(*kind.nat))) return true;
        for (const auto& part : shares_[k])
            if (curves_[part.curve].method() != loss_method::nothing_refuses) return true;
    }
    return false;
}

double kind_sums::log_bursts(double limit, double load, const burst_law& law) const {
    const auto [it, fresh] = bursts_.try_emplace({limit, load}, 0);
    if (fresh) it->second = log_burst_refusal(limit, load, law);
    return it->second;
}

double kind_sums::log_table(std::size_t nat, double scale) const {
    if (tables_[nat] > 0 && table_bursts_[nat])
        return log_bursts(tables_[nat], all_.nat_load[nat] * scale, *table_bursts_[nat]);
    return tables_[nat] > 0 ? log_erlang_b(tables_[nat], all_.nat_load[nat] * scale) : never;
}

log_odds kind_sums::at(std::size_t kind, double scale) const {
    log_odds out{never, 0, false};
    double weighted = 0;
    for (const auto& part : shares_[kind]) {
        const log_odds here = curves_[part.curve].at(part.load * scale, part.place);
        if (!here.seen) continue;
        const double log = here.log + std::log(part.share);
        weighted = log_sum(out.log, log) == never
                       ? 0
                       : (weighted * std::exp(out.log - log_sum(out.log, log)) +
                          here.error * std::exp(log - log_sum(out.log, log)));
        out.log = log_sum(out.log, log);
        out.seen = true;
    }
    out.error = weighted;
    const auto join = [&](double limit) {
        if (limit == never) return;
        // a + b - ab
        const double other =
            out.seen ? out.log + std::log1p(-std::min(1.0, std::exp(limit))) : never;
        const double sum = log_sum(limit, other);
        out.error *= sum > never && other > never ? std::exp(other - sum) : 0;
        out.log = sum;
        out.seen = true;
    };
    if (const auto nat = all_.kinds[kind].nat) {
        join(log_table(*nat, scale));
        join(log_rate(*nat, scale));
        join(log_subscribers(*nat, scale));
    }
    join(log_quota(all_.kinds[kind].clients, scale));
    join(log_servers(kind, scale));
    out.log = std::min(out.log, 0.0);
    return out;
}

log_odds kind_sums::worst(double scale) const {
    log_odds most{never, 0, false};
    for (std::size_t k = 0; k < shares_.size(); ++k) {
        const log_odds here = at(k, scale);
        if (here.seen && (!most.seen || here.log > most.log)) most = here;
    }
    return most;
}

log_odds kind_sums::average(double scale) const {
    log_odds out{never, 0, false};
    for (std::size_t k = 0; k < shares_.size(); ++k) {
        const log_odds here = at(k, scale);
        if (!here.seen) continue;
        const double log =
            here.log + std::log(all_.kinds[k].rate * all_.kinds[k].endpoints / all_.rate);
        out.error = std::max(out.error, here.error);
        out.log = log_sum(out.log, log);
        out.seen = true;
    }
    return out;
}

void kind_sums::find(double epsilon, double holds) {
    // Curves by how full their fullest system is: the first is the likeliest to bind.
    std::vector<std::size_t> order;
    for (std::size_t c = 0; c < curves_.size(); ++c)
        if (!curves_[c].exact()) order.push_back(c);
    const auto fill = [&](std::size_t c) { return most_load_[c] / curves_[c].ports(); };
    std::sort(order.begin(), order.end(), [&](auto a, auto b) { return fill(a) > fill(b); });
    const double target = std::log(epsilon);
    const auto worst_at = [&](double scale) { return worst(scale); };
    double best = std::numeric_limits<double>::infinity();
    if (const auto exact = root(target, worst_at)) best = *exact;
    for (const auto c : order) {
        if (best < std::numeric_limits<double>::infinity()) {
            // one short look tells whether this one fails first
            const double load = most_load_[c] * best;
            if (load < 0.2 * fill(order.front()) * curves_[c].ports()) continue;
            if (curves_[c].sure_bound(load) < target - 1) continue;
            curves_[c].look(load, 1, 0.01);
            const log_odds here = curves_[c].worst(load);
            if (!here.seen || here.log + 3 * here.error < target - 1) continue;
        }
        curves_[c].solve(epsilon, holds);
        if (const auto now = root(target, worst_at)) best = *now;
    }
    // Mixtures of systems, or a table's limit, may move the root: look where it is.
    for (int i = 0; i < 3; ++i) {
        const auto scale = root(target, worst_at);
        if (!scale) return;
        bool moved = false;
        for (const auto c : order) {
            const double load = most_load_[c] * *scale;
            const log_odds here = curves_[c].worst(load);
            if (!here.seen || here.log < target - 3) continue;
            const std::size_t before = curves_[c].points().size();
            curves_[c].look(load, 0.9 * holds, 0.006);
            moved = moved || curves_[c].points().size() != before;
        }
        if (!moved) return;
    }
}

// Systems that share a curve have loads of their own: from the heaviest down, as long as the rest
// may matter.
void kind_sums::look(double scale, double holds) {
    constexpr int most = 12;                 // looks at one curve
    constexpr double little = 0.003;         // of what is refused
    const double nothing = std::log(1e-11);  // nothing will be seen
    for (std::size_t c = 0; c < curves_.size(); ++c) {
        auto& curve = curves_[c];
        if (curve.exact()) continue;
        std::map<double, std::pair<double, std::set<std::size_t>>, std::greater<>> loads;
        double left = 0;  // connections a second, of loads not yet gone through
        for (std::size_t k = 0; k < shares_.size(); ++k)
            for (const auto& part : shares_[k]) {
                if (part.curve != c) continue;
                const double rate = all_.kinds[k].rate * all_.kinds[k].endpoints * part.share;
                auto& [sum, places] = loads[part.load * scale];
                sum += rate;
                places.insert(part.place);
                left += rate;
            }
        double refused = 0;
        int looks = 0;
        for (const auto& [load, what] : loads) {
            const double rate = what.first;
            const auto& places = what.second;
            const auto known = [&, load = load] {
                return std::all_of(places.begin(), places.end(),
                                   [&](std::size_t place) { return curve.measured(load, place); });
            };
            if (curve.sure_bound(load) < nothing) break;
            if (looks == 0) {
                // where a line from above promises less nothing will be seen
                const log_odds promised = curve.worst(load);
                if (promised.seen && promised.log < nothing) break;
            } else if (left < little * refused) {
                break;
            }
            if (looks == 0 || (!known() && looks < most)) {
                curve.look(load, looks == 0 ? holds : holds / 2, looks == 0 ? 0.002 : 0.01);
                ++looks;
                if (!known()) break;  // nothing was seen, and lower loads refuse less
            }
            if (known()) refused += rate * std::exp(curve.worst(load).log);
            left -= rate;
        }
    }
}

void kind_sums::look_low(double scale, double probability) {
    // A bound within this of what the simulation sees is worth no search for a lower one.
    constexpr double near = 1e-6;
    for (std::size_t c = 0; c < curves_.size(); ++c) {
        auto& curve = curves_[c];
        const double load = most_load_[c] * scale;
        if (curve.exact() || curve.sure_bound(load) <= std::log(probability)) continue;
        const double enough =
            curve.look_always_on(load) ? std::max(probability, near) : probability;
        if (curve.sure_bound(load) > std::log(enough)) curve.descend(probability);
    }
}

// The refusal probability grows with the load, so what was measured at a higher one is a bound; and
// a refusal needs so many flows in its system.
double kind_sums::bound(std::size_t kind, double scale) const {
    double sum = never;
    for (const auto& part : shares_[kind]) {
        const auto& curve = curves_[part.curve];
        double here = 0;
        const double load = part.load * scale;
        if (curve.method() == loss_method::nothing_refuses) {
            here = never;
        } else if (curve.exact()) {
            here = curve.at(load, part.place).log;
        } else {
            for (const auto& p : curve.points())
                if (p.load >= load && p.kinds[part.place].seen)
                    here =
                        std::min(here, p.kinds[part.place].log + 1.96 * p.kinds[part.place].error);
            here = std::min(here, curve.sure_bound(load));
        }
        sum = log_sum(sum, here + std::log(part.share));
    }
    if (const auto nat = all_.kinds[kind].nat)
        sum = log_sum(sum, log_sum(log_subscribers(*nat, scale),
                                   log_sum(log_table(*nat, scale), log_rate(*nat, scale))));
    sum = log_sum(sum, log_quota(all_.kinds[kind].clients, scale));
    sum = log_sum(sum, log_servers(kind, scale));
    return std::min(sum, 0.0);
}

bool kind_sums::any_simulated() const {
    return std::any_of(curves_.begin(), curves_.end(), [](const auto& c) { return !c.exact(); });
}

double kind_sums::heaviest() const {
    double most = 0;
    for (const auto& system : all_.systems) most = std::max(most, system.load());
    return most;
}

}  // namespace natbound::calculator::detail
