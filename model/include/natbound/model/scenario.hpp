#pragma once
// A scenario: who connects through what to whom, and how often. It names sets, never lists of
// hosts, so its size does not grow with theirs.
#include <array>
#include <boost/describe.hpp>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "natbound/model/address.hpp"
#include "natbound/model/design.hpp"

namespace natbound {

BOOST_DEFINE_ENUM_CLASS(transport, tcp, udp, icmp, sctp, dccp, gre)
inline constexpr std::array all_transports{transport::tcp,  transport::udp,  transport::icmp,
                                           transport::sctp, transport::dccp, transport::gre};

// How a client picks its own port: any free one, the next one, or as Linux does (every second one
// from a start that depends on the destination).
BOOST_DEFINE_ENUM_CLASS(source_port_law, uniform, sequential, linux)

struct source_port_rule {
    source_port_law law = source_port_law::uniform;
};

struct client_set {
    std::string name;
    address_set addresses;
    port_set ports = {1024, 65535};
    std::vector<std::string> reaches;  // servers it may connect to; empty: all
    source_port_rule source_ports;
    // After a close of its own a TCP client keeps the socket for so long (TIME-WAIT, RFC 9293). Not
    // said: as long as a NAT on the way keeps its entry.
    std::optional<duration> time_wait = {};
};

// What the servers themselves hold: connections of one endpoint, of one address.
struct server_limits {
    std::optional<std::uint64_t> limit_per_endpoint, limit_per_address;
};

// listen(2): connections that are made and not yet accepted wait here, at most `backlog` of them
// (Linux: and one more); the server accepts so many a second.
struct listen_queue {
    std::optional<std::uint64_t> backlog;
    std::optional<rate> accepts;
};

// Where a destination NAT (a load balancer) in front of the servers sends the connections: any of
// these endpoints, which tells them apart by their source alone.
struct backend_set {
    address_set addresses;
    port_set ports;
};

struct server_set {
    std::string name;
    address_set addresses;
    port_set ports;
    transport protocol = transport::tcp;
    std::optional<server_limits> connection_limits;
    std::optional<backend_set> backends;
    // After a close of its own the server keeps the connection's tuple for so long.
    std::optional<duration> time_wait = {};
    std::optional<listen_queue> listen = {};
};

bool reaches(const client_set& c, const server_set& v);

// RFC 8512's names: a range, or the set of RFC 7597 that an offset, a length and a number make.
struct port_restriction {
    std::optional<port> start_port_number, end_port_number;
    std::optional<unsigned> psid_offset = {}, psid_len = {}, psid = {};

    port_set ports() const;
};
// External endpoints that a static mapping keeps, so that the allocator never gives them. No
// address: on each of the pool; no protocol: for all.
struct static_mapping {
    address_set external_src_address;
    port_set external_src_port;
    std::optional<transport> transport_protocol;
};
// RFC 7422, 2: the ports that deterministic sets leave over, dealt out on demand.
struct dynamic_port_sets {
    std::uint64_t address_pool_factor = 1;  // D: deterministic sets of an address that become these
    std::uint64_t port_set_size = 0;
    std::uint64_t port_sets_per_subscriber = 1;
};
// Ports are dealt to a subscriber (one client address) in sets of so many consecutive ones.
struct subscriber_port_sets {
    std::uint64_t port_set_size = 0;
    std::uint64_t port_sets_per_subscriber = 1;
    bool deterministic = false;  // RFC 7422: by arithmetic, one set a client address, for ever
    std::optional<dynamic_port_sets> dynamic;
};
// RFC 8512. Where all that a NAT carries is of one protocol its limit is that of all
// (parse_scenario makes it so, the smaller of the two); else it is a gate (gates.hpp).
struct protocol_limit {
    transport protocol_id = transport::tcp;
    std::uint64_t limit = 0;
};
// How many there are of each protocol.
using protocol_counts = std::array<std::uint64_t, all_transports.size()>;
struct connection_limits {
    // Whether so many live are as many of this protocol as there may be.
    bool full(transport protocol, const protocol_counts& live) const {
        if (!limit_per_protocol) return false;
        for (const auto& one : *limit_per_protocol)
            if (one.protocol_id == protocol)
                return live[static_cast<std::size_t>(protocol)] >= one.limit;
        return false;
    }

