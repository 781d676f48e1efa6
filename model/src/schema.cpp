// JSON Schema of the two formats, made by walking the same descriptions as the reader, with a
// sentence for each field (also what the manual prints).
#include <map>

#include "natbound/model/json_io.hpp"
#include "natbound/model/scenario.hpp"

namespace natbound {
namespace {

namespace bj = boost::json;

const std::map<std::string, const char*>& sentences() {
    static const std::map<std::string, const char*> all = {
        {"scenario.description", "Free text."},
        {"scenario.clients", "Sets of client machines; no two overlap."},
        {"scenario.nats", "The NATs. A client set inside none is routed untranslated."},
        {"scenario.servers", "Sets of server endpoints."},
        {"scenario.traffic",
         "Who opens how many connections to whom. Left out: Poisson, spread evenly over client "
         "addresses and server endpoints."},
        {"client_set.name", "Unique in the file."},
        {"client_set.addresses",
         "Addresses, prefixes, ranges; a list of them; or {include, minus}."},
        {"client_set.ports", "The source ports that the clients use. Default 1024-65535."},
        {"client_set.reaches", "The server sets that it may connect to. Default: all."},
        {"client_set.source-ports",
         "How a client picks its source port: uniform (default), sequential, linux."},
        {"source_port_rule.law",
         "uniform: any free one; sequential: the next one; linux: every second one from a start "
         "that depends on the destination."},
        {"server_set.name", "Unique in the file."},
        {"server_set.addresses", "As for clients."},
        {"server_set.ports", "The ports that listen."},
        {"server_set.protocol", "tcp unless said."},
        {"server_set.connection-limits", "What the servers themselves hold."},
        {"server_set.backends",
         "A destination NAT stands in front: it sends each connection to any of these endpoints."},
        {"server_limits.limit-per-endpoint", "The most connections of one server endpoint."},
        {"server_limits.limit-per-address", "The most connections of one server address."},
        {"backend_set.addresses", "As for clients."},
        {"backend_set.ports", "The ports that listen there."},
        {"nat.name", "Unique in the file."},
        {"nat.inside", "Client sets whose connections it translates."},
        {"nat.external-ip-address-pool", "Its public addresses (RFC 8512)."},
        {"nat.translates",
         "false: a stateful firewall. It has no pool; it keeps state (connection-limits, "
         "rate-limits, timers) of its clients' connections, which pass as they are."},
        {"nat.port-set-restrict", "The ports it may use (RFC 8512); else the design's own."},
        {"nat.design",
         "A name of the catalogue, {base: NAME, ...} to override axes, a file's path, or a design "
         "written out."},
        {"nat.connection-limits", "RFC 8512."},
        {"nat.mapping-limits", "RFC 8512."},
        {"nat.rate-limits",
         "New connections, and packets, a second at most: what a processor or a policer lets "
         "through. Beside guaranteed and maximum, which count connections; limits of their own in "
         "likely, risk and simulate."},
        {"rate_limits.connections", "New connections of all clients together, as in 1000/s."},
        {"rate_limits.connections-burst",
         "So many more at one moment: the depth of the token bucket. Default: one second's."},
        {"rate_limits.packets",
         "Packets of all connections together, both directions, as in 1000000/s; looked at where "
         "the traffic says how many packets a connection has."},
        {"rate_limits.packets-burst",
         "So many more packets at one moment: a policer's bucket, or a processor's queue. Default: "
         "one second's."},
        {"nat.memory",
         "Memory of the flow table: total / per-entry (rounded down) is a limit-per-instance; the "
         "smaller of both limits holds."},
        {"memory_limit.total", "What all entries have, as in 64MiB."},
        {"memory_limit.per-entry", "What one entry takes, as in 320B. Without total: no limit."},
        {"nat.profile",
         "A device whose published limits fill in what the NAT leaves out: a name (natbound "
         "profile list), a file's path, or one written out."},
        {"device_profile.name", "The device."},
        {"device_profile.summary", "One sentence."},
        {"device_profile.sources", "Where each number comes from."},
        {"profile_source.field", "The NAT's field."},
        {"profile_source.says", "What the source says."},
        {"profile_source.link", "Where."},
        {"nat.timers",
         "How long an entry is kept after its connection's close, by cause (tcp-fin, tcp-rst, "
         "tcp-silence, udp); overrides the design's."},
        {"nat.port-set",
         "Each subscriber (client address) gets ports in sets of consecutive ones (port blocks; "
         "RFC "
         "8512, RFC 7422)."},
        {"nat.static-mappings",
         "External endpoints that are spoken for; the allocator never gives them."},
        {"nat.nat64-prefixes",
         "NAT64 (RFC 6146): the prefixes under which IPv6 clients see the IPv4 servers, /32, /40, "
         "/48, /56, /64 or /96. It changes no count."},
        {"port_restriction.start-port-number", "Lowest port."},
        {"port_restriction.end-port-number", "Highest port."},
        {"port_restriction.psid-offset",
         "RFC 7597: the leading bits that are not all 0. Default 6; 0 for one contiguous range."},
        {"port_restriction.psid-len", "RFC 7597: bits of the port that the PSID takes."},
        {"port_restriction.psid", "RFC 7597: the port set's number."},
        {"subscriber_port_sets.port-set-size",
         "Ports of a set: each run of the permitted ports (port-set-restrict, else the design's "
         "widest "
         "range) is cut into sets of so many from its lowest port on; the rest goes unused."},
        {"subscriber_port_sets.port-sets-per-subscriber",
         "The most sets that one client address may have at a time, dealt as it needs them. "
         "Default "
         "1."},
        {"subscriber_port_sets.deterministic",
         "Each client address has its set for ever, by arithmetic (RFC 7422, sequential): client "
         "number i, in the order of inside and then by address, has set number i, counted through "
         "one external address before the next."},
        {"subscriber_port_sets.dynamic",
         "Beside deterministic sets: the ports of each external address that are no client's own, "
         "which any client takes from when its own set is used up (RFC 7422, 2)."},
        {"dynamic_port_sets.address-pool-factor",
         "RFC 7422's dynamic address pool factor D: the last so many deterministic sets of each "
         "external address go to no client; they, and what cutting left over, are dynamic. "
         "Default 1."},
        {"dynamic_port_sets.port-set-size",
         "Ports of a dynamic set (1: port by port): each run of the dynamic ports is cut from its "
         "lowest port on."},
        {"dynamic_port_sets.port-sets-per-subscriber",
         "The most dynamic sets that one client address may have at a time, from any address of "
         "the pool; with its own set these are RFC 7422's maximum ports per user. Default 1."},
        {"static_mapping.external-src-address", "Addresses of the pool. Default: all."},
        {"static_mapping.external-src-port", "Ports that are kept there."},
        {"static_mapping.transport-protocol", "Default: all protocols."},
        {"connection_limits.limit-per-subscriber",
         "The most connections of one client address; one more is refused before any search (RFC "
         "6888 REQ-4)."},
        {"connection_limits.limit-per-instance", "The size of the flow table, in connections."},
        {"mapping_limits.limit-port-mappings",
         "The most mappings (under eim one carries several connections)."},
        {"mapping_limits.limit-subscribers", "The most client addresses that have a mapping."},
        {"traffic_entry.from", "Client sets; the rate is spread evenly over their addresses."},
        {"traffic_entry.to",
         "Server sets; evenly over their endpoints unless weights or zipf say otherwise."},
        {"traffic_entry.rate", "New connections of the whole entry, as in 500/s."},
        {"traffic_entry.rate-per-client", "New connections of each client address, as in 2/min."},
        {"traffic_entry.hold",
         "How long a connection occupies its tuple, all in: 60s is exponential with that mean; or "
         "{law, mean, cv}, or {law: empirical, samples}."},
        {"traffic_entry.life",
         "How long the users see the connection; the NAT's timers are added by the cause of "
         "close."},
        {"traffic_entry.live",
         "Mean number of live connections. Any two of rate, hold (or life) and live give the "
         "third."},
        {"traffic_entry.ends",
         "With life: the shares that end by FIN, by RST, or fall silent. Default: all by FIN (UDP: "
         "silence)."},
        {"traffic_entry.zipf",
         "Exponent of Zipf's law over the destination endpoints, in their order."},
        {"traffic_entry.weights", "One weight a destination endpoint."},
        {"traffic_entry.top-share",
         "Share of the busiest destination endpoint, the first; the others share the rest evenly. "
         "As 30%, or 10%-100% where it is a guess: the answer is then a range. With to: unknown "
         "for destinations that nobody measured."},
        {"traffic_entry.arrivals",
         "How the connections come, where not one by one (Poisson): in batches, or on and off. The "
         "rate is the long-run mean."},
        {"traffic_entry.packets",
         "Packets of a connection on average, of both directions, the first one counted: what a "
         "limit on packets a second is compared with."},
        {"arrival_rule.law",
         "poisson (default); batches: several at a time, of one client set towards one endpoint, "
         "each from any address of the set; on-off: the whole entry is on and off in turn; mmpp: "
         "its "
         "rate follows a Markov chain of states."},
        {"arrival_rule.mean-batch",
         "batches: connections of a batch on average. Sizes are geometric; batches come by a "
         "Poisson process, and each connection has a hold of its own."},
        {"arrival_rule.on",
         "on-off: how long it is on, on average (exponential). Connections come by a Poisson "
         "process while it is, at rate x (on + off) / on."},
        {"arrival_rule.off", "on-off: how long it is off, on average (exponential)."},
        {"arrival_rule.states",
         "mmpp: 2 to 32 states of the world, which the whole entry is in one after the other; the "
         "entry's rate is the mean over all."},
        {"arrival_state.weight",
         "The rate in this state, beside those of the other states: 3 and 1 are thrice as many and "
         "as many."},
        {"arrival_state.mean", "How long the state lasts, on average (exponential)."},
        {"arrival_state.next",
         "Which state follows: a weight for each in the list, 0 for itself. Default: the next one, "
         "after the last the first."},
        {"hold_time.law", "exponential, constant, lognormal or empirical."},
        {"hold_time.mean", "As in 60s. empirical: the samples' mean, which need not be given."},
        {"hold_time.cv", "lognormal: standard deviation over mean."},
        {"hold_time.samples",
         "empirical: times that were measured, as in [12s, 40s, 2min]; each connection takes one "
         "of "
         "them."},
        {"hold_time.weights", "empirical: one weight a sample; left out: all alike."},
        {"endings.fin", "Share that ends by FIN."},
        {"endings.rst", "Share that ends by RST."},
        {"endings.silence", "Share that falls silent, and is kept until it idles out."},
        {"design.name", "Its name in the catalogue."},
        {"design.summary", "One sentence."},
        {"design.sources",
         "What it mirrors: repository, path, function; specification and clause."},
        {"design.notes", "What the model leaves out."},
        {"design.mapping-type",
         "eim, adm, edm (RFC 8512), or eim-if-possible: the endpoint that the source has towards "
         "another destination is tried first."},
        {"design.clash-scope",
         "The key, besides the external endpoint, that two live mappings may not share."},
        {"design.port-classes",
         "Flows from some source ports are searched some external ports. The classes cover "
         "0-65535."},
        {"design.first-choice",
         "none; preserve: the client's own port if it lies in its class; preserve-any: whatever it "
         "is."},
        {"design.search", "Rounds of probes; the first free endpoint is taken."},
        {"design.pool", "Which address of the pool is tried."},
        {"design.commit", "atomic: select and insert are one step."},
        {"design.reuse", "Which closing entries the search may take over."},
        {"design.pressure", "What a full table does: refuse, or drop-least-recently-used."},
        {"design.failure", "What the client gets, and the counter that shows it."},
        {"design.when-restricted",
         "Merge patch (RFC 7396) on the design for a NAT with port-set-restrict."},
        {"design.timers", "How long an entry is kept after the close, by cause."},
        {"design.remedies", "Changes that an operator can make; their effect is computed."},
        {"clash_scope.destination", "none (no overloading), address, or endpoint."},
        {"clash_scope.protocol", "Whether protocols have ports of their own."},
        {"port_class.source", "Source ports. Default: all."},
        {"port_class.ports", "External ports that are searched."},
        {"search.rounds", "In order."},
        {"search.stop-when-covered", "A round as long as the range ends the search."},
        {"search.first-choice-counts",
         "A preserved port's probe takes the place of the first of the search."},
        {"search_round.start",
         "random; hash (a fixed function of the flow, not published); first; own-port."},
        {"search_round.bits", "Width of the random number; absent: uniform over the range."},
        {"search_round.offset-bits",
         "ascend: width of the running offset, which wraps before it is cut to the range."},
        {"search_round.step", "ascend; ascend-then-descend; independent; scaled."},
        {"search_round.probes", "How many; absent: as many as there are ports."},
        {"search_round.take-over-last", "The last so many probes may take a closing entry over."},
        {"pool_rule.choice", "hash, round-robin, random, or first."},
        {"pool_rule.hash", "jhash2, vpp-fold, or unknown."},
        {"pool_rule.of", "source, or source-and-destination."},
        {"pool_rule.fallback", "Whether the other addresses are tried after it."},
        {"pool_rule.paired",
         "All live mappings of a client address have one external address (RFC 4787 REQ-2)."},
        {"reuse_rule.take-over", "Closing entries that may be taken over, by cause of close."},
        {"reuse_rule.chance", "The part of tries at one that succeed."},
        {"failure_rule.kind", "drop, icmp or reset."},
        {"failure_rule.icmp-type", "ICMP type."},
        {"failure_rule.icmp-code", "ICMP code."},
        {"failure_rule.counter", "The counter to watch."},
        {"failure_rule.command", "The command or metric that shows it."},
        {"remedy.name", "In a few words."},
        {"remedy.apply", "The exact line to apply."},
        {"remedy.set", "Merge patch (RFC 7396) on the NAT."},
        {"remedy.breaks", "What it breaks."},
    };
    return all;
}

template <class T>
bj::object schema_of(const T* /*tag*/);

bj::object text(const char* pattern = nullptr) {
    bj::object out{{"type", "string"}};
    if (pattern) out["pattern"] = pattern;
    return out;
}

bj::object any_of(bj::array options) { return {{"anyOf", std::move(options)}}; }

bj::object leaf(const std::string* /*tag*/) { return text(); }
bj::object leaf(const bool* /*tag*/) { return {{"type", "boolean"}}; }
bj::object leaf(const double* /*tag*/) { return {{"type", "number"}, {"minimum", 0}}; }
bj::object leaf(const unsigned* /*tag*/) { return {{"type", "integer"}, {"minimum", 0}}; }
bj::object leaf(const std::uint64_t* /*tag*/) { return {{"type", "integer"}, {"minimum", 0}}; }
bj::object leaf(const duration* /*tag*/) {
    return text("^ *[0-9.eE+-]+ *(ms|s|sec|m|min|h|hour|d|day) *$");
}
bj::object leaf(const rate* /*tag*/) {
    return text("^ *[0-9.eE+-]+ */(ms|s|sec|m|min|h|hour|d|day) *$");
}
bj::object leaf(const share* /*tag*/) {
    return any_of({text("^ *[0-9.eE+-]+ *%? *$"),
                   bj::object{{"type", "number"}, {"minimum", 0}, {"maximum", 1}}});
}
bj::object leaf(const share_range* /*tag*/) {
    return any_of({text("^ *[0-9.eE+-]+ *%? *(- *[0-9.eE+-]+ *%? *)?$"),
                   bj::object{{"type", "number"}, {"minimum", 0}, {"maximum", 1}}});
}
bj::object leaf(const byte_count* /*tag*/) {
    return text("^ *[0-9.eE+-]+ *([kMGT]?B|[KMGT]iB) *$");
}
bj::object leaf(const json_text* /*tag*/) { return {{"type", "object"}}; }

bj::object set_schema(const bj::object& item) {
    const bj::object list{{"type", "array"}, {"items", item}};
    const bj::object minus{{"type", "object"},
                           {"properties", bj::object{{"include", any_of({item, list})},
                                                     {"minus", any_of({item, list})}}},
                           {"required", bj::array{"include"}},
                           {"additionalProperties", false}};
    return any_of({item, list, minus});
}
bj::object leaf(const address_set* /*tag*/) { return set_schema(text()); }
bj::object leaf(const port_set* /*tag*/) {
    return set_schema(
        any_of({text("^[0-9, -]+$"),
                bj::object{{"type", "integer"}, {"minimum", 0}, {"maximum", 65535}}}));
}

template <class T>
bj::object leaf(const std::optional<T>* /*tag*/) {
    return schema_of<T>(nullptr);
}
template <class T>
bj::object leaf(const std::vector<T>* /*tag*/) {
    const bj::object item = schema_of<T>(nullptr);
    return any_of({item, bj::object{{"type", "array"}, {"items", item}}});
}
template <class T>
bj::object leaf(const std::map<std::string, T>* /*tag*/) {
    return {{"type", "object"}, {"additionalProperties", schema_of<T>(nullptr)}};
}

// The struct's name as sentences() spells it.
template <class T>
const char* struct_name();
#define NATBOUND_NAME(T)           \
    template <>                    \
    const char* struct_name<T>() { \
        return #T;                 \
    }                              \
    static_assert(true)  // takes the semicolon
NATBOUND_NAME(scenario);
NATBOUND_NAME(client_set);
NATBOUND_NAME(source_port_rule);
NATBOUND_NAME(server_set);
NATBOUND_NAME(server_limits);
NATBOUND_NAME(backend_set);
NATBOUND_NAME(static_mapping);
NATBOUND_NAME(subscriber_port_sets);
NATBOUND_NAME(dynamic_port_sets);
NATBOUND_NAME(nat);
NATBOUND_NAME(port_restriction);
NATBOUND_NAME(connection_limits);
NATBOUND_NAME(mapping_limits);
NATBOUND_NAME(rate_limits);
NATBOUND_NAME(memory_limit);
NATBOUND_NAME(profile_source);
NATBOUND_NAME(device_profile);
NATBOUND_NAME(traffic_entry);
NATBOUND_NAME(hold_time);
NATBOUND_NAME(arrival_state);
NATBOUND_NAME(arrival_rule);
NATBOUND_NAME(endings);
NATBOUND_NAME(design);
NATBOUND_NAME(clash_scope);
NATBOUND_NAME(port_class);
NATBOUND_NAME(search);
NATBOUND_NAME(search_round);
NATBOUND_NAME(pool_rule);
NATBOUND_NAME(reuse_rule);
NATBOUND_NAME(failure_rule);
NATBOUND_NAME(remedy);
#undef NATBOUND_NAME

template <class T>
bj::object schema_of(const T* /*tag*/) {
    if constexpr (json_io::described_enum<T>) {
        bj::array words;
        for (const auto& name : json_io::names<T>()) words.push_back(bj::string(name));
        return {{"enum", words}};
    } else if constexpr (json_io::described_struct<T>) {
        bj::object properties;
        boost::mp11::mp_for_each<json_io::members<T>>([&](auto d) {
            using member = std::remove_cvref_t<decltype(std::declval<T>().*d.pointer)>;
            const std::string key = json_io::kebab(d.name);
            bj::object one = schema_of<member>(nullptr);
            one["description"] = sentences().at(std::string(struct_name<T>()) + "." + key);
            properties[key] = std::move(one);
        });
        if constexpr (std::is_same_v<T, device_profile>)
            properties["limits"] = bj::object{
                {"type", "object"},
                {"description", "Fields of a NAT, taken where the NAT itself leaves them out."}};
        if constexpr (std::is_same_v<T, design>)
            properties["base"] = bj::object{
                {"type", "string"},
                {"description", "A design of the catalogue that the other keys override."}};
        bj::object out{
            {"type", "object"}, {"properties", properties}, {"additionalProperties", false}};
        if constexpr (std::is_same_v<T, design> || std::is_same_v<T, device_profile>)
            return any_of({text(), out});
        if constexpr (std::is_same_v<T, hold_time>)
            return any_of({leaf(static_cast<const duration*>(nullptr)), out});
        if constexpr (std::is_same_v<T, source_port_rule>)
            return any_of({schema_of<source_port_law>(nullptr), out});
        return out;
    } else {
        return leaf(static_cast<const T*>(nullptr));
    }
}

std::string finished(bj::object schema, const char* title) {
    schema["$schema"] = "https://json-schema.org/draft/2020-12/schema";
    schema["title"] = title;
    return bj::serialize(schema);
}

}  // namespace

std::string scenario_schema() {
    bj::object schema = schema_of<scenario>(nullptr);
    schema["required"] = bj::array{"clients"};
    return finished(std::move(schema), "natbound scenario");
}

std::string design_schema() { return finished(schema_of<design>(nullptr), "natbound design"); }

}  // namespace natbound
