// Proving the formula, and holding it to the maximum as it is computed.
#include "natbound/solver/all_sizes.hpp"

#include <map>

#include "all_sizes_obligations.hpp"
#include "all_sizes_shape.hpp"
#include "natbound/model/error.hpp"
#include "natbound/solver/maximum.hpp"

namespace natbound {

namespace {

// A number of a class or part stands in words only where there are several.
void shorten(std::vector<size_parameter>& all) {
    std::map<std::string, int> alike;
    const auto stem = [](const std::string& name) {
        const auto at = name.rfind('-');
        const bool number = at != std::string::npos && at + 1 < name.size() &&
                            name.find_first_not_of("0123456789", at + 1) == std::string::npos;
        return number ? name.substr(0, at) : name;
    };
    for (const auto& p : all) ++alike[stem(p.name)];
    for (auto& p : all)
        if (alike[stem(p.name)] == 1 && stem(p.name) != p.name) p.short_name = stem(p.short_name);
}

void prove(all_sizes_result& out, const query_limits& limits) {
    for (const auto& o : out.obligations) {
        const auto answer = z3_query(o.smt2).ask(limits);
        if (answer.verdict == satisfiability::unsat) continue;
        out.reason =
            "obligation " + o.name + ": " +
            (answer.verdict == satisfiability::sat ? "Z3 finds a counterexample" : answer.reason);
        return;
    }
    out.proved = true;
}

}  // namespace

all_sizes_result prove_maximum(const scenario& s, const query_limits& limits) {
    auto shape = shape_of(s);
    shorten(shape.parameters);
    all_sizes_result out;
    std::map<std::string, count> sizes;
    std::map<std::string, std::string> names;
    out.formula = "(define-fun maximum (";
    for (const auto& p : shape.parameters) {
        sizes[p.name] = p.value;
        names[p.name] = p.short_name;
        out.formula += (&p == &shape.parameters.front() ? "(" : " (") + p.name + " Int)";
    }
    out.formula += ") Int " + to_smt2(shape.formula) + ")";
    out.in_words = in_words(shape.formula, names);
    out.connections = value_of(shape.formula, sizes);
    out.parameters = std::move(shape.parameters);
    const auto found = maximum(s);
    if (out.connections < found.at_least || out.connections > found.at_most)
        throw error("the formula gives " + grouped(out.connections) + ", and the maximum is " +
                    grouped(found.at_least) + ": this is a defect of natbound");
    out.obligations = all_sizes_obligations(shape.networks);
    prove(out, limits);
    return out;
}

}  // namespace natbound
