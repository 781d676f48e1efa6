// Reading a scenario: designs resolved by name or by patch, then every rule that the fields must
// keep with one another.
#include "natbound/model/scenario.hpp"

#include <cmath>
#include <set>

#include "natbound/model/cascade.hpp"
#include "natbound/model/holes.hpp"
#include "natbound/model/json_io.hpp"
#include "natbound/model/patch.hpp"
#include "natbound/model/port_sets.hpp"

namespace natbound {

namespace bj = boost::json;

// "hold: 60s" stands for {law: exponential, mean: 60s}; "source-ports: sequential" for {law:
// sequential}; a design's first word for its axis.
template <>
struct json_io::short_form<hold_time> {
    static bool read(const bj::value& v, const std::string& path, hold_time& out) {
        json_io::read(v, path, out.mean);
        return true;
    }
};
template <>
struct json_io::short_form<source_port_rule> {
    static bool read(const bj::value& v, const std::string& path, source_port_rule& out) {
        json_io::read(v, path, out.law);
        return true;
    }
};

namespace {

// More than any network has, and far from where a double's products overflow.
constexpr double most_per_second = 1e12, most_seconds = 1e9, most_live = 1e15, most_weight = 1e15,
                 most_batch = 65536;
constexpr std::size_t most_samples = 65536;

[[noreturn]] void fail(const std::string& path, const std::string& value, const std::string& rule,
                       const std::string& fix = {}) {
    throw input_error(path, value.empty() ? value : "'" + value + "'", rule, fix);
}

std::string at(const char* list, std::size_t i, const char* field = nullptr) {
    return std::string(list) + "[" + std::to_string(i) + "]" +
           (field ? "." + std::string(field) : "");
}

class checker {
  public:
    explicit checker(const scenario& scenario_to_check) : s(scenario_to_check) {}

    void run() {
        if (s.clients.empty()) fail("clients", "", "a scenario needs at least one set of clients");
        if (s.servers.empty()) fail("servers", "", "a scenario needs at least one set of servers");
        for (std::size_t i = 0; i < s.clients.size(); ++i) client(i);
        for (std::size_t i = 0; i < s.servers.size(); ++i) server(i);
        for (std::size_t i = 0; i < s.nats.size(); ++i) named_once(at("nats", i), s.nats[i].name);
        for (std::size_t i = 0; i < s.clients.size(); ++i)
            references(at("clients", i, "reaches"), s.clients[i].reaches, server_names, "server");
        for (std::size_t i = 0; i < s.nats.size(); ++i) router(i);
        const auto outer = outer_of(s);
        for (std::size_t i = 0; i < s.nats.size(); ++i) behind_itself(i, outer);
        for (std::size_t i = 0; i < s.traffic.size(); ++i) traffic(i);
    }

  private:
    void named_once(const std::string& path, const std::string& value) {
        if (value.empty()) fail(path + ".name", "", "a name is wanted", "add name: ...");
        if (!names.insert(value).second)
            fail(path + ".name", value, "the name is taken", "names are unique in a file");
    }

    static void references(const std::string& path, const std::vector<std::string>& list,
                           const std::set<std::string>& known, const char* what) {
        std::set<std::string> seen;
        for (std::size_t i = 0; i < list.size(); ++i) {
            const std::string here = path + "[" + std::to_string(i) + "]";
            if (known.count(list[i]) == 0)
                json_io::unknown_name(list[i], {known.begin(), known.end()}, here, what);
            if (!seen.insert(list[i]).second) fail(here, list[i], "named twice in one list");
        }
    }

    void client(std::size_t i) {
        const auto& c = s.clients[i];
        named_once(at("clients", i), c.name);
        client_names.insert(c.name);
        if (c.addresses.empty()) fail(at("clients", i, "addresses"), "", "addresses are wanted");
        if (c.ports.contains(0))
            fail(at("clients", i, "ports"), to_string(c.ports), "0 is not a port", "start at 1");
        for (std::size_t j = 0; j < i; ++j)
            if (const auto both = c.addresses & s.clients[j].addresses; !both.empty())
                fail(at("clients", i, "addresses"), to_string(c.addresses),
                     "overlaps client set " + s.clients[j].name + " in " + to_string(both),
                     "give each address to one set");
    }

