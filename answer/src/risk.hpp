#pragma once
// Likely, and the scenario's own traffic, as JSON.
#include <boost/json.hpp>

#include "natbound/answer/answer.hpp"
#include "natbound/calculator/likely.hpp"
#include "natbound/calculator/simulator.hpp"
#include "natbound/model/error.hpp"
#include "natbound/model/scenario.hpp"

namespace natbound {

// A probability: {value, interval}, or {at_most} where none of the states looked at could refuse.
boost::json::object odds_json(const calculator::refusal_odds& odds);
boost::json::object first_json(const calculator::first_time& first);
// An endpoint and an address, as "X to C (198.51.100.7:80) on 203.0.113.5".
boost::json::object kind_json(const calculator::kind_result& k);
boost::json::object likely_part(const scenario& s, const calculator::likely_result& l,
                                std::uint64_t seed);
boost::json::object traffic_part(const calculator::risk_result& r,
                                 const calculator::likely_result& l, bool given);

// A simulation of some seconds, at the options' traffic.
calculator::simulate_options short_simulation(const risk_options& options, std::uint64_t arrivals);

// What no method answers, counted. Throws unsupported where it can't be simulated either.
calculator::risk_result counted_risk(const scenario& s, const risk_options& options,
                                     const unsupported& why);

// Where limits that are not counted together leave wide bounds: a simulation tells where between
// them the truth lies.
void narrow(const scenario& s, const risk_options& options, calculator::risk_result& r);

// Which limit refuses: {kind, where, value, interval, interval_is, share}, in the order in which
// they are asked.
boost::json::array refused_by_part(const scenario& s, const calculator::risk_result& r);

boost::json::object policy_json(const calculator::retry_policy& p);
// What the retries of the options make of a risk.
boost::json::object retries_part(const scenario& s, const calculator::risk_result& r,
                                 const risk_options& options);

}  // namespace natbound
