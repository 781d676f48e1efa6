// Each limit's own law, turned round: at what load of everything it refuses epsilon.
#include "limits.hpp"

#include <algorithm>
#include <cmath>
#include <limits>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <tuple>

#include "evidence.hpp"
#include "natbound/calculator/burst_limit.hpp"
#include "natbound/calculator/erlang.hpp"
#include "natbound/calculator/finite_queue.hpp"
#include "natbound/calculator/listen.hpp"
#include "natbound/calculator/own_ports.hpp"
#include "natbound/calculator/packet_limit.hpp"
#include "natbound/calculator/subscribers.hpp"
#include "natbound/calculator/traffic.hpp"
#include "natbound/model/cascade.hpp"
#include "natbound/model/gates.hpp"
#include "natbound/model/json_io.hpp"
#include "traffic_behind.hpp"

namespace natbound {

namespace bj = boost::json;

namespace {

constexpr double infinite = std::numeric_limits<double>::infinity();

struct limit {
    std::string name, kind, binds, failure;
    std::optional<count> connections;
    double load = 0;
    std::optional<double> refusal = {};  // of a connection by it alone, at the traffic
    std::string source = {};
};

// Endpoints that a client set reaches.
count reached(const scenario& s, const client_set& c) {
    count out = 0;
    for (const auto& v : s.servers)
        if (reaches(c, v)) out += v.addresses.size() * v.ports.size();
    return out;
}

class ranking {
  public:
    explicit ranking(const limit_question& q)
        : q_(q), s_(*q.s), traffic_(calculator::fill_traffic(*q.s)), behind_(*q.s) {}

    std::vector<limit> run() {
        quotas();
        for (const auto& n : s_.nats) {
            through_ = behind_.through(n, traffic_);
            tables(n);
            protocols(n);
            connections(n);
            packets(n);
            subscribers(n);
        }
        servers();
        ports();
        own_ports();
        possible();
        std::stable_sort(all_.begin(), all_.end(),
                         [](const limit& a, const limit& b) { return a.load < b.load; });
        return std::move(all_);
    }

  private:
    // Where a number of the NAT's comes from, if a profile says so.
    static std::string source(const nat& n, const std::string& field) {
        if (n.profile)
            for (const auto& one : n.profile->sources)
                if (field == one.field || field.rfind(one.field + ".", 0) == 0)
                    return n.profile->name + ": " + one.says + " " + one.link;
        return {};
    }

    void add(limit one) {
        if (q_.load <= 0) one.refusal.reset();
        all_.push_back(std::move(one));
    }

    // For every quota that some client address could pass.
    void quotas() {
        const bool cascade = is_staged(s_);
        const scenario flat = cascade ? side_by_side(s_) : scenario{};
        const scenario& s = cascade ? flat : s_;
        const auto traffic = cascade ? calculator::fill_traffic(s) : traffic_;
        for (std::size_t c = 0; c < s.clients.size(); ++c)
            for (const auto& n : s.nats) {
                const auto& set = s.clients[c];
                const auto& quota = n.connection_limits.limit_per_subscriber;
                if (!quota ||
                    std::find(n.inside.begin(), n.inside.end(), set.name) == n.inside.end() ||
                    set.ports.size() * reached(s, set) <= *quota)
                    continue;
                double own = 0;
                for (const auto& t : traffic.streams) own += t.clients == c ? t.load() : 0;
                if (own <= 0) continue;
                own /= static_cast<double>(set.addresses.size());
                const auto each = static_cast<double>(*quota);
                auto law = calculator::one_law(traffic.streams,
                                               [&](const auto& t) { return t.clients == c; });
                if (law)
                    law->arrives =
                        law->arrives.thinned(1 / static_cast<double>(set.addresses.size()));
                const double felt = felt_at(each, law) / own * traffic_.load();
                others_ = std::min(others_, felt);
                add({"quota of " + n.name + ": " + grouped(count(*quota)) +
                         " for each address of " + set.name,
                     "quota",
                     q_.guaranteed && q_.guaranteed->binds == "quota" ? "guaranteed" : "likely",
                     "a new connection of that subscriber is refused, the others go on",
                     *quota * set.addresses.size(), felt, odds_at(each, own * scale(), law),
                     source(n, "connection-limits.limit-per-subscriber")});
            }
    }