    void server(std::size_t i) {
        const auto& v = s.servers[i];
        if (v.connection_limits) not_yet(at("servers", i, "connection-limits"));
        if (v.backends) not_yet(at("servers", i, "backends"));
        named_once(at("servers", i), v.name);
        server_names.insert(v.name);
        if (v.addresses.empty()) fail(at("servers", i, "addresses"), "", "addresses are wanted");
        if (v.ports.empty()) fail(at("servers", i, "ports"), "", "ports are wanted");
        if (v.ports.contains(0) && v.protocol != transport::icmp && v.protocol != transport::gre)
            fail(at("servers", i, "ports"), to_string(v.ports), "0 is not a port", "start at 1");
        for (std::size_t j = 0; j < i; ++j) {
            const auto& w = s.servers[j];
            if (v.protocol == w.protocol && !(v.addresses & w.addresses).empty() &&
                !(v.ports & w.ports).empty())
                fail(at("servers", i), v.name, "shares endpoints with server set " + w.name,
                     "give each endpoint to one set");
        }
    }

    void router(std::size_t i) {
        const auto& n = s.nats[i];
        if (n.inside.empty())
            fail(at("nats", i, "inside"), "", "a NAT needs clients inside", "add inside: [...]");
        std::set<std::string> may = client_names;
        for (const auto& other : s.nats) may.insert(other.name);
        references(at("nats", i, "inside"), n.inside, may, "client set or NAT");
        for (std::size_t k = 0; k < n.inside.size(); ++k) {
            const std::string here = at("nats", i, "inside") + "[" + std::to_string(k) + "]";
            if (n.inside[k] == n.name) fail(here, n.name, "a NAT can't be inside itself");
            if (!placed.insert(n.inside[k]).second && client_names.count(n.inside[k]) == 0)
                fail(here, n.inside[k], "is inside another NAT already",
                     "let a NAT have one way out (client sets may be spread over several)");
            for (const auto& c : s.clients)
                if (c.name == n.inside[k]) {
                    pool_against(i, c.addresses, "the clients' own addresses (" + c.name + ")");
                    families(i, c);
                }
            for (const auto& m : s.nats)
                if (m.name == n.inside[k]) inner_nat(i, m);
        }
        if (n.external_ip_address_pool.empty())
            fail(at("nats", i, "external-ip-address-pool"), "", "addresses are wanted");
        if (n.nat64_prefixes) nat64_prefixes(*n.nat64_prefixes, at("nats", i, "nat64-prefixes"));
        if (n.port_set_restrict)
            restriction(*n.port_set_restrict, at("nats", i, "port-set-restrict"));
        if (n.static_mappings) static_mappings(n, at("nats", i, "static-mappings"));
        if (n.mapping_limits.limit_subscribers)
            not_yet(at("nats", i, "mapping-limits.limit-subscribers"));
        if (n.design.pool.paired) not_yet(at("nats", i, "design.pool.paired"));
        if (n.rate_limits) rates(*n.rate_limits, at("nats", i, "rate-limits"));
        if (n.connection_limits.limit_per_instance == std::uint64_t{0})
            fail(at("nats", i, "connection-limits.limit-per-instance"), "0",
                 "a limit of 0 admits nothing", "leave it out for no limit");
        if (n.connection_limits.limit_per_subscriber == std::uint64_t{0})
            fail(at("nats", i, "connection-limits.limit-per-subscriber"), "0",
                 "a limit of 0 admits nothing", "leave it out for no limit");
        if (n.mapping_limits.limit_port_mappings == std::uint64_t{0})
            fail(at("nats", i, "mapping-limits.limit-port-mappings"), "0",
                 "a limit of 0 admits nothing", "leave it out for no limit");
        validate(n.design, at("nats", i, "design"));
        if (n.port_set && n.static_mappings)
            fail(at("nats", i, "port-set"), "",
                 "port sets with static mappings are not modelled yet");
        if (n.port_set) validate_port_sets(s, i);
        const auto causes = json_io::names<close_cause>();
        for (const auto& [key, value] : n.timers)
            if (std::find(causes.begin(), causes.end(), key) == causes.end())
                json_io::unknown_name(key, causes, at("nats", i, "timers") + "." + key,
                                      "cause of close");
    }

