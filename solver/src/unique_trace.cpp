// Where a step lets two flows too close: the shortest trace from the empty table, in the fewest
// objects. The steps are those of the obligations, unrolled; Z3 finds a model, and its objects
// become addresses and ports.
#include <algorithm>
#include <array>
#include <numeric>

#include "natbound/model/json_io.hpp"
#include "unique_text.hpp"

namespace natbound {

namespace {

using namespace unique_text;

// The sorts whose objects are counted, and the function that leads from a flow to each.
struct counted_sort {
    const char* name;
    const char* of_flow;
};
constexpr std::array<counted_sort, 4> of_flows{{{"Protocol", "protocol"},
                                                {"Source", "source"},
                                                {"Address", "to-address"},
                                                {"Port", "to-port"}}};
constexpr unsigned sorts = of_flows.size() + 1;  // and Endpoint

std::string numbered(const std::string& name, unsigned i) { return name + "." + std::to_string(i); }

// There are no objects of a sort but so many named ones, each of which may be unused.
std::string named_objects(const std::string& sort, unsigned most) {
    std::string said, out;
    for (unsigned i = 0; i < most; ++i) {
        const auto object = numbered(sort, i);
        out += "(declare-const " + object + " " + sort + ")\n(declare-const used-" + object +
               " Bool)\n";
        said += " (and used-" + object + " (= x " + object + "))";
    }
    return out + "(assert (forall ((x " + sort + ")) (or" + said + ")))\n";
}

// A trace needs no more objects of a sort than it has steps, and TCP.
std::string objects(unsigned length) {
    std::string out = named_objects("Endpoint", length + 1);
    for (const auto& sort : of_flows) out += named_objects(sort.name, length + 1);
    return out;
}

std::string at_most(unsigned total, unsigned length) {
    std::string out = "(assert (<= (+";
    for (unsigned s = 0; s < sorts; ++s)
        for (unsigned i = 0; i <= length; ++i)
            out += " (ite used-" + numbered(s + 1 == sorts ? "Endpoint" : of_flows[s].name, i) +
                   " 1 0)";
    return out + ") " + std::to_string(total) + "))\n";
}

std::string constant(const std::string& name, const std::string& sort, const std::string& value) {
    return "(declare-const " + name + " " + sort + ")\n(assert (= " + name + " " + value + "))\n";
}

std::string unrolled(const step_rules& rules, unsigned length) {
    std::string out = world(rules) + state(".0");
    for (unsigned i = 0; i < length; ++i) {
        const auto before = "." + std::to_string(i), after = "." + std::to_string(i + 1);
        out += state(after) + steps(rules, before, after);
        const auto n = "n" + before, e = "e" + before;
        out += "(declare-const " + n + " Flow)\n(declare-const " + e + " Endpoint)\n";
        std::string any;
        for (const auto& kind : kinds(rules)) {
            const auto chosen = "is-" + kind + before;
            out += "(declare-const " + chosen + " Bool)\n(assert (=> " + chosen + " " +
                   applied(kind, before, n, e) + "))\n";
            any += " " + chosen;
        }
        out += "(assert (or" + any + "))\n";
        for (const auto& [sort, of_flow] : of_flows)
            out += constant(of_flow + ("-of" + before), sort, "(" + (of_flow + (" " + n)) + ")");
    }
    const auto end = "." + std::to_string(length);
    out +=
        "(assert (forall ((f Flow)) (not (live.0 f))))\n"
        "(declare-const one Flow)\n(declare-const other Flow)\n";
    for (const char* f : {"one", "other"})
        out += std::string("(assert (live") + end + " " + f + "))\n";
    return out + "(assert (= (external" + end + " one) (external" + end +
           " other)))\n(assert (or (and (same-scope one other) (not (same-mapping one other)))\n"
           "            (and (same-destination one other) (not (= one other)))))\n";
}

// Objects of a model by their order of appearance.
class numbering {
  public:
    unsigned operator()(const std::string& object) {
        const auto at = std::find(seen_.begin(), seen_.end(), object);
        if (at != seen_.end()) return static_cast<unsigned>(at - seen_.begin());
        seen_.push_back(object);
        return static_cast<unsigned>(seen_.size() - 1);
    }