    // The risk's traffic over the scenario's.
    double scale() const { return q_.load > 0 ? q_.load / traffic_.load() : 1; }

    // Erlang's formula, or the chain of bursts.
    double felt_at(double limit, const std::optional<calculator::burst_law>& law) const {
        return traffic_.bursty() && law ? calculator::load_for_bursts(limit, *law, q_.epsilon)
                                        : calculator::load_for(limit, q_.epsilon);
    }
    double odds_at(double limit, double load,
                   const std::optional<calculator::burst_law>& law) const {
        return traffic_.bursty() && law ? std::exp(calculator::log_burst_refusal(limit, load, *law))
                                        : calculator::erlang_b(limit, load);
    }

    // In bursts of several laws a table that could fill is refused before; one that can't does not
    // bind.
    void tables(const nat& n) {
        if (through_.load <= 0) return;
        const auto law = calculator::one_law(
            traffic_.streams, [&](const auto& t) { return behind_.share(n, t.clients) > 0; });
        if (traffic_.bursty() && !law) return;
        const auto entries = n.memory ? n.memory->entries() : std::nullopt;
        const auto& instance = n.connection_limits.limit_per_instance;
        const bool memory = entries && instance && *entries == *instance;
        const bool refuses = n.design.pressure == pressure_kind::refuse;
        for (const auto& [size, what, field] :
             {std::tuple{instance,
                         memory ? "memory of " + n.name + ": " + to_string(*n.memory->total) +
                                      " for entries of " + to_string(*n.memory->per_entry)
                                : "flow table of " + n.name,
                         memory ? "memory.per-entry" : "connection-limits.limit-per-instance"},
              std::tuple{n.mapping_limits.limit_port_mappings, "mappings of " + n.name,
                         "mapping-limits.limit-port-mappings"}}) {
            if (!size) continue;
            const auto room = static_cast<double>(*size);
            if (traffic_.bursty() && !calculator::has_chain(room, *law)) continue;
            const double felt = felt_at(room, law) / through_.load * traffic_.load();
            others_ = std::min(others_, felt);
            add({what, memory && size == instance ? "memory" : "table",
                 q_.guaranteed && q_.guaranteed->binds == "table" ? "guaranteed" : "likely",
                 refuses ? "a new connection is refused"
                         : "the connection least recently used is cut",
                 count(*size), felt, odds_at(room, through_.load * scale(), law),
                 source(n, field)});
        }
    }

    // Limits of one protocol each.
    void protocols(const nat& n) {
        const auto& limits = n.connection_limits.limit_per_protocol;
        for (const auto& one : limits ? *limits : std::vector<protocol_limit>()) {
            double load = 0;
            for (const auto& t : traffic_.streams)
                if (s_.servers[t.servers].protocol == one.protocol_id)
                    load += t.load() * behind_.share(n, t.clients);
            if (load <= 0 || traffic_.bursty()) continue;
            const auto room = static_cast<double>(one.limit);
            const double felt = calculator::load_for(room, q_.epsilon) / load * traffic_.load();
            others_ = std::min(others_, felt);
            add({"connections of " + std::string(json_io::name_of(one.protocol_id)) + " of " +
                     n.name,
                 "table",
                 q_.guaranteed && q_.guaranteed->binds == "table" ? "guaranteed" : "likely",
                 "a new connection of that protocol is refused", count(one.limit), felt,
                 calculator::erlang_b(room, load * scale()),
                 source(n, "connection-limits.limit-per-protocol")});
        }
    }

    void connections(const nat& n) {
        if (!n.rate_limits || !n.rate_limits->connections || through_.rate <= 0) return;
        const double limit = n.rate_limits->connections->per_second;
        const auto depth = calculator::policer_depth(*n.rate_limits);
        // where nearly all may be refused the rate alone decides, not the bucket
        const double busy =
            q_.epsilon > 0.9
                ? 1 / (1 - q_.epsilon)
                : calculator::load_for_room(calculator::service::constant, depth, q_.epsilon);
        const double felt = busy * limit / through_.rate * traffic_.load();
        const double now = through_.rate * scale() / limit;
        others_ = std::min(others_, felt);
        add({"new connections of " + n.name + ": " + to_string(*n.rate_limits->connections), "rate",
             "likely", "a new connection is refused until tokens are back",
             count(std::floor(limit / through_.rate * through_.load)), felt,
             now > 100 ? 1 - 1 / now
                       : calculator::finite_queue(calculator::service::constant, depth,
                                                  std::max(now, 1e-9))
                             .loss,
             source(n, "rate-limits.connections")});
    }