    // Each lies on the pool, none is named twice, and something is left to give.
    static void static_mappings(const nat& n, const std::string& list) {
        const auto& pool = n.external_ip_address_pool;
        const auto& all = *n.static_mappings;
        const auto on = [&](const static_mapping& m) {
            return m.external_src_address.empty() ? pool : m.external_src_address;
        };
        for (std::size_t k = 0; k < all.size(); ++k) {
            const std::string here = list + "[" + std::to_string(k) + "]";
            const auto& m = all[k];
            if (m.external_src_port.empty())
                fail(here + ".external-src-port", "", "the ports that it keeps are wanted",
                     "add external-src-port: 443");
            if (const auto outside = m.external_src_address - pool; !outside.empty())
                fail(here + ".external-src-address", to_string(outside),
                     "is no address of the pool (" + to_string(pool) + ")");
            for (std::size_t j = 0; j < k; ++j) {
                const auto& o = all[j];
                const bool apart = m.transport_protocol && o.transport_protocol &&
                                   *m.transport_protocol != *o.transport_protocol;
                const auto where = on(m) & on(o);
                const auto ports = m.external_src_port & o.external_src_port;
                if (!apart && !where.empty() && !ports.empty())
                    fail(here, to_string(where) + ":" + to_string(ports),
                         "is kept by " + list + "[" + std::to_string(j) + "] already",
                         "name each endpoint once");
            }
        }
        const hole_list holes(n, true);
        const auto parts = holes.alike();
        for (const auto protocol : {transport::tcp, transport::udp, transport::icmp,
                                    transport::sctp, transport::dccp, transport::gre})
            if (std::all_of(parts.begin(), parts.end(), [&](const address_set& a) {
                    return (all_ports() - holes.at(protocol, a.at(0)) - port_set(0, 0)).empty();
                }))
                fail(list, "",
                     "nothing is left to give: every port of every address of the pool is kept",
                     "leave some out");
    }

    static void not_yet(const std::string& path) { fail(path, "", "is not modelled yet"); }

    static void restriction(const port_restriction& r, const std::string& here) {
        const bool range = r.start_port_number || r.end_port_number;
        const bool psid = r.psid_offset || r.psid_len || r.psid;
        if (range == psid)
            fail(here, "", "a range of ports or a PSID is wanted",
                 "give start-port-number and end-port-number, or psid-offset, psid-len and psid");
        if (psid) return psid_rules(r, here);
        if (!r.start_port_number)
            fail(here + ".start-port-number", "", "both ends of the range are wanted");
        if (!r.end_port_number)
            fail(here + ".end-port-number", "", "both ends of the range are wanted");
        if (*r.start_port_number == 0)
            fail(here + ".start-port-number", "0", "0 is not a port", "start at 1");
        if (*r.end_port_number >= port_count)
            fail(here + ".end-port-number", std::to_string(*r.end_port_number),
                 "a port is at most 65535");
        if (*r.end_port_number < *r.start_port_number)
            fail(here,
                 std::to_string(*r.start_port_number) + "-" + std::to_string(*r.end_port_number),
                 "the range is reversed", "swap the two numbers");
    }