    std::optional<std::uint64_t> limit_per_subscriber;  // a subscriber is one client address
    std::optional<std::uint64_t> limit_per_instance;
    std::optional<std::vector<protocol_limit>> limit_per_protocol = {};
};
struct mapping_limits {
    std::optional<std::uint64_t> limit_port_mappings;
    std::optional<std::uint64_t> limit_subscribers;  // client addresses with a mapping
    std::optional<std::vector<protocol_limit>> limit_per_protocol = {};
};

// New connections, and packets, a second at most, as a processor or a policer lets them through: a
// token bucket that holds as many as the burst (none: one second's).
struct rate_limits {
    std::optional<rate> connections;
    std::optional<std::uint64_t> connections_burst;
    std::optional<rate> packets;  // of both directions
    std::optional<std::uint64_t> packets_burst;
};

// What the entries of the flow table have, and what one takes. parse_scenario makes the limit per
// instance of it (the smaller of the two).
struct memory_limit {
    std::optional<byte_count> total, per_entry;

    std::optional<std::uint64_t> entries() const;
};

// Where the limits of a NAT come from: a device, and for each number what its maker says, and
// where. The numbers themselves are then the NAT's own.
struct profile_source {
    std::string field, says, link;
};
struct device_profile {
    std::string name, summary;
    std::vector<profile_source> sources;
};

// Worker threads: each has a slice of the ports (of every class of ports, so many consecutive ones
// from the lowest on), clients of its own, by this hash of their address, and limits of its own.
struct worker_threads {
    std::uint64_t count = 1;
    std::string hash;  // a name of hash.hpp; none: even runs of each client set's addresses
};

struct nat {
    std::string name;
    std::vector<std::string> inside;
    address_set external_ip_address_pool;
    std::optional<bool> translates;  // false: a stateful firewall, without a pool
    std::optional<port_restriction> port_set_restrict;
    std::optional<subscriber_port_sets> port_set;
    std::optional<worker_threads> workers;
    std::optional<std::vector<static_mapping>> static_mappings;
    // Under which the clients (IPv6) see the servers (IPv4); it changes no count.
    std::optional<address_set> nat64_prefixes;
    natbound::design design;
    natbound::connection_limits connection_limits;
    natbound::mapping_limits mapping_limits;
    std::optional<natbound::rate_limits> rate_limits;
    std::optional<memory_limit> memory;
    std::optional<device_profile> profile;
    std::map<std::string, duration> timers;  // override the design's

