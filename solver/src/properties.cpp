// Which properties there are, and who checks each.
#include "natbound/solver/properties.hpp"

#include <algorithm>
#include <array>

#include "natbound/model/error.hpp"
#include "natbound/model/json_io.hpp"

namespace natbound {

namespace {

struct known_property {
    const char* name;
    const char* says;
    const char* clause;
};

constexpr std::array<known_property, 12> known{{
    {"unique",
     "no two live mappings share the clash scope's key; no two live flows an outside tuple",
     "RFC 4787 REQ-3, RFC 3022"},
    {"complete", "a flow is refused only if no permitted tuple is free now", "RFC 6888 REQ-13"},
    {"optimal", "a flow is refused only if no re-assignment of the live flows would fit it", ""},
    {"reversible", "every reply reaches the flow it belongs to, on the right worker", "RFC 4787"},
    {"stable", "the mapping of a live flow never changes", ""},
    {"terminates", "every search ends", ""},
    {"no-leak", "ports held = live mappings", ""},
    {"isolated", "one subscriber can neither exhaust nor evict another", "RFC 6888 REQ-4"},
    {"in-set", "every port given lies in the permitted set", "RFC 4787 4.2"},
    {"hold-down", "a freed tuple is not given out before its time", "RFC 6888 REQ-8"},
    {"no-eviction", "a live mapping is never deleted to make room", "RFC 6888 REQ-11"},
    {"server-safe", "no tuple is reused that the server still keeps in TIME_WAIT",
     "RFC 6191, RFC 9293"},
}};

constexpr unsigned most_trace_steps = 6;

void check_unique(const design& d, const query_limits& limits, property_result& out) {
    const auto rules = rules_of(d);
    out.assumptions = d.notes;
    out.assumptions.emplace_back("opening a flow is one step (commit: atomic)");
    out.obligations = unique_obligations(rules, d.name.empty() ? "a design" : d.name);
    for (const auto& o : out.obligations) {
        const auto answer = z3_query(o.smt2).ask(limits);
        if (answer.verdict == satisfiability::unsat) continue;
        if (answer.verdict == satisfiability::unknown) {
            out.reason = "obligation " + o.name + ": " + answer.reason;
            return;
        }
        auto found = find_unique_trace(rules, most_trace_steps, limits);
        out.reason = "obligation " + o.name + " has a counterexample";
        if (found.trace.steps.empty()) {
            out.reason += found.reason.empty()
                              ? ", and no trace of up to " + std::to_string(most_trace_steps) +
                                    " steps breaks the property"
                              : ", and the search for a trace ended: " + found.reason;
            return;
        }
        if (const auto differs = replay(d, found.trace); !differs.empty()) {
            out.reason += ", but the concrete step function does not follow it: " + differs;
            return;
        }
        out.verdict = property_verdict::fails;
        out.reason = to_string(found.trace.steps.back());
        out.trace = std::move(found.trace);
        return;
    }
    out.verdict = property_verdict::holds;
    out.scope = "for all numbers of flows, ports and addresses";
}

}  // namespace

std::string to_string(property_verdict v) {
    switch (v) {
        case property_verdict::holds:
            return "holds";
        case property_verdict::fails:
            return "fails";
        case property_verdict::unknown:
            break;
    }
    return "unknown";
}

std::vector<std::string> property_names() {
    std::vector<std::string> out;
    for (const auto& p : known) out.emplace_back(p.name);
    return out;
}

std::vector<property_result> check_design(const design& d,
                                          const std::vector<std::string>& properties,
                                          const query_limits& limits) {
    const auto names = property_names();
    for (const auto& name : properties)
        if (std::find(names.begin(), names.end(), name) == names.end())
            json_io::unknown_name(name, names, "property", "property");
    std::vector<property_result> out;
    for (const auto& p : known) {
        const bool asked = properties.empty() || std::find(properties.begin(), properties.end(),
                                                           p.name) != properties.end();
        if (!asked) continue;
        auto& result = out.emplace_back();
        result.property = p.name;
        result.says = p.says;
        result.clause = p.clause;
        if (d.pool.paired)
            result.reason = "the steps of paired pooling are not in this version";
        else if (result.property == "unique")
            check_unique(d, limits, result);
        else
            result.reason = "not in this version";
    }
    return out;
}

std::string holds_certificate(const design& d, const property_result& result) {
    if (result.verdict != property_verdict::holds)
        throw domain_error(result.property + ": the verdict is " + to_string(result.verdict) +
                           "; only `holds` has this certificate");
    boost::json::array obligations;
    for (const auto& o : result.obligations)
        obligations.push_back({{"name", o.name}, {"smt2", o.smt2}, {"expected", o.expected}});
    const boost::json::object out{{"schema", "natbound.certificate/1"},
                                  {"kind", "holds"},
                                  {"property", result.property},
                                  {"design", json_io::write(d)},
                                  {"obligations", std::move(obligations)}};
    return boost::json::serialize(out);
}

}  // namespace natbound