    // RFC 7597, 5.1: offset bits, then the PSID, then the rest; offset bits that are all 0 are left
    // out, so that the ports below 2^(16 - offset) stay free.
    static void psid_rules(const port_restriction& r, const std::string& here) {
        if (!r.psid_len) fail(here + ".psid-len", "", "a PSID has a length", "add psid-len: 8");
        if (!r.psid) fail(here + ".psid", "", "the PSID itself is wanted", "add psid: 0");
        // each by itself too: their sum may wrap
        if (r.psid_offset.value_or(6) > 16 || *r.psid_len > 16 ||
            r.psid_offset.value_or(6) + *r.psid_len > 16)
            fail(here + ".psid-len", std::to_string(*r.psid_len),
                 "offset and length are at most 16 bits together");
        if (*r.psid >> *r.psid_len != 0)
            fail(here + ".psid", std::to_string(*r.psid),
                 "is wider than psid-len: " + std::to_string(*r.psid_len) + " bits");
    }

    void inner_nat(std::size_t i, const nat& m) {
        const auto &pool = s.nats[i].external_ip_address_pool, &own = m.external_ip_address_pool;
        pool_against(i, own, "the pool of the NAT inside, " + m.name);
        if (!pool.empty() && !own.empty() &&
            is_ipv4(pool.parts().front().first) != is_ipv4(own.parts().front().first))
            fail(at("nats", i, "external-ip-address-pool"), to_string(pool),
                 "is of another address family than the pool of " + m.name,
                 "only clients themselves can be translated to IPv4 (NAT64)");
        if (m.static_mappings)
            fail(at("nats", i, "inside"), m.name,
                 "has static mappings and is inside another NAT: that is not modelled yet");
    }

    void pool_against(std::size_t i, const address_set& own, const std::string& what) {
        const auto& pool = s.nats[i].external_ip_address_pool;
        const std::string here = at("nats", i, "external-ip-address-pool");
        if (pool.empty() || own.empty()) return;
        if (const auto both = pool & own; !both.empty())
            fail(here, to_string(pool), "overlaps " + what + " in " + to_string(both));
    }

    // A NAT translates within a family, or from IPv6 to IPv4 (NAT64): its clients' servers are of
    // its pool's family.
    void families(std::size_t i, const client_set& c) {
        const auto& pool = s.nats[i].external_ip_address_pool;
        const std::string here = at("nats", i, "external-ip-address-pool");
        if (pool.empty()) return;
        const bool v4 = is_ipv4(pool.parts().front().first);
        if (v4 != is_ipv4(pool.parts().back().last))
            fail(here, to_string(pool), "mixes IPv4 and IPv6", "write a NAT for each family");
        const bool inner_v4 = is_ipv4(c.addresses.parts().front().first);
        if (inner_v4 && !v4)
            fail(here, to_string(pool), "is IPv6, and client set " + c.name + " is IPv4",
                 "only IPv6 clients can be translated to the other family (NAT64)");
        for (const auto& v : s.servers) {
            if (!c.reaches.empty() &&
                std::find(c.reaches.begin(), c.reaches.end(), v.name) == c.reaches.end())
                continue;
            for (const auto a :
                 {v.addresses.parts().front().first, v.addresses.parts().back().last})
                if (is_ipv4(a) != v4)
                    fail(here, to_string(pool),
                         "is of another address family than server set " + v.name + ", which " +
                             c.name + " reaches through it",
                         "say in reaches what " + c.name +
                             " connects to; for NAT64, write the servers' IPv4 addresses");
        }
        const auto& prefixes = s.nats[i].nat64_prefixes;
        if (prefixes && !prefixes->empty() && (inner_v4 || !v4))
            fail(at("nats", i, "nat64-prefixes"), to_string(*prefixes),
                 "goes with IPv6 clients and an IPv4 pool");
    }

