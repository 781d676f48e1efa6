#pragma once
// An allocator design: how a NAT picks the external endpoint of a flow, as a value over a few axes.
// Nothing else in the project says how an allocator behaves: the step function, the solver, the
// calculator and the simulator all read this one description. The catalogue is a folder of such
// values (model/designs/*.json), each citing the source that it mirrors.
#include <boost/describe.hpp>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "natbound/model/ports.hpp"
#include "natbound/model/quantity.hpp"

namespace natbound {

// A JSON value kept as its text, to be read when it is used.
struct json_text {
    std::string text = "{}";
};

// Which flows share a mapping (RFC 4787, 4.1; RFC 8512 mapping-type). `eim_if_possible`: a flow is
// first offered the endpoint that its own source already has towards some other destination
// (Linux's find_appropriate_src).
BOOST_DEFINE_ENUM_CLASS(mapping_type, eim, adm, edm, eim_if_possible)

// The key that two live mappings may not share: the external endpoint, and this much of the
// destination.
BOOST_DEFINE_ENUM_CLASS(scope_destination, none, address, endpoint)

struct clash_scope {
    scope_destination destination = scope_destination::endpoint;
    bool protocol = true;
};

// Flows whose source port lies in `source` are searched a port among `ports`.
struct port_class {
    port_set source = all_ports();
    port_set ports;
};

// RFC 4787, 4.2.3: source ports 2k and 2k + 1 are partners (RTP and RTCP, RFC 3550, 11), and where
// one has a mapping at external port m, the other one's place is the other port of {2j, 2j + 1}
// that m lies in, on the same address. `attempt`: that place is tried before all else, wherever the
// flow is searched on that address; `require`: the flow gets that place or none.
BOOST_DEFINE_ENUM_CLASS(contiguity, none, attempt, require)

// Before any search: nothing; the client's own port if it lies in its class's ports; the client's
// own port whatever it is.
BOOST_DEFINE_ENUM_CLASS(first_choice, none, preserve, preserve_any)

// Where a round starts: a fresh draw; a fixed function of the flow that the design does not publish
// (read as any such function); the lowest port; the client's own port (where that is outside the
// range: just before the lowest).
BOOST_DEFINE_ENUM_CLASS(start_kind, random, hash, first, own_port)
// ascend: the next port, wrapping; ascend_then_descend: up to the last port, then down from below
// the start; independent: a new draw each time; scaled: the port tried last, plus one, scaled into
// the range again (Cilium's __snat_clamp_port_range), which does not walk.
BOOST_DEFINE_ENUM_CLASS(step_kind, ascend, ascend_then_descend, independent, scaled)

// One round of probes.
struct search_round {
    start_kind start = start_kind::random;
    std::optional<unsigned> bits;  // width of the random number; absent: uniform over the ports
    std::optional<unsigned> offset_bits;  // ascend: width of the running offset, which wraps before
                                          // it is cut to the range
    step_kind step = step_kind::ascend;
    std::optional<unsigned> probes;  // absent: as many as there are ports
    unsigned take_over_last = 0;     // the last so many probes may take a closing entry over
};

struct search {
    std::vector<search_round> rounds;
    bool stop_when_covered = false;  // a round as long as the range ends the search
    bool first_choice_counts =
        false;  // a preserved port's probe takes the place of the first probe of the search
};

BOOST_DEFINE_ENUM_CLASS(pool_choice, hash, round_robin, random, first)
BOOST_DEFINE_ENUM_CLASS(hash_input, source, source_and_destination)

// Which address of the pool is tried, and whether others are tried after it.
struct pool_rule {
    pool_choice choice = pool_choice::first;
    std::string hash;  // a name of hash.hpp, or "unknown"
    hash_input of = hash_input::source_and_destination;
    bool fallback = false;
    // RFC 4787 REQ-2, paired: all live mappings of one client address have the same external
    // address, whichever the choice was for the first.
    bool paired = false;
};

BOOST_DEFINE_ENUM_CLASS(commit_kind, atomic)

// How a flow ends, as far as timers tell it apart.
BOOST_DEFINE_ENUM_CLASS(close_cause, tcp_fin, tcp_rst, tcp_silence, udp)

struct reuse_rule {
    std::vector<close_cause>
        take_over;  // closing entries that the search may take over, by how they closed
    double chance =
        1;  // the part of tries at such an entry that succeed (Linux: the sequence test)
};

BOOST_DEFINE_ENUM_CLASS(pressure_kind, refuse, drop_least_recently_used)
BOOST_DEFINE_ENUM_CLASS(failure_kind, drop, icmp, reset)

struct failure_rule {
    failure_kind kind = failure_kind::drop;
    std::optional<unsigned> icmp_type, icmp_code;
    std::string counter;  // what to watch: the counter's name
    std::string command;  // and the command or metric that shows it
};

// A change that an operator can make, as the exact line to apply; its effect is computed, never
// stated here.
struct remedy {
    std::string name;
    std::string apply;
    json_text set;  // merge patch (RFC 7396) on the NAT: {"design": {...}}, {"timers": {...}}
    std::string breaks;
};

struct design {
    std::string name;
    std::string summary;
    std::vector<std::string>
        sources;  // what it mirrors: repository, path, function; specification and clause
    std::vector<std::string> notes;  // what the model leaves out
    natbound::mapping_type mapping_type = natbound::mapping_type::edm;
    natbound::clash_scope clash_scope;
    std::vector<port_class> port_classes;
    // RFC 4787, 4.2.2: an even source port is searched an even external one, an odd one an odd one.
    bool port_parity_preservation = false;
    contiguity port_contiguity = contiguity::none;
    natbound::first_choice first_choice = natbound::first_choice::none;
    natbound::search search;
    pool_rule pool;
    commit_kind commit = commit_kind::atomic;
    reuse_rule reuse;
    pressure_kind pressure = pressure_kind::refuse;
    failure_rule failure;
    json_text when_restricted;  // merge patch on the design itself for a NAT whose ports the
                                // operator restricts
    std::map<std::string, duration>
        timers;  // how long an entry is kept after close, by close_cause (`tcp-fin`, ...)
    std::vector<remedy> remedies;
};

BOOST_DESCRIBE_STRUCT(clash_scope, (), (destination, protocol))
BOOST_DESCRIBE_STRUCT(port_class, (), (source, ports))
BOOST_DESCRIBE_STRUCT(search_round, (), (start, bits, offset_bits, step, probes, take_over_last))
BOOST_DESCRIBE_STRUCT(search, (), (rounds, stop_when_covered, first_choice_counts))
BOOST_DESCRIBE_STRUCT(pool_rule, (), (choice, hash, of, fallback, paired))
BOOST_DESCRIBE_STRUCT(reuse_rule, (), (take_over, chance))
BOOST_DESCRIBE_STRUCT(failure_rule, (), (kind, icmp_type, icmp_code, counter, command))
BOOST_DESCRIBE_STRUCT(remedy, (), (name, apply, set, breaks))
BOOST_DESCRIBE_STRUCT(design, (),
                      (name, summary, sources, notes, mapping_type, clash_scope, port_classes,
                       port_parity_preservation, port_contiguity, first_choice, search, pool,
                       commit, reuse, pressure, failure, when_restricted, timers, remedies))

// Throws input_error where the axes contradict one another.
void validate(const design& d, const std::string& path);

// The design as it acts in a NAT whose ports the operator restricts.
design restricted(const design& d);

// The catalogue, sorted by name, and one of it (nullptr where there is none of that name).
const std::vector<design>& catalogue();
const design* find_design(const std::string& name);

}  // namespace natbound
