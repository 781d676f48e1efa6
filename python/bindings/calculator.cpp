// The formulas, over scalars or arrays by broadcasting.
#include "natbound/calculator/attempts.hpp"
#include "natbound/calculator/erlang.hpp"
#include "natbound/calculator/first_passage.hpp"

#include "formula.hpp"

namespace py = pybind11;
namespace calc = natbound::calculator;
using broadcasting::formula;
using broadcasting::whole;

namespace {

// Whether a port may be drawn twice.
calc::draws drawn(double again) {
    return again != 0 ? calc::draws::with_replacement : calc::draws::without_replacement;
}

}  // namespace

void bind_calculator(py::module_& m) {
    formula(m, "erlang_b", calc::erlang_b, "ports", "load");
    formula(m, "log_erlang_b", calc::log_erlang_b, "ports", "load");
    formula(m, "load_for", calc::load_for, "ports", "target");
    formula(m, "ports_for", calc::ports_for, "load", "target");
    formula(
        m, "refusal_probability",
        [](double ports, double tries, double load, double again) {
            constexpr const char* name = "refusal_probability";
            return calc::refusal_probability(whole(name, "ports", ports),
                                             whole(name, "tries", tries), load, drawn(again));
        },
        "ports", "tries", "load", "with_replacement");
    formula(
        m, "log_refusal_probability",
        [](double ports, double tries, double load, double again) {
            constexpr const char* name = "log_refusal_probability";
            return calc::log_refusal_probability(whole(name, "ports", ports),
                                                 whole(name, "tries", tries), load, drawn(again));
        },
        "ports", "tries", "load", "with_replacement");
    formula(
        m, "load_for_attempts",
        [](double ports, double tries, double target, double again) {
            constexpr const char* name = "load_for_attempts";
            return calc::load_for_attempts(whole(name, "ports", ports), whole(name, "tries", tries),
                                           target, drawn(again));
        },
        "ports", "tries", "target", "with_replacement");
    formula(
        m, "time_to_full",
        [](double ports, double load) {
            return calc::time_to_full(whole("time_to_full", "ports", ports), load).mean;
        },
        "ports", "load");
    formula(
        m, "time_to_first_refusal",
        [](double ports, double load) {
            constexpr const char* name = "time_to_first_refusal";
            return calc::time_to_first_refusal(whole(name, "ports", ports), load).mean;
        },
        "ports", "load");
}