    // RFC 6052, 2.2.
    static void nat64_prefixes(const address_set& all, const std::string& here) {
        if (all.empty()) fail(here, "", "a prefix is wanted", "the well-known one is 64:ff9b::/96");
        for (const auto& part : all.parts()) {
            bool good = !is_ipv4(part.first);
            bool length = false;
            for (const unsigned bits : {32U, 40U, 48U, 56U, 64U, 96U}) {
                const u128 rest = (u128{1} << (128 - bits)) - 1;
                length = length || ((part.first & rest) == 0 && part.last - part.first == rest);
            }
            good = good && length;
            if (!good)
                fail(here, to_string(address_set(part.first, part.last)),
                     "an IPv6 prefix of length 32, 40, 48, 56, 64 or 96 is wanted",
                     "the well-known one is 64:ff9b::/96");
        }
    }

    // From a NAT outwards no NAT comes twice.
    void behind_itself(std::size_t i, const std::vector<std::size_t>& outer) {
        std::string way = s.nats[i].name;
        std::size_t n = outer[i];
        // a ring further out has its own message
        for (std::size_t steps = 0; n < s.nats.size() && steps < s.nats.size(); ++steps) {
            way += " in " + s.nats[n].name;
            if (n == i)
                fail(at("nats", i, "inside"), s.nats[i].name, "is behind itself: " + way,
                     "let the outermost NAT be inside none");
            n = outer[n];
        }
    }

    static void rates(const rate_limits& r, const std::string& here) {
        if (!r.connections)
            fail(here + ".connections", "", "new connections a second are wanted",
                 "add connections: 1000/s");
        if (!(r.connections->per_second > 0 && r.connections->per_second <= most_per_second))
            fail(here + ".connections", to_string(*r.connections),
                 "a rate above 0 and at most 1e12/s is wanted");
        if (r.connections_burst == std::uint64_t{0})
            fail(here + ".connections-burst", "0", "a burst of 0 admits nothing", "leave it out");
    }

