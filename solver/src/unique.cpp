// The transition system of a design as SMT-LIB 2. In the templates `@` stands for the state before
// a step and `#` for the state after it, so that one text serves the proof and the search for
// traces. The checker writes the same commands anew (python/natbound/check/obligations.py) and
// accepts no others.
#include "natbound/solver/unique.hpp"

#include "unique_text.hpp"

namespace natbound {

step_rules rules_of(const design& d) {
    step_rules out;
    out.mapping_type = d.mapping_type;
    out.clash_scope = d.clash_scope;
    out.takes_over = !d.reuse.take_over.empty();
    out.drops = d.pressure == pressure_kind::drop_least_recently_used;
    return out;
}

namespace unique_text {

namespace {

constexpr auto sorts_text = R"(
; Flows are told apart by protocol, source endpoint, destination address and destination port.
(declare-sort Flow 0)
(declare-sort Protocol 0)
(declare-sort Source 0)
(declare-sort Address 0)
(declare-sort Port 0)
(declare-sort Endpoint 0)  ; external: an address of the pool, with a port
(declare-const tcp Protocol)
(declare-fun protocol (Flow) Protocol)
(declare-fun source (Flow) Source)
(declare-fun to-address (Flow) Address)
(declare-fun to-port (Flow) Port)
(define-fun same-source ((f Flow) (g Flow)) Bool
  (and (= (protocol f) (protocol g)) (= (source f) (source g))))
(define-fun same-destination ((f Flow) (g Flow)) Bool
  (and (= (protocol f) (protocol g))
       (= (to-address f) (to-address g)) (= (to-port f) (to-port g))))
(assert (forall ((f Flow) (g Flow))
  (=> (and (same-source f g) (same-destination f g)) (= f g))))
)";

std::string all_of(const std::vector<std::string>& parts) {
    if (parts.empty()) return "true";
    std::string out = parts[0];
    for (std::size_t i = 1; i < parts.size(); ++i)
        out += (i % 2 == 0 ? "\n       " : " ") + parts[i];
    return parts.size() == 1 ? out : "(and " + out + ")";
}

// "mapping-type eim: ..." and what it means for two flows to be carried by one mapping.
std::string same_mapping(mapping_type type) {
    switch (type) {
        case mapping_type::eim:
            return "; mapping-type eim: one mapping carries all flows of a source.\n"
                   "(define-fun same-mapping ((f Flow) (g Flow)) Bool (same-source f g))\n";
        case mapping_type::adm:
            return "; mapping-type adm: one mapping carries the flows of a source to one address.\n"
                   "(define-fun same-mapping ((f Flow) (g Flow)) Bool\n"
                   "  (and (same-source f g) (= (to-address f) (to-address g))))\n";
        case mapping_type::edm:
            return "; mapping-type edm: each flow has its own mapping.\n"
                   "(define-fun same-mapping ((f Flow) (g Flow)) Bool (= f g))\n";
        case mapping_type::eim_if_possible:
            break;
    }
    return "; mapping-type eim-if-possible: each flow has its own mapping; a source is offered "
           "again\n"
           "; the endpoint that it has.\n"
           "(define-fun same-mapping ((f Flow) (g Flow)) Bool (= f g))\n";
}

std::string same_scope(const clash_scope& scope) {
    std::string said = "; clash scope: the external endpoint";
    std::vector<std::string> parts;
    const auto add = [&](const std::string& what) {
        parts.push_back("(= (" + what + " f) (" + what + " g))");
    };
    if (scope.protocol) add("protocol");
    if (scope.destination != scope_destination::none) add("to-address");
    if (scope.destination == scope_destination::endpoint) add("to-port");
    if (scope.destination == scope_destination::address) said += ", with the destination address";
    if (scope.destination == scope_destination::endpoint) said += ", with the destination endpoint";
    said += scope.protocol ? ", with the protocol.\n" : ", whatever the protocol.\n";
    return said + "(define-fun same-scope ((f Flow) (g Flow)) Bool\n  " + all_of(parts) + ")\n";
}

constexpr auto state_text = R"(
; The table. `closing` and `external` matter for live flows alone; closing: its users are done.
(declare-fun live@ (Flow) Bool)
(declare-fun closing@ (Flow) Bool)
(declare-fun external@ (Flow) Endpoint)
)";

constexpr auto invariant_text = R"(
; Two live flows on one external endpoint in one clash scope are carried by one mapping.
(define-fun no-clash@ () Bool
  (forall ((f Flow) (g Flow))
    (=> (and (live@ f) (live@ g) (same-scope f g) (= (external@ f) (external@ g)))
        (same-mapping f g))))
; A mapping has one external endpoint.
(define-fun one-endpoint@ () Bool
  (forall ((f Flow) (g Flow))
    (=> (and (live@ f) (live@ g) (same-mapping f g)) (= (external@ f) (external@ g)))))
(define-fun invariant@ () Bool (and no-clash@ one-endpoint@))
)";