    void packets(const nat& n) {
        if (!n.rate_limits || !n.rate_limits->packets || through_.packets.rate() <= 0) return;
        const double limit = n.rate_limits->packets->per_second;
        const auto depth = calculator::packet_depth(*n.rate_limits);
        const auto& sent = through_.packets;
        const double felt =
            calculator::scale_for_packets(limit, depth, sent, q_.epsilon) * traffic_.load();
        others_ = std::min(others_, felt);
        add({"packets of " + n.name + ": " + to_string(*n.rate_limits->packets), "packets",
             "likely",
             "packets are lost: connections stall and slow down, and a new one whose first packet "
             "is lost waits for a try 1 s later",
             count(std::floor(limit / sent.rate() * through_.load)), felt,
             calculator::packet_limit(
                 limit, depth, {sent.opening * scale(), sent.live * scale(), sent.each, sent.hold})
                 .refusal,
             source(n, "rate-limits.packets")});
    }

    // Client addresses of one load, as likely has it.
    void subscribers(const nat& n) {
        const auto& most = n.mapping_limits.limit_subscribers;
        if (!most || through_.load <= 0) return;
        std::set<std::size_t> sets;
        for (const auto& t : traffic_.streams)
            if (calculator::nat_of(s_, t.clients) == &n) sets.insert(t.clients);
        count there = 0;
        for (const auto c : sets) there += s_.clients[c].addresses.size();
        if (there <= *most || there > 10'000'000) return;
        const auto addresses = static_cast<std::uint64_t>(there);
        const double each = through_.load / static_cast<double>(addresses);
        const double felt =
            calculator::load_for_subscribers(addresses, *most, q_.epsilon) / each * traffic_.load();
        others_ = std::min(others_, felt);
        add({"subscribers of " + n.name + ": " + grouped(count(*most)),
             "subscribers",
             q_.guaranteed && q_.guaranteed->binds == "subscribers" ? "guaranteed" : "likely",
             "client addresses that are not served yet are refused, the others go on",
             {},
             felt,
             std::exp(calculator::log_subscriber_refusal(addresses, *most, each * scale())),
             source(n, "mapping-limits.limit-subscribers")});
    }

    // Of each limited server set, its busiest endpoint, and address.
    void servers() {
        for (std::size_t v = 0; v < s_.servers.size(); ++v) {
            const auto& set = s_.servers[v];
            if (set.listen) accepting(v);
            if (!set.connection_limits) continue;
            const auto open =
                amounts_of(s_, traffic_, v, [](const auto& t) { return t.rate * t.open.mean; });
            const double one = open.most(), address = busiest_address(set, open);
            for (const auto& [limit, load, what] :
                 {std::tuple{set.connection_limits->limit_per_endpoint, one, "endpoint"},
                  std::tuple{set.connection_limits->limit_per_address, address, "address"}}) {
                if (!limit || load <= 0) continue;
                const auto room = static_cast<double>(*limit);
                const double felt = calculator::load_for(room, q_.epsilon) / load * traffic_.load();
                others_ = std::min(others_, felt);
                add({"what each " + std::string(what) + " of " + set.name +
                         " holds: " + grouped(count(*limit)),
                     "servers",
                     q_.guaranteed && q_.guaranteed->binds == "servers" ? "guaranteed" : "likely",
                     "the server refuses: a reset, or silence where its backlog is full",
                     count(*limit),
                     felt,
                     calculator::erlang_b(room, load * scale()),
                     {}});
            }
        }
    }

    // How many a second, and how many wait, at the busiest endpoint.
    void accepting(std::size_t v) {
        const auto& set = s_.servers[v];
        const double load =
            amounts_of(s_, traffic_, v, [](const auto& t) { return t.rate; }).most() /
            set.listen->accepts->per_second;
        if (load <= 0) return;
        const auto room = calculator::listen_room(*set.listen);
        // where nearly all may be lost the rate alone decides, not the room
        const double busy =
            q_.epsilon > 0.9
                ? 1 / (1 - q_.epsilon)
                : calculator::load_for_room(calculator::service::exponential, room, q_.epsilon);
        const double felt = busy / load * traffic_.load();
        others_ = std::min(others_, felt);
        add({"accept queue of each endpoint of " + set.name + ": " +
                 grouped(count(*set.listen->backlog)) + ", " + to_string(*set.listen->accepts),
             "listen",
             "likely",
             "silence: the SYN is dropped, and tried again after 1 s (Linux; a reset with "
             "net.ipv4.tcp_abort_on_overflow=1); a handshake whose last packet is dropped stays "
             "half open",
             {},
             felt,
             std::exp(calculator::log_listen_loss(room, load * scale()))});
    }

