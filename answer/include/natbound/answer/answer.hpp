#pragma once
// The answers as the command line prints them: solver and calculator put together, each number with
// its evidence. docs/commands.md describes the JSON.
#include <boost/json.hpp>
#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "natbound/calculator/after.hpp"
#include "natbound/calculator/retries.hpp"
#include "natbound/model/scenario.hpp"
#include "natbound/solver/demand.hpp"

namespace natbound {

struct answer_options {
    double epsilon = 1e-6;   // the probability that no kind of traffic may exceed, in (0, 1)
    std::uint64_t seed = 1;  // of the simulations, where the design needs them
    bool remedies = true;    // also the effect of what would help
    std::function<void()> interrupt;  // called now and then; what it throws ends the work
};

// The three numbers, the scenario's own traffic, limits, failure, remedies: "natbound.answer/1".
// Throws unsupported for shapes that this version can't settle, domain_error for an epsilon outside
// (0, 1).
boost::json::object answer(const scenario& s, const answer_options& options = {});

// The maximum ("natbound.capacity/1"), or whether `demand` connections fit, placed as the traffic
// is or (best) as well as possible.
boost::json::object maximum_answer(const scenario& s, bool multiple = true);
boost::json::object fit_answer(const scenario& s, const count& demand, bool best);

// The maximum of the scenario's shape as a formula over its sizes, proved for all of them:
// "natbound.all-sizes/1". Throws as prove_maximum does.
boost::json::object all_sizes_answer(const scenario& s, const std::function<void()>& interrupt);

// Whether a demand by pairs fits, and (wanted) its largest multiple that does; `multiple` alone is
// that of the scenario's traffic where no demand is given.
struct fit_options {
    bool evidence = true, multiple = true;
    std::vector<std::uint64_t> at;  // as fits() takes it
};
boost::json::object fit_answer(const scenario& s, const demand_list& demand,
                               const fit_options& options = {});
boost::json::value multiple_answer(const scenario& s, const demand_list& demand);
boost::json::array demand_json(const scenario& s, const demand_list& demand);

// A first SYN, and further ones after 1, 2, 4 ... s (Linux). tries 0: as many as clients make of
// themselves, by what they see.
calculator::retry_policy syn_policy(std::uint64_t tries = 0);

struct risk_options {
    double scale = 1;                               // of all rates
    calculator::retry_policy retry = syn_policy();  // in seconds; `hold` is the traffic's own
    std::uint64_t seed = 1;
    std::function<void()> interrupt = {};
    double epsilon = 1e-6;  // at which limits that are no ports are ranked, in (0, 1)
};

// The refusal probability of attempts, of connections after their retries, and of time, at the
// scenario's traffic: "natbound.risk/1". Throws input_error where there is no traffic.
boost::json::object risk_answer(const scenario& s, const risk_options& options = {});

// How often the clients of each set have no free port of their own towards the servers of each set,
// at the traffic times `scale`: {from, to, destination, ports, load, hold, time_wait,
// most_per_second, probability, log_probability, average}; own_ports.hpp says what is meant, and
// what `unknown` gets. Throws as fill_traffic does.
boost::json::array own_ports_answer(const scenario& s, double scale = 1,
                                    std::vector<std::string>* unknown = nullptr);

// Through a change, from `before` to `now`: "natbound.after/1". Throws as after() does.
boost::json::object after_answer(const scenario& before, const scenario& now,
                                 const calculator::after_options& options);

struct simulation_question {
    std::uint64_t seed = 1, arrivals = 1'000'000;
    double scale = 1;                                // of all rates
    calculator::retry_policy retry = syn_policy(1);  // one try: refused is refused
};

// The simulator: "natbound.simulate/1". `progress` is given the part that is done, 0..1; what it
// throws ends the work.
boost::json::object simulation_answer(const scenario& s, const simulation_question& asked,
                                      const std::function<void(double)>& progress);

// Properties of a design: "natbound.design-check/1".
boost::json::object design_answer(const design& d, const std::vector<std::string>& properties,
                                  const std::function<void()>& interrupt);

std::string to_text(const boost::json::object& value);
std::string to_text(const boost::json::array& value);

}  // namespace natbound