    // The design's timer, unless the NAT sets its own; 0 where neither says.
    double timer(close_cause cause) const;
};

inline bool translates(const nat& n) { return n.translates.value_or(true); }

// gamma: by mean and cv. mixture: of exponentials. histogram: even within each bin.
BOOST_DEFINE_ENUM_CLASS(hold_law, exponential, constant, lognormal, gamma, mixture, histogram,
                        empirical)

struct hold_time {
    std::optional<hold_law> law;         // left out: that of what is listed, else exponential
    duration mean;                       // of what is listed: parse_scenario fills it in
    std::optional<double> cv;            // lognormal, gamma: standard deviation over mean
    std::vector<duration> samples = {};  // empirical: each as likely, or by its weight
    std::vector<duration> means = {};    // mixture: the same
    std::vector<duration> edges = {};    // histogram: a bin between each two
    std::vector<double> weights = {};
};

// The law as given, or empirical, mixture or histogram by what is listed, else exponential.
hold_law law_of(const hold_time& h);
// The times that a law lists: samples, means, or the bins' middles; none where it lists none.
std::vector<double> listed(const hold_time& h);
// Their mean by their weights, of which one is above 0.
double mean_of_listed(const hold_time& h);

// Shares of flows by how they end; what is missing to 1 ends by FIN (UDP: by falling silent).
struct endings {
    share fin{1}, rst, silence;
};

// How connections come: one by one (Poisson); in batches that come by a Poisson process, of
// geometric sizes; by a Poisson process that is on and off in turn, for exponential times; or by
// one whose rate follows a Markov chain of states (MMPP).
BOOST_DEFINE_ENUM_CLASS(arrival_law, poisson, batches, on_off, mmpp)

// A state of the world: how many connections a second, beside those of the other states; how long
// on average; and which follows, by weight (none: the next in the list, after the last the first).
struct arrival_state {
    double weight = 0;
    duration mean;
    std::vector<double> next = {};
};

struct arrival_rule {
    arrival_law law = arrival_law::poisson;
    std::optional<double> mean_batch;        // batches: connections
    std::optional<duration> on, off;         // on-off: mean times
    std::vector<arrival_state> states = {};  // mmpp
};

struct traffic_entry {
    std::vector<std::string> from, to;
    std::optional<natbound::rate> rate;  // of the whole entry
    std::optional<natbound::rate> rate_per_client;
    std::optional<hold_time> hold;  // how long a tuple is occupied
    std::optional<hold_time>
        life;  // how long the users see the connection; the NAT's timers are added
    std::optional<double> live;  // mean number live
    std::optional<endings> ends;
    // Of what ends by FIN, what the client closes first: its end keeps TIME-WAIT. None: all.
    std::optional<share> client_closes;
    std::optional<double>
        zipf;  // exponent over the entry's destination endpoints, in the order given
    std::vector<double> weights;  // one a destination endpoint
    // Of the busiest destination endpoint, the first; the others have even shares of the rest.
    std::optional<share_range> top_share;
    std::optional<arrival_rule> arrivals;  // none: Poisson
    std::optional<double> packets;         // of a connection on average, both directions
};

struct scenario {
    std::string description;
    std::vector<client_set> clients;
    std::vector<nat> nats;
    std::vector<server_set> servers;
    std::vector<traffic_entry> traffic;
    // As it was read, where parse_scenario wrote NATs out worker by worker; and what those, and the
    // parts of their client sets, are called there.
    std::shared_ptr<const scenario> given = {};
    std::map<std::string, std::string> given_names = {};
};

BOOST_DESCRIBE_STRUCT(source_port_rule, (), (law))
BOOST_DESCRIBE_STRUCT(client_set, (), (name, addresses, ports, reaches, source_ports, time_wait))
BOOST_DESCRIBE_STRUCT(server_limits, (), (limit_per_endpoint, limit_per_address))
BOOST_DESCRIBE_STRUCT(backend_set, (), (addresses, ports))
BOOST_DESCRIBE_STRUCT(server_set, (),
                      (name, addresses, ports, protocol, connection_limits, backends, time_wait,
                       listen))
BOOST_DESCRIBE_STRUCT(listen_queue, (), (backlog, accepts))
BOOST_DESCRIBE_STRUCT(port_restriction, (),
                      (start_port_number, end_port_number, psid_offset, psid_len, psid))
BOOST_DESCRIBE_STRUCT(static_mapping, (),
                      (external_src_address, external_src_port, transport_protocol))
BOOST_DESCRIBE_STRUCT(dynamic_port_sets, (),
                      (address_pool_factor, port_set_size, port_sets_per_subscriber))
BOOST_DESCRIBE_STRUCT(subscriber_port_sets, (),
                      (port_set_size, port_sets_per_subscriber, deterministic, dynamic))
BOOST_DESCRIBE_STRUCT(protocol_limit, (), (protocol_id, limit))
BOOST_DESCRIBE_STRUCT(connection_limits, (),
                      (limit_per_subscriber, limit_per_instance, limit_per_protocol))
BOOST_DESCRIBE_STRUCT(mapping_limits, (),
                      (limit_port_mappings, limit_subscribers, limit_per_protocol))
BOOST_DESCRIBE_STRUCT(rate_limits, (), (connections, connections_burst, packets, packets_burst))
BOOST_DESCRIBE_STRUCT(memory_limit, (), (total, per_entry))
BOOST_DESCRIBE_STRUCT(profile_source, (), (field, says, link))
BOOST_DESCRIBE_STRUCT(device_profile, (), (name, summary, sources))
BOOST_DESCRIBE_STRUCT(worker_threads, (), (count, hash))
BOOST_DESCRIBE_STRUCT(nat, (),
                      (name, inside, external_ip_address_pool, translates, port_set_restrict,
                       port_set, workers, static_mappings, nat64_prefixes, design,
                       connection_limits, mapping_limits, rate_limits, memory, profile, timers))
BOOST_DESCRIBE_STRUCT(hold_time, (), (law, mean, cv, samples, means, edges, weights))
BOOST_DESCRIBE_STRUCT(endings, (), (fin, rst, silence))
BOOST_DESCRIBE_STRUCT(arrival_state, (), (weight, mean, next))
BOOST_DESCRIBE_STRUCT(arrival_rule, (), (law, mean_batch, on, off, states))
BOOST_DESCRIBE_STRUCT(traffic_entry, (),
                      (from, to, rate, rate_per_client, hold, life, live, ends, client_closes, zipf,
                       weights, top_share, arrivals, packets))
BOOST_DESCRIBE_STRUCT(scenario, (), (description, clients, nats, servers, traffic))

// Reads a scenario in JSON (the same shape as the YAML of the manual) and checks every rule; throws
// input_error with the field's path. A design given by name is looked up in the catalogue; `{base:
// NAME, ...}` is a merge patch (RFC 7396) on it.
scenario parse_scenario(std::string_view json);

// The canonical form of what was read: every default and the whole design written out, sets in
// ascending order. parse_scenario reads it back to the same value.
std::string to_json(const scenario& s);

design parse_design(std::string_view json);
std::string to_json(const design& d);

void validate(const scenario& s);

// The catalogue of device profiles (model/profiles/*.json), each as its JSON text: name, summary,
// limits (fields of a NAT) and sources.
std::vector<std::string> device_profiles();

// JSON Schema (2020-12) of a scenario or a design, for editors; made from the same descriptions as
// the reader.
std::string scenario_schema();
std::string design_schema();

}  // namespace natbound