    void traffic(std::size_t i) {
        const auto& t = s.traffic[i];
        const std::string here = at("traffic", i);
        if (t.from.empty()) fail(here + ".from", "", "a traffic entry needs clients");
        if (t.to.empty()) fail(here + ".to", "", "a traffic entry needs servers");
        references(here + ".from", t.from, client_names, "client set");
        references(here + ".to", t.to, server_names, "server set");
        for (const auto& c : s.clients)
            for (const auto& to : t.to)
                if (std::find(t.from.begin(), t.from.end(), c.name) != t.from.end() &&
                    !c.reaches.empty() &&
                    std::find(c.reaches.begin(), c.reaches.end(), to) == c.reaches.end())
                    fail(here + ".to", to, "client set " + c.name + " does not reach it",
                         "add it to its reaches");
        if (t.rate && t.rate_per_client)
            fail(here + ".rate-per-client", "", "rate and rate-per-client say the same thing twice",
                 "keep one");
        if (t.hold && t.life) fail(here + ".life", "", "hold contains life", "give one of the two");
        const int given =
            (t.rate || t.rate_per_client ? 1 : 0) + (t.hold || t.life ? 1 : 0) + (t.live ? 1 : 0);
        if (given != 2)
            fail(here, "",
                 given < 2 ? "any two of rate, hold (or life) and live are wanted"
                           : "rate, hold (or life) and live are one too many",
                 "give two; the third follows");
        for (const auto* h : {t.hold ? &*t.hold : nullptr, t.life ? &*t.life : nullptr}) {
            if (!h) continue;
            const std::string field = here + (t.hold ? ".hold" : ".life");
            if (h->law == hold_law::empirical) observed(*h, field);
            if (!(h->mean.seconds > 0)) fail(field, to_string(h->mean), "a time above 0 is wanted");
            if (h->mean.seconds > most_seconds)
                fail(field, to_string(h->mean), "a time is at most 1e9s (32 years)");
            if ((h->law == hold_law::lognormal) != h->cv.has_value())
                fail(field + ".cv", "", "cv goes with law: lognormal, and lognormal needs it");
            if (h->law != hold_law::empirical && (!h->samples.empty() || !h->weights.empty()))
                fail(field + (h->samples.empty() ? ".weights" : ".samples"), "",
                     "samples and their weights go with law: empirical", "add law: empirical");
        }
        if (t.live && !(*t.live > 0))
            fail(here + ".live", shortest(*t.live), "a number above 0 is wanted");
        if (t.live && *t.live > most_live)
            fail(here + ".live", shortest(*t.live), "a load is at most 1e15 connections");
        for (const auto& r : {t.rate, t.rate_per_client}) {
            if (!r) continue;
            const std::string field = here + (t.rate ? ".rate" : ".rate-per-client");
            if (!(r->per_second > 0))
                fail(field, to_string(*r), "a rate above 0 is wanted",
                     "leave the entry out for no traffic");
            if (r->per_second > most_per_second)
                fail(field, to_string(*r), "a rate is at most 1e12/s");
        }
        if (t.ends &&
            std::fabs(t.ends->fin.value + t.ends->rst.value + t.ends->silence.value - 1) > 1e-9)
            fail(here + ".ends", "", "the shares must add up to 100%");
        if (t.ends && t.hold)
            fail(here + ".ends", "", "a hold contains what is kept after the close",
                 "give life instead");
        if (t.zipf && !t.weights.empty())
            fail(here + ".zipf", shortest(*t.zipf), "zipf and weights exclude one another");
        if (t.top_share && (t.zipf || !t.weights.empty()))
            fail(here + ".top-share", to_string(*t.top_share),
                 "says with zipf or weights the same thing twice", "keep one");
        if (t.top_share) top_share(t, here + ".top-share");
        if (t.arrivals) arrivals(*t.arrivals, here + ".arrivals");
        if (!t.weights.empty()) {
            count endpoints = 0;
            double sum = 0;
            for (const auto& v : s.servers)
                if (std::find(t.to.begin(), t.to.end(), v.name) != t.to.end())
                    endpoints += v.addresses.size() * v.ports.size();
            if (endpoints != t.weights.size())
                fail(here + ".weights", std::to_string(t.weights.size()) + " weights",
                     "one weight a destination endpoint is wanted, and there are " +
                         endpoints.str());
            for (const double w : t.weights) sum += w;
            if (!(sum > 0)) fail(here + ".weights", "", "at least one weight above 0 is wanted");
        }
    }

    void top_share(const traffic_entry& t, const std::string& here) const {
        count endpoints = 0;
        for (const auto& v : s.servers)
            if (std::find(t.to.begin(), t.to.end(), v.name) != t.to.end())
                endpoints += v.addresses.size() * v.ports.size();
        const double even = 1 / static_cast<double>(endpoints);
        if (t.top_share->least.value < even * (1 - 1e-9))
            fail(here, to_string(*t.top_share),
                 "the busiest of " + endpoints.str() + " endpoints has at least an even share, " +
                     to_string(share{even}));
    }

    static void arrivals(const arrival_rule& a, const std::string& here) {
        const bool batches = a.law == arrival_law::batches, on_off = a.law == arrival_law::on_off;
        if (a.mean_batch.has_value() != batches)
            fail(here + ".mean-batch", a.mean_batch ? shortest(*a.mean_batch) : "",
                 "mean-batch goes with law: batches, and batches need it",
                 batches ? "add mean-batch: 4" : "add law: batches, or leave mean-batch out");
        if (batches && !(*a.mean_batch >= 1 && *a.mean_batch <= most_batch))
            fail(here + ".mean-batch", shortest(*a.mean_batch),
                 "a batch has 1 to 65,536 connections on average");
        for (const auto& [time, name] : {std::pair{a.on, ".on"}, std::pair{a.off, ".off"}}) {
            if (time.has_value() != on_off)
                fail(here + name, time ? to_string(*time) : "",
                     "on and off go with law: on-off, which needs both",
                     on_off ? "add on: 10s, off: 50s" : "add law: on-off, or leave it out");
            if (on_off && !(time->seconds > 0 && time->seconds <= most_seconds))
                fail(here + name, to_string(*time), "a time above 0 and at most 1e9s is wanted");
        }
    }