    void ports() {
        const auto& l = *q_.likely;
        const bool hidden = l.load && others_ <= *l.load * 1.01;
        const auto alone = hidden ? q_.ports_alone() : l;
        if (!alone.load || alone.kinds.empty()) return;
        const auto& worst = alone.kinds.front();
        limit one{"free ports for " + worst.clients + " towards " + worst.destination +
                      (worst.address.empty() ? "" : " on " + worst.address),
                  "ports",
                  "likely",
                  "a new connection finds no free port",
                  {},
                  *alone.load};
        if (const auto* g = q_.guaranteed) {
            if (g->binds == "search") one.kind = "search";
            one.connections = g->connections || g->at_least == 0 ? g->connections : g->at_least;
        }
        for (const auto& n : s_.nats)
            if (n.name == worst.nat) one.source = source(n, "port-set-restrict");
        add(std::move(one));
    }

    // Of each client set, towards the endpoint where its own ports are scarcest. A client without a
    // free one offers nothing, so that nothing else feels it.
    void own_ports() {
        std::map<std::size_t, calculator::own_ports> scarcest;  // by client set
        for (auto& one : calculator::own_ports_of(s_, traffic_)) {
            const auto [it, fresh] = scarcest.try_emplace(one.clients, one);
            if (!fresh && one.load > it->second.load) it->second = std::move(one);
        }
        // sets that are alike in all of this are one limit
        std::map<std::tuple<double, double, std::string, bool>, std::vector<std::size_t>> alike;
        for (const auto& [c, one] : scarcest)
            alike[{one.scale_for(q_.epsilon), std::exp(one.log_refusal(scale())), one.destination,
                   one.waits}]
                .push_back(c);
        for (const auto& [what, sets] : alike) {
            const auto& [felt, refusal, destination, waits] = what;
            std::string names;
            count sockets = 0;
            for (const auto c : sets) {
                names += (names.empty() ? "" : ", ") + s_.clients[c].name;
                sockets += s_.clients[c].addresses.size() * s_.clients[c].ports.size();
            }
            add({"own ports of each address of " + names + " towards " + destination +
                     (waits ? ", TIME-WAIT included" : ""),
                 "sockets", "likely", calculator::out_of_ports, sockets, felt * traffic_.load(),
                 refusal});
        }
    }

    // What bounds how many can be live at once.
    void possible() {
        if (!q_.maximum) return;
        const auto& m = *q_.maximum;
        const count most = m.connections.value_or(m.at_most);
        if (!s_.nats.empty())
            add({m.sets_it, m.binds, "maximum", "no assignment of tuples has room for one more",
                 most, static_cast<double>(most)});
        for (const auto& c : s_.clients) {
            const count sockets = c.addresses.size() * c.ports.size() * reached(s_, c);
            add({"the own ports of " + c.name, "sockets", "maximum",
                 "the client itself reports that no local port is free", sockets,
                 static_cast<double>(sockets)});
        }
    }

    const limit_question& q_;
    const scenario& s_;
    calculator::filled_traffic traffic_;
    traffic_behind behind_;
    passing_traffic through_;
    double others_ = infinite;  // the least load at which something else than ports is felt
    std::vector<limit> all_;
};

}  // namespace

bj::array limits_part(const limit_question& q) {
    bj::array out;
    for (const auto& one : ranking(q).run()) {
        bj::object item{
            {"name", one.name},
            {"kind", one.kind},
            {"connections", counted(one.connections)},
            {"load", one.load},
            {"headroom", q.load > 0 ? bj::value(one.load / q.load) : bj::value(nullptr)},
            {"binds", one.binds},
            {"failure", one.failure}};
        if (one.refusal) item["refusal_probability"] = *one.refusal;
        if (!one.source.empty()) item["source"] = one.source;
        out.push_back(std::move(item));
    }
    return out;
}

}  // namespace natbound
