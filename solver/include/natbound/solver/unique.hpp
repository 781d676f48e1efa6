#pragma once
// The property `unique` (RFC 4787 REQ-3, RFC 3022): no two live mappings share the clash scope's
// key and an external endpoint, so no two live flows share an outside tuple. Proved by induction
// over the steps of the design, with the number of flows, ports and addresses unbounded: sorts have
// no size, and the formulas lie in the decidable fragment EPR (no function leads back to its own
// sort).
//
// The steps say less than the design does: which endpoint the search tries is left open (any that
// is free), so a proof covers every port set, pool, hash, search and random draw. What a step may
// do is held to nat_table by tests, which run both on every state of small networks.
#include <string>
#include <vector>

#include "natbound/model/nat_table.hpp"
#include "natbound/solver/z3_query.hpp"

namespace natbound {

// All that the proof reads of a design.
struct step_rules {
    natbound::mapping_type mapping_type = natbound::mapping_type::edm;
    natbound::clash_scope clash_scope;
    bool takes_over = false;  // the search may take a closing flow's endpoint over
    bool drops = false;       // a full table drops a flow
    // What keeps the property; always so for a design, and false only where a test breaks a step.
    bool open_tests_free = true;    // a new mapping's endpoint is free in the clash scope
    bool share_tests_free = true;   // so is a shared one's, but for the mapping's own flows
    bool take_over_removes = true;  // taking an endpoint over removes all flows that held it
};
step_rules rules_of(const design& d);

// One script for any SMT solver. The proof stands when each is unsat.
struct obligation {
    std::string name, smt2, expected = "unsat";
};

// initiation: the empty table satisfies the invariant. consecution: every step keeps it. property:
// it implies the property. `of` names what is proved in the scripts' first line.
std::vector<obligation> unique_obligations(const step_rules& rules, const std::string& of);

// A step of a counterexample, on addresses and ports made up for it.
struct table_step {
    enum class kind { open, share, take_over, end, start_closing };
    kind what = kind::open;
    natbound::flow flow;
    endpoint external;  // of open, share, take_over
};
std::string to_string(const table_step& s);  // "A 10.0.0.1:1024 opens ... at ..."

struct unique_trace {
    std::vector<table_step> steps;  // from the empty table; the last one breaks the property
    natbound::flow one, other;      // live at the end, and too close to one another
};

// The shortest trace that breaks the property, in the fewest objects, of at most so many steps; no
// steps where there is none. `reason` says which limit was reached, or is empty.
struct trace_search {
    unique_trace trace;
    std::string reason;
};
trace_search find_unique_trace(const step_rules& rules, unsigned most_steps,
                               const query_limits& limits);

// Whether the concrete step function does what the trace says, for some ports of a NAT of that
// design and some draws: an empty text, or the step at which it did not.
std::string replay(const design& d, const unique_trace& trace);

}  // namespace natbound