    // Times that were measured. Some may be 0 (a log rounds them), not all.
    static void observed(const hold_time& h, const std::string& field) {
        if (h.samples.empty())
            fail(field + ".samples", "", "law: empirical needs the times that were measured",
                 "add samples: [12s, 40s, 2min]");
        if (h.samples.size() > most_samples)
            fail(field + ".samples", std::to_string(h.samples.size()) + " times",
                 "at most 65,536 are read", "draw some of them, or give quantiles as samples");
        for (std::size_t i = 0; i < h.samples.size(); ++i)
            if (!(h.samples[i].seconds >= 0 && h.samples[i].seconds <= most_seconds))
                fail(field + ".samples[" + std::to_string(i) + "]", to_string(h.samples[i]),
                     "a time is at least 0s and at most 1e9s (32 years)");
        if (!h.weights.empty() && h.weights.size() != h.samples.size())
            fail(
                field + ".weights", std::to_string(h.weights.size()) + " weights",
                "one weight a sample is wanted, and there are " + std::to_string(h.samples.size()));
        double sum = h.weights.empty() ? 1 : 0;
        for (std::size_t i = 0; i < h.weights.size(); ++i) {
            if (!(h.weights[i] >= 0 && h.weights[i] <= most_weight))
                fail(field + ".weights[" + std::to_string(i) + "]", shortest(h.weights[i]),
                     "a weight is at least 0 and at most 1e15");
            sum += h.weights[i];
        }
        if (!(sum > 0)) fail(field + ".weights", "", "at least one weight above 0 is wanted");
        const double mean = mean_of_samples(h);
        if (!(mean > 0)) fail(field + ".samples", "", "at least one time above 0 is wanted");
        if (std::fabs(h.mean.seconds - mean) > 1e-9 * mean)
            fail(field + ".mean", to_string(h.mean),
                 "the mean of the samples is " + to_string(duration{mean}),
                 "leave mean out, or scale the samples");
    }

