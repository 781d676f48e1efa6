// Puts the three numbers together, and ranks the limits.
#include "natbound/answer/answer.hpp"

#include <algorithm>
#include <cmath>
#include <limits>
#include <set>
#include <tuple>

#include "capacity.hpp"
#include "evidence.hpp"
#include "failure.hpp"
#include "natbound/calculator/erlang.hpp"
#include "natbound/calculator/finite_queue.hpp"
#include "natbound/calculator/subscribers.hpp"
#include "natbound/calculator/traffic.hpp"
#include "natbound/model/cascade.hpp"
#include "natbound/model/error.hpp"
#include "natbound/solver/guaranteed.hpp"
#include "remedies.hpp"
#include "risk.hpp"

namespace natbound {

namespace bj = boost::json;

namespace {

// Endpoints that a client set reaches.
count reached(const scenario& s, const client_set& c) {
    count out = 0;
    for (const auto& v : s.servers)
        if (c.reaches.empty() ||
            std::find(c.reaches.begin(), c.reaches.end(), v.name) != c.reaches.end())
            out += v.addresses.size() * v.ports.size();
    return out;
}

bj::object guaranteed_part(const scenario& s, const guaranteed_result& g, const maximum_result& m) {
    bj::object out{{"connections", counted(g.connections)},
                   {"nothing_fails", g.nothing_fails},
                   {"binds", g.binds},
                   {"nat", g.nat},
                   {"failing", g.failing},
                   {"sets_it", g.sets_it}};
    bj::object body = g.evidence;
    if (g.nothing_fails) {
        out["connections"] = counted(m.connections);
        body["connections"] = counted(m.connections);
        bj::object bound = body["lower-bound"].as_object();
        bound["maximum"] = m.evidence;
        body["lower-bound"] = std::move(bound);
    }
    if (out["connections"].is_null()) {
        out["at_least"] = counted(g.nothing_fails ? m.at_least : g.at_least);
        if (g.nothing_fails)
            out["at_most"] = counted(m.at_most);
        else if (g.at_most)
            out["at_most"] = counted(*g.at_most);
    }
    out["evidence"] = certificate("guaranteed", s, std::move(body));
    return out;
}

// Calls add(client set, NAT, load) for every quota that some client address could pass, with the
// load of everything at which it reaches epsilon; returns the least of them.
template <class Add>
double quota_limits(const scenario& given, double epsilon, Add&& add) {
    const bool cascade = is_cascade(given);
    const scenario flat = cascade ? side_by_side(given) : scenario{};
    const scenario& s = cascade ? flat : given;
    double least = std::numeric_limits<double>::infinity();
    std::optional<calculator::filled_traffic> traffic;
    for (std::size_t c = 0; c < s.clients.size(); ++c)
        for (const auto& n : s.nats) {
            const auto& set = s.clients[c];
            const auto& quota = n.connection_limits.limit_per_subscriber;
            if (!quota || std::find(n.inside.begin(), n.inside.end(), set.name) == n.inside.end())
                continue;
            if (set.ports.size() * reached(s, set) <= *quota) continue;
            if (!traffic) traffic = calculator::fill_traffic(s);
            double own = 0;
            for (const auto& t : traffic->streams) own += t.clients == c ? t.load() : 0;
            if (own <= 0) continue;
            own /= static_cast<double>(set.addresses.size());
            const double felt = calculator::load_for(static_cast<double>(*quota), epsilon) / own *
                                (cascade ? calculator::fill_traffic(given) : *traffic).load();
            least = std::min(least, felt);
            add(set, n, felt);
        }
    return least;
}

// Calls add(NAT, connections live at the limit, load) for every limit on new connections a second,
// with the load of everything at which its bucket refuses epsilon; returns the least of them.
template <class Add>
double rate_limits_felt(const scenario& s, double epsilon, Add&& add) {
    double least = std::numeric_limits<double>::infinity();
    for (const auto& n : s.nats) {
        if (!n.rate_limits) continue;
        const auto traffic = calculator::fill_traffic(s);
        double rate = 0, through = 0;
        for (const auto& t : traffic.streams)
            if (calculator::nat_of(s, t.clients) == &n) {
                rate += t.rate;
                through += t.load();
            }
        if (rate == 0) continue;
        const double limit = n.rate_limits->connections->per_second;
        // where nearly all may be refused the rate alone decides, not the bucket
        const double busy = epsilon > 0.9 ? 1 / (1 - epsilon)
                                          : calculator::load_for_room(
                                                calculator::service::constant,
                                                calculator::policer_depth(*n.rate_limits), epsilon);
        const double felt = busy * limit / rate * traffic.load();
        least = std::min(least, felt);
        add(n, limit / rate * through, felt);
    }
    return least;
}

// Calls add(NAT, load) for every limit on subscribers, with the load of everything at which it
// refuses epsilon (client addresses of one load, as likely has it); returns the least of them.
template <class Add>
double subscriber_limits_felt(const scenario& s, double epsilon, Add&& add) {
    double least = std::numeric_limits<double>::infinity();
    for (const auto& n : s.nats) {
        if (!n.mapping_limits.limit_subscribers) continue;
        const auto traffic = calculator::fill_traffic(s);
        double through = 0;
        std::set<std::size_t> sets;
        for (const auto& t : traffic.streams)
            if (calculator::nat_of(s, t.clients) == &n) {
                through += t.load();
                sets.insert(t.clients);
            }
        count addresses = 0;
        for (const auto c : sets) addresses += s.clients[c].addresses.size();
        if (through == 0 || addresses <= *n.mapping_limits.limit_subscribers) continue;
        const double each = calculator::load_for_subscribers(
            static_cast<std::uint64_t>(addresses), *n.mapping_limits.limit_subscribers, epsilon);
        const double felt = each * static_cast<double>(addresses) / through * traffic.load();
        least = std::min(least, felt);
        add(n, felt);
    }
    return least;
}

// Calls add(server set, limit of one, what that is one of, load) for what servers hold, with the
// load of everything at which one refuses epsilon.
template <class Add>
double server_limits_felt(const scenario& s, double epsilon, Add&& add) {
    double least = std::numeric_limits<double>::infinity();
    std::optional<calculator::filled_traffic> traffic;
    for (std::size_t v = 0; v < s.servers.size(); ++v) {
        const auto& set = s.servers[v];
        if (!set.connection_limits) continue;
        if (!traffic) traffic = calculator::fill_traffic(s);
        // the busiest endpoint, and address
        const auto ports = static_cast<std::size_t>(set.ports.size());
        const double endpoints = static_cast<double>(set.addresses.size() * set.ports.size());
        double even = 0;
        std::vector<double> uneven;
        for (const auto& t : traffic->streams) {
            if (t.servers != v) continue;
            const double open = t.rate * t.open.mean;
            if (t.weights.empty()) {
                even += open / endpoints;
                continue;
            }
            uneven.resize(t.weights.size());
            for (std::size_t i = 0; i < uneven.size(); ++i) uneven[i] += open * t.weights[i];
        }
        double one = even, address = even * static_cast<double>(ports);
        for (std::size_t i = 0; i < uneven.size(); ++i) {
            one = std::max(one, even + uneven[i]);
            if (i % ports != 0) continue;
            double here = even * static_cast<double>(ports);
            for (std::size_t k = i; k < i + ports; ++k) here += uneven[k];
            address = std::max(address, here);
        }
        for (const auto& [limit, load, what] :
             {std::tuple{set.connection_limits->limit_per_endpoint, one, "endpoint"},
              std::tuple{set.connection_limits->limit_per_address, address, "address"}}) {
            if (!limit || load <= 0) continue;
            const double felt =
                calculator::load_for(static_cast<double>(*limit), epsilon) / load * traffic->load();
            least = std::min(least, felt);
            add(set, *limit, what, felt);
        }
    }
    return least;
}

// Every limit in the same unit, the load at which it is felt; the one that binds first comes first.
// `without_quotas` gives likely of the same scenario without any.
template <class Without>
bj::array limits_part(const scenario& s, const guaranteed_result& g, const maximum_result& m,
                      const calculator::likely_result& l, double load, double epsilon,
                      Without&& without_quotas) {
    struct limit {
        std::string name, kind, binds, failure;
        std::optional<count> connections;
        double load;
    };
    std::vector<limit> all;
    const double quota =
        quota_limits(s, epsilon, [&](const client_set& c, const nat& n, double felt) {
            const count each = *n.connection_limits.limit_per_subscriber;
            all.push_back(
                {"quota of " + n.name + ": " + grouped(each) + " for each address of " + c.name,
                 "quota", g.binds == "quota" ? "guaranteed" : "likely",
                 "a new connection of that subscriber is refused, the others go on",
                 each * c.addresses.size(), felt});
        });
    const double policed =
        rate_limits_felt(s, epsilon, [&](const nat& n, double live, double felt) {
            all.push_back(
                {"new connections of " + n.name + ": " + to_string(*n.rate_limits->connections),
                 "rate", "likely", "a new connection is refused until tokens are back",
                 count(std::floor(live)), felt});
        });
    const double served = server_limits_felt(
        s, epsilon,
        [&](const server_set& v, std::uint64_t most, const std::string& what, double felt) {
            all.push_back({"what each " + what + " of " + v.name + " holds: " + grouped(most),
                           "servers", g.binds == "servers" ? "guaranteed" : "likely",
                           "the server refuses: a reset, or silence where its backlog is full",
                           count(most), felt});
        });
    const double subscribed = subscriber_limits_felt(s, epsilon, [&](const nat& n, double felt) {
        const count most = *n.mapping_limits.limit_subscribers;
        all.push_back({"subscribers of " + n.name + ": " + grouped(most), "subscribers",
                       g.binds == "subscribers" ? "guaranteed" : "likely",
                       "client addresses that are not served yet are refused, the others go on",
                       std::nullopt, felt});
    });
    const auto& ports = l.load && std::min({quota, policed, served, subscribed}) <= *l.load * 1.01
                            ? without_quotas()
                            : l;
    if (ports.load && !ports.kinds.empty()) {
        const auto& worst = ports.kinds.front();
        all.push_back({"free ports for " + worst.clients + " towards " + worst.destination +
                           (worst.address.empty() ? "" : " on " + worst.address),
                       g.binds == "search" ? "search" : "ports", "likely",
                       "a new connection finds no free port",
                       g.connections || g.at_least == 0 ? g.connections : g.at_least, *ports.load});
    }
    if (!s.nats.empty())
        all.push_back({m.sets_it, m.binds, "maximum",
                       "no assignment of tuples has room for one more",
                       m.connections.value_or(m.at_most),
                       static_cast<double>(m.connections.value_or(m.at_most))});
    // In bursts a table that could fill is refused before; one that can't does not bind.
    const bool bursty = std::any_of(s.traffic.begin(), s.traffic.end(),
                                    [](const auto& t) { return t.arrivals.has_value(); });
    for (const auto& n : s.nats)
        for (const auto& [size, what] :
             {std::pair{n.connection_limits.limit_per_instance, "flow table of "},
              std::pair{n.mapping_limits.limit_port_mappings, "mappings of "}})
            if (size && !bursty)
                all.push_back({what + n.name, "table", g.binds == "table" ? "guaranteed" : "likely",
                               n.design.pressure == pressure_kind::refuse
                                   ? "a new connection is refused"
                                   : "the connection least recently used is cut",
                               count(*size),
                               calculator::load_for(static_cast<double>(*size), epsilon)});
    for (const auto& c : s.clients) {
        const count sockets = c.addresses.size() * c.ports.size() * reached(s, c);
        all.push_back({"the own ports of " + c.name, "sockets", "maximum",
                       "the client itself reports that no local port is free", sockets,
                       static_cast<double>(sockets)});
    }
    std::stable_sort(all.begin(), all.end(),
                     [](const limit& a, const limit& b) { return a.load < b.load; });
    bj::array out;
    for (const auto& one : all)
        out.push_back(
            bj::object{{"name", one.name},
                       {"kind", one.kind},
                       {"connections", counted(one.connections)},
                       {"load", one.load},
                       {"headroom", load > 0 ? bj::value(one.load / load) : bj::value(nullptr)},
                       {"binds", one.binds},
                       {"failure", one.failure}});
    return out;
}

// Where the busiest destination's share is a guess between bounds: the scenario with the least.
std::optional<scenario> least_top_shares(const scenario& s) {
    scenario out = s;
    bool range = false;
    for (auto& t : out.traffic)
        if (t.top_share && t.top_share->least != t.top_share->most) {
            t.top_share->most = t.top_share->least;
            range = true;
        }
    if (!range) return std::nullopt;
    return out;
}

// A number that this version can't settle, and why.
bj::object unknown_part(const std::string& why) {
    return {{"connections", nullptr}, {"unknown", why}, {"evidence", nullptr}};
}

// The answer where the odds can't be worked out.
bj::object without_likely(bj::object out, const scenario& s, const maximum_result& m,
                          bool nothing_fails, const std::string& why, double epsilon) {
    auto likely = unknown_part(why);
    likely["epsilon"] = epsilon;
    out["likely"] = std::move(likely);
    out["maximum"] = maximum_part(s, m);
    out["traffic"] = bj::object{{"given", !s.traffic.empty()}, {"unknown", why}};
    out["limits"] = bj::array{};
    out["failure"] = nothing_fails ? bj::array{} : failure_lines(s);
    out["watch"] = nothing_fails ? bj::array{} : watch_lines(s);
    out["remedies"] = bj::array{};
    out["assumptions"] = bj::array{};
    return out;
}

}  // namespace

bj::object answer(const scenario& s, const answer_options& options) {
    if (!(options.epsilon > 0 && options.epsilon < 1))
        throw domain_error("answer: epsilon must be above 0 and below 1");
    const auto m = maximum(s);
    // What one number can't be settled for leaves the others as they are.
    std::string open;
    guaranteed_result g;
    try {
        g = guaranteed(s, options.interrupt);
    } catch (const unsupported& why) {
        open = why.what();
    }
    std::optional<remedies> helping;
    if (options.remedies && open.empty() && !g.nothing_fails) helping.emplace(s, options);
    calculator::study_options how;
    how.seed = options.seed;
    how.interrupt = options.interrupt;
    how.holds = 8;
    bj::object out{{"schema", "natbound.answer/1"}, {"description", s.description}};
    out["guaranteed"] = open.empty() ? guaranteed_part(s, g, m) : unknown_part(open);
    std::optional<calculator::loss_study> study_of;
    calculator::likely_result l;
    calculator::risk_result r;
    try {
        study_of.emplace(s, how);
        l = study_of->likely(options.epsilon);
        r = study_of->risk();
    } catch (const unsupported& why) {
        return without_likely(std::move(out), s, m, open.empty() && g.nothing_fails, why.what(),
                              options.epsilon);
    }
    const bool given = !s.traffic.empty();
    const auto mildest = least_top_shares(s);
    out["likely"] = likely_part(s, l, options.seed);
    out["maximum"] = maximum_part(s, m);
    out["traffic"] = traffic_part(r, l, given);
    if (mildest) {
        calculator::loss_study other(*mildest, how);
        const auto mild = other.likely(options.epsilon);
        out["likely"].as_object()["range"] =
            bj::array{l.load ? bj::value(*l.load) : bj::value(nullptr),
                      mild.load ? bj::value(*mild.load) : bj::value(nullptr)};
        out["traffic"].as_object()["refusal_probability_range"] =
            bj::array{odds_json(other.risk().overall), odds_json(r.overall)};
    }
    out["limits"] = limits_part(s, g, m, l, given ? r.load : 0, options.epsilon, [&] {
        scenario free = s;
        for (auto& n : free.nats) {
            n.connection_limits.limit_per_subscriber.reset();
            n.rate_limits.reset();
            n.mapping_limits.limit_subscribers.reset();
        }
        for (auto& v : free.servers) v.connection_limits.reset();
        return calculator::loss_study(free, how).likely(options.epsilon);
    });
    out["failure"] = g.nothing_fails ? bj::array{} : failure_lines(s);
    out["watch"] = g.nothing_fails ? bj::array{} : watch_lines(s);
    out["remedies"] = helping ? helping->collect() : bj::array{};
    bj::array assumed;
    std::set<std::string> said;
    for (const auto& list : {l.assumed, r.assumed})
        for (const auto& text : list)
            if (said.insert(text).second) assumed.push_back(bj::string(text));
    out["assumptions"] = std::move(assumed);
    return out;
}

}  // namespace natbound
