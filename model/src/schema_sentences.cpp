#include "schema_sentences.hpp"

namespace natbound {

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
        {"client_set.reaches",
         "The server sets that it may connect to. Default, and of an empty list: all."},
        {"client_set.source-ports",
         "How a client picks its source port: uniform (default), sequential, linux."},
        {"client_set.time-wait",
         "How long a TCP client keeps its source port towards the same destination endpoint after "
         "a close that it made itself (TIME-WAIT, RFC 9293; Linux: 60s, which no setting changes, "
         "or 1s with net.ipv4.tcp_tw_reuse=1). Left out: its port is taken for as long as a NAT on "
         "the way keeps the connection."},
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
        {"server_set.time-wait",
         "How long a TCP server keeps a connection's tuple after a close that it made first "
         "(TIME-WAIT, RFC 9293; Linux: 60s)."},
        {"server_set.listen", "The queue of connections that the server has not yet accepted."},
        {"listen_queue.backlog",
         "The most that wait: listen(2)'s backlog, on Linux net.core.somaxconn at most."},
        {"listen_queue.accepts",
         "New connections a second that each server endpoint accepts, as in 2000/s."},
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
         "Each subscriber (a client address, or an external address of a NAT inside) gets ports in "
         "sets of consecutive ones (port blocks; RFC 8512, RFC 7422). What static mappings keep of "
         "a set is lost to whose it is."},
        {"nat.workers",
         "Worker threads with port slices (as VPP has them): each has an equal part of every class "
         "of "
         "ports, the lowest for worker 0 and what is left over for none; clients of its own; and "
         "connection, mapping and rate limits, timers and memory of its own. Worked out as so many "
         "NATs side by side."},
        {"worker_threads.count", "How many. Default 1."},
        {"worker_threads.hash",
         "How a client address is sent to its worker: vpp-fold, jhash2. Left out: even runs of "
         "each "
         "client set's addresses, and NATs inside one after the other."},
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
         "number i, in the order of inside (of a NAT inside: its pool) and then by address, has "
         "set number i, counted through one external address before the next."},
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
        {"connection_limits.limit-per-protocol",
         "The most connections of a protocol. Where the NAT carries that protocol alone it is a "
         "limit-per-instance, the smaller of both."},
        {"mapping_limits.limit-per-protocol",
         "The most mappings of a protocol. Where the NAT carries that protocol alone it is a "
         "limit-port-mappings, the smaller of both; else it goes with edm, where a connection is a "
         "mapping."},
        {"protocol_limit.protocol-id", "tcp, udp, icmp, sctp, dccp or gre."},
        {"protocol_limit.limit", "How many."},
        {"traffic_entry.from", "Client sets; the rate is spread evenly over their addresses."},
        {"traffic_entry.to",
         "Server sets; evenly over their endpoints unless weights or zipf say otherwise."},
        {"traffic_entry.rate", "New connections of the whole entry, as in 500/s."},
        {"traffic_entry.rate-per-client", "New connections of each client address, as in 2/min."},
        {"traffic_entry.hold",
         "How long a connection occupies its tuple, all in: 60s is exponential with that mean; or "
         "{law, mean, cv}, or a list of what was measured: {samples}, {means, weights} or {edges, "
         "weights}."},
        {"traffic_entry.life",
         "How long the users see the connection; the NAT's timers are added by the cause of "
         "close."},
        {"traffic_entry.live",
         "Mean number of live connections. Any two of rate, hold (or life) and live give the "
         "third."},
        {"traffic_entry.ends",
         "With life: the shares that end by FIN, by RST, or fall silent. Default: all by FIN (UDP: "
         "silence)."},
        {"traffic_entry.client-closes",
         "Of the connections that end by FIN, the share that the client closes first, so that "
         "TIME-WAIT is its own (time-wait). Default: all."},
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
        {"hold_time.law",
         "exponential, constant, lognormal, gamma, mixture (of exponentials), "
         "histogram or empirical. Default: empirical, mixture or histogram where samples, means or "
         "edges are listed, else exponential."},
        {"hold_time.mean",
         "As in 60s. mixture, histogram, empirical: of what they list, which need not be given."},
        {"hold_time.cv", "lognormal, gamma: standard deviation over mean, at most 100."},
        {"hold_time.samples",
         "empirical: times that were measured, as in [12s, 40s, 2min]; each connection takes one "
         "of "
         "them."},
        {"hold_time.means",
         "mixture: the means of its exponential parts, as in [2s, 5min]; each connection is of one "
         "of them."},
        {"hold_time.edges",
         "histogram: where its bins begin and end, as in [0s, 1s, 10s, 60s]; even within each."},
        {"hold_time.weights",
         "One a mean or a sample (left out: all alike), or a bin: how many connections."},
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
        {"design.port-parity-preservation",
         "An even source port gets an even external port, an odd one an odd one (RFC 4787, 4.2.2; "
         "RFC 8512). Default false."},
        {"design.port-contiguity",
         "Source ports 2k and 2k + 1 (RTP and RTCP) get external ports 2j and 2j + 1 of one "
         "address "
         "(RFC 4787, 4.2.3). none; attempt: where one has a mapping, the port beside it is tried "
         "first for the other; require: the other gets that port or none. With eim, and with "
         "port-parity-preservation. Default none."},
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
         "All live mappings of a client address have one external address (RFC 4787 REQ-2); its "
         "port sets lie on it, too."},
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

}  // namespace natbound