  private:
    std::vector<std::string> seen_;
};

table_step::kind kind_of(const std::string& name) {
    if (name == "opens") return table_step::kind::open;
    if (name == "shares") return table_step::kind::share;
    if (name == "takes-over") return table_step::kind::take_over;
    if (name == "ends") return table_step::kind::end;
    return table_step::kind::start_closing;
}

unique_trace read_trace(const step_rules& rules, unsigned length, const query_answer& answer) {
    const auto& values = answer.values;
    const auto value = [&](const std::string& name) {
        const auto found = values.find(name);
        return found == values.end() ? std::string() : found->second;
    };
    numbering protocols, sources, addresses, ports, endpoints;
    // TCP comes first; where the model leaves it open, any will do
    if (const auto tcp = value("tcp"); !tcp.empty()) protocols(tcp);
    std::map<std::string, natbound::flow> flows;
    unique_trace out;
    for (unsigned i = 0; i < length; ++i) {
        table_step step;
        for (const auto& kind : kinds(rules))
            if (value(numbered("is-" + kind, i)) == "true") {
                step.what = kind_of(kind);
                break;
            }
        // 10.0.0.1, 10.0.0.2 ... :1024, 198.51.100.1 ... :80 ..., 203.0.113.1:1024, 1025 ...
        static constexpr std::array kinds_of_protocol{transport::tcp,  transport::udp,
                                                      transport::sctp, transport::dccp,
                                                      transport::icmp, transport::gre};
        auto& f = step.flow;
        f.protocol = kinds_of_protocol.at(protocols(value(numbered("protocol-of", i))));
        f.source = {parse_address("10.0.0.1") + sources(value(numbered("source-of", i))), 1024};
        f.destination = {
            parse_address("198.51.100.1") + addresses(value(numbered("to-address-of", i))),
            80 + ports(value(numbered("to-port-of", i)))};
        if (step.what != table_step::kind::end && step.what != table_step::kind::start_closing)
            step.external = {parse_address("203.0.113.1"),
                             1024 + endpoints(value(numbered("e", i)))};
        flows[value(numbered("n", i))] = f;
        out.steps.push_back(step);
    }
    out.one = flows[value("one")];
    out.other = flows[value("other")];
    return out;
}

}  // namespace

trace_search find_unique_trace(const step_rules& rules, unsigned most_steps,
                               const query_limits& limits) {
    for (unsigned length = 1; length <= most_steps; ++length) {
        const auto text = unrolled(rules, length);
        const auto some = z3_query(text).ask(limits);
        if (some.verdict == satisfiability::unsat) continue;
        if (some.verdict == satisfiability::unknown) return {{}, some.reason};
        // now with as few objects as will do
        for (unsigned total = sorts; total < sorts * (length + 1); ++total) {
            z3_query query(text + objects(length) + at_most(total, length));
            const auto found = query.ask(limits);
            if (found.verdict == satisfiability::sat) return {read_trace(rules, length, found), {}};
            if (found.verdict == satisfiability::unknown) break;
        }
        return {read_trace(rules, length, some), {}};
    }
    return {};
}

std::string to_string(const table_step& s) {
    const auto shown = [](const endpoint& e) {
        return to_string(e.address) + ":" + std::to_string(e.port);
    };
    std::string verb;
    switch (s.what) {
        case table_step::kind::open:
            verb = "opens";
            break;
        case table_step::kind::share:
            verb = "shares its mapping";
            break;
        case table_step::kind::take_over:
            verb = "takes over";
            break;
        case table_step::kind::end:
            verb = "ends";
            break;
        case table_step::kind::start_closing:
            verb = "starts to close";
            break;
    }
    return json_io::name_of(s.flow.protocol) + " " + shown(s.flow.source) + " -> " +
           shown(s.flow.destination) + " " + verb +
           (s.external.port != 0 ? " at " + shown(s.external) : "");
}

}  // namespace natbound