    const scenario& s;
    std::set<std::string> names, client_names, server_names, placed;
};

// `to: unknown` where no server set has that name: one is made, of so many endpoints that all but
// the busiest hardly matter.
void stand_in(bj::value& value) {
    constexpr const char* unknown = "unknown";
    const auto* all = value.if_object();
    if (!all || !all->contains("traffic") || !all->at("traffic").is_array()) return;
    const bj::array* servers = all->contains("servers") ? all->at("servers").if_array() : nullptr;
    if (all->contains("servers") && !servers) return;
    if (servers)
        for (const auto& v : *servers)
            if (v.is_object() && v.get_object().contains("name") &&
                v.get_object().at("name") == unknown)
                return;
    bool wanted = false;
    std::size_t i = 0;
    for (const auto& t : all->at("traffic").get_array()) {
        const std::string here = at("traffic", i++);
        if (!t.is_object() || !t.get_object().contains("to")) continue;
        const auto& to = t.get_object().at("to");
        const auto* list = to.if_array();
        if (list && list->size() > 1 &&
            std::find(list->begin(), list->end(), unknown) != list->end())
            fail(here + ".to", unknown, "stands for all destinations of an entry",
                 "give it an entry of its own");
        if (to != unknown && !(list && list->size() == 1 && list->front() == unknown)) continue;
        wanted = true;
        if (!t.get_object().contains("top-share"))
            fail(here + ".top-share", "",
                 "to: unknown wants a guess at the share of the busiest destination",
                 "add top-share: 10%-100%");
    }
    if (!wanted) return;
    // of the family that a NAT leads to, else of the clients'
    bool v6 = all->contains("clients") &&
              bj::serialize(all->at("clients")).find("::") != std::string::npos;
    if (const auto* nats = all->contains("nats") ? all->at("nats").if_array() : nullptr)
        for (const auto& n : *nats)
            if (const auto* o = n.if_object(); o && o->contains("external-ip-address-pool"))
                v6 = v6 && bj::serialize(o->at("external-ip-address-pool")).find(':') !=
                               std::string::npos;
    if (!servers) value.get_object()["servers"] = bj::array{};
    value.get_object()["servers"].get_array().push_back(
        bj::object{{"name", unknown},
                   {"addresses", v6 ? "2001:db8:ffff::/118" : "198.18.0.0/22"},
                   {"ports", 443}});
}

}  // namespace

boost::json::value merge_patch(boost::json::value target, const boost::json::value& patch) {
    if (!patch.is_object()) return patch;
    if (!target.is_object()) target = bj::object{};
    for (const auto& [key, value] : patch.get_object()) {
        if (value.is_null())
            target.get_object().erase(key);
        else
            target.get_object()[key] = merge_patch(target.get_object()[key], value);
    }
    return target;
}

port_set port_restriction::ports() const {
    if (start_port_number && end_port_number) return {*start_port_number, *end_port_number};
    const unsigned offset = psid_offset.value_or(6), rest = 16 - offset - psid_len.value_or(0);
    port_set out;
    for (port high = offset == 0 ? 0 : 1; high < (port{1} << offset); ++high) {
        const port first = ((high << psid_len.value_or(0)) | psid.value_or(0)) << rest;
        out = out | port_set(first, first + (port{1} << rest) - 1);
    }
    return out - port_set(0, 0);
}

double nat::timer(close_cause cause) const {
    const std::string key = json_io::name_of(cause);
    if (const auto it = timers.find(key); it != timers.end()) return it->second.seconds;
    if (const auto it = design.timers.find(key); it != design.timers.end())
        return it->second.seconds;
    return 0;
}

double mean_of_samples(const hold_time& h) {
    double sum = 0, all = 0;
    for (std::size_t i = 0; i < h.samples.size(); ++i) {
        const double weight = h.weights.empty() ? 1 : h.weights[i];
        sum += weight * h.samples[i].seconds;
        all += weight;
    }
    return sum / all;
}

void validate(const scenario& s) { checker(s).run(); }

namespace {

// An empirical law needs no mean; what can't have one is for validate to say.
void fill_mean(std::optional<hold_time>& h) {
    if (!h || h->law != hold_law::empirical || h->mean.seconds != 0 || h->samples.empty()) return;
    if (!h->weights.empty() && h->weights.size() != h->samples.size()) return;
    const double mean = mean_of_samples(*h);
    if (std::isfinite(mean)) h->mean.seconds = mean;
}

}  // namespace

scenario parse_scenario(std::string_view json) {
    boost::system::error_code ec;
    bj::value value = bj::parse(json, ec);
    if (ec) throw input_error("", "", "not JSON: " + ec.message());
    if (value.is_object() && value.get_object().contains("nats") &&
        value.get_object()["nats"].is_array()) {
        std::size_t i = 0;
        for (auto& n : value.get_object()["nats"].get_array()) {
            if (n.is_object() && n.get_object().contains("design"))
                resolve_design(n.get_object()["design"], at("nats", i, "design"));
            else if (n.is_object())
                fail(at("nats", i, "design"), "", "a design is wanted",
                     "add design: linux-masquerade (natbound design list shows all)");
            ++i;
        }
    }
    stand_in(value);
    scenario s;
    json_io::read(value, "", s);
    for (auto& t : s.traffic) {
        fill_mean(t.hold);
        fill_mean(t.life);
        if (t.arrivals && t.arrivals->law == arrival_law::poisson && !t.arrivals->mean_batch &&
            !t.arrivals->on && !t.arrivals->off)
            t.arrivals.reset();  // one way to say it
    }
    validate(s);
    return s;
}

std::string to_json(const scenario& s) { return bj::serialize(json_io::write(s)); }

}  // namespace natbound
