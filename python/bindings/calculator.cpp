// The formulas, over scalars or arrays by broadcasting.
#include "natbound/calculator/attempts.hpp"
#include "natbound/calculator/erlang.hpp"
#include "natbound/calculator/first_passage.hpp"

#include "draws.hpp"
#include "formula.hpp"

namespace py = pybind11;
namespace calc = natbound::calculator;
using broadcasting::formula;
using broadcasting::whole;

namespace {

// f of ports, tries and a third number, for draws of either kind.
template <class F>
void tries_formula(py::module_& m, const char* name, F f, const char* third) {
    formula(
        m, name,
        [name, f](double ports, double tries, double x, double again) {
            return f(whole(name, "ports", ports), whole(name, "tries", tries), x,
                     draws_of(name, again));
        },
        "ports", "tries", third, "with_replacement");
}

}  // namespace

void bind_calculator(py::module_& m) {
    formula(m, "erlang_b", calc::erlang_b, "ports", "load");
    formula(m, "log_erlang_b", calc::log_erlang_b, "ports", "load");
    formula(m, "load_for", calc::load_for, "ports", "target");
    formula(m, "ports_for", calc::ports_for, "load", "target");
    tries_formula(m, "refusal_probability", calc::refusal_probability, "load");
    tries_formula(m, "log_refusal_probability", calc::log_refusal_probability, "load");
    tries_formula(m, "load_for_attempts", calc::load_for_attempts, "target");
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