constexpr auto property_text = R"(
; Two live flows to one destination on one external endpoint would have the same outside tuple.
(define-fun unique@ () Bool
  (and no-clash@
       (forall ((f Flow) (g Flow))
         (=> (and (live@ f) (live@ g) (same-destination f g) (= (external@ f) (external@ g)))
             (= f g)))))
)";

constexpr auto opens_text = R"(
; The live flow g holds endpoint e where n would clash with it.
(define-fun holds@ ((g Flow) (n Flow) (e Endpoint)) Bool
  (and (live@ g) (same-scope g n) (= (external@ g) e)))
; Flow n is let in at e, in place of those that leave; nothing else changes.
(define-fun enters@ ((n Flow) (e Endpoint)) Bool
  (forall ((f Flow))
    (and (= (live# f) (or (= f n) (live@ f)))
         (=> (live# f) (= (external# f) (ite (= f n) e (external@ f))))
         (=> (live# f) (= (closing# f) (and (not (= f n)) (closing@ f)))))))

; open: the search finds an endpoint that is free in the clash scope.
(define-fun opens@ ((n Flow) (e Endpoint)) Bool
  (and (not (live@ n))
       (forall ((g Flow)) <OPEN>)
       (enters@ n e)))
)";

constexpr auto shares_text = R"(
; share: the source has a mapping that may carry n too; nobody else holds its endpoint there.
(define-fun shares@ ((n Flow) (e Endpoint)) Bool
  (and (not (live@ n))
       (exists ((m Flow)) (and (live@ m) (<SAME> m n) (= (external@ m) e)))
       (forall ((g Flow)) <FREE>)
       (enters@ n e)))
)";

constexpr auto takes_over_text = R"(
; take-over: the flows that hold the endpoint are all closing; they leave, and a TCP flow gets it.
(define-fun takes-over@ ((n Flow) (e Endpoint)) Bool
  (and (not (live@ n)) (= (protocol n) tcp)
       (exists ((g Flow)) (holds@ g n e))
       (forall ((g Flow)) <CLOSING>)
       (forall ((f Flow))
         (and (= (live# f) (or (= f n) <STAYS>))
              (=> (live# f) (= (external# f) (ite (= f n) e (external@ f))))
              (=> (live# f) (= (closing# f) (and (not (= f n)) (closing@ f))))))))
)";

constexpr auto ends_text = R"(
; end: a flow leaves: <CAUSES>.
(define-fun ends@ ((n Flow)) Bool
  (and (live@ n)
       (forall ((f Flow))
         (and (= (live# f) (and (live@ f) (not (= f n))))
              (=> (live# f) (= (external# f) (external@ f)))
              (=> (live# f) (= (closing# f) (closing@ f)))))))

; start closing: its users are done, and the NAT keeps it for a while.
(define-fun starts-closing@ ((n Flow)) Bool
  (and (live@ n)
       (forall ((f Flow))
         (and (= (live# f) (live@ f))
              (=> (live# f) (= (external# f) (external@ f)))
              (=> (live# f) (= (closing# f) (or (= f n) (closing@ f))))))))
)";

void replace(std::string& text, const std::string& from, const std::string& to) {
    for (auto at = text.find(from); at != std::string::npos; at = text.find(from, at + to.size()))
        text.replace(at, from.size(), to);
}

std::string at_time(std::string text, const std::string& before, const std::string& after) {
    replace(text, "@", before);
    replace(text, "#", after);
    return text;
}

// Whether one mapping carries several flows.
bool has_shared_mappings(const step_rules& rules) {
    return rules.mapping_type == mapping_type::eim || rules.mapping_type == mapping_type::adm;
}

}  // namespace

std::string world(const step_rules& rules) {
    return sorts_text + ("\n" + same_mapping(rules.mapping_type)) + same_scope(rules.clash_scope);
}

std::string state(const std::string& time) { return at_time(state_text, time, ""); }
std::string invariant(const std::string& time) { return at_time(invariant_text, time, ""); }
std::string property(const std::string& time) { return at_time(property_text, time, ""); }

std::vector<std::string> kinds(const step_rules& rules) {
    std::vector<std::string> out{"opens"};
    if (rules.mapping_type != mapping_type::edm) out.emplace_back("shares");
    if (rules.takes_over) out.emplace_back("takes-over");
    out.insert(out.end(), {"ends", "starts-closing"});
    return out;
}

std::string applied(const std::string& kind, const std::string& time, const std::string& n,
                    const std::string& e) {
    const bool of_flow_alone = kind == "ends" || kind == "starts-closing";
    return "(" + kind + time + " " + n + (of_flow_alone ? "" : " " + e) + ")";
}

std::string steps(const step_rules& rules, const std::string& before, const std::string& after) {
    const bool shared = has_shared_mappings(rules);
    const std::string free = "(not (holds@ g n e))";
    // a source with a mapping shares it or is refused: it is not searched another endpoint
    const auto searched = [&](bool tested, const std::string& test) {
        std::vector<std::string> parts;
        if (shared) parts.emplace_back("(not (and (live@ g) (same-mapping g n)))");
        if (tested) parts.push_back(test);
        return all_of(parts);
    };
    std::string text = opens_text;
    replace(text, "<OPEN>", searched(rules.open_tests_free, free));
    if (rules.mapping_type != mapping_type::edm) {
        text += shares_text;
        replace(text, "<SAME>", shared ? "same-mapping" : "same-source");
        replace(text, "<FREE>",
                !rules.share_tests_free ? "true"
                : shared                ? "(=> (holds@ g n e) (same-mapping g n))"
                                        : free);
    }
    if (rules.takes_over) {
        text += takes_over_text;
        replace(text, "<CLOSING>", searched(true, "(=> (holds@ g n e) (closing@ g))"));
        replace(text, "<STAYS>",
                rules.take_over_removes ? "(and (live@ f) (not (holds@ f n e)))" : "(live@ f)");
    }
    text += ends_text;
    replace(text, "<CAUSES>",
            std::string("it is closed or its time is up") +
                (rules.drops ? ", or a full table drops it (whichever it is)" : ""));
    return at_time(text, before, after);
}

}  // namespace unique_text

std::vector<obligation> unique_obligations(const step_rules& rules, const std::string& of) {
    using namespace unique_text;
    // a name must not end its comment: what follows would be part of the script
    std::string subject = of;
    for (char& c : subject)
        if (static_cast<unsigned char>(c) < ' ') c = ' ';
    const auto script = [&](int number, const std::string& name, const std::string& says,
                            const std::string& body) {
        return obligation{name, "; unique, " + subject + ": obligation " + std::to_string(number) +
                                    " of 3, " + name + ".\n; " + says +
                                    "\n; Expected: unsat.\n(set-logic UF)\n" + world(rules) + body +
                                    "(check-sat)\n"};
    };
    std::string steps_of;
    for (const auto& kind : kinds(rules)) steps_of += " " + applied(kind, "", "n", "e");
    return {
        script(1, "initiation", "The empty table satisfies the invariant.",
               state("") + invariant("") +
                   "\n(assert (forall ((f Flow)) (not (live f))))\n(assert (not invariant))\n"),
        script(2, "consecution", "Where the invariant holds, it holds after every step.",
               state("") + state("-after") + invariant("") + invariant("-after") +
                   steps(rules, "", "-after") +
                   "\n(declare-const n Flow)\n(declare-const e Endpoint)\n(assert "
                   "invariant)\n(assert (or" +
                   steps_of + "))\n(assert (not invariant-after))\n"),
        script(3, "property", "The invariant implies the property.",
               state("") + invariant("") + property("") +
                   "\n(assert invariant)\n(assert (not unique))\n"),
    };
}

}  // namespace natbound
