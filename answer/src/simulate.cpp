// The simulator as JSON.
#include <algorithm>

#include "evidence.hpp"
#include "natbound/answer/answer.hpp"
#include "natbound/calculator/simulator.hpp"
#include "risk.hpp"

namespace natbound {

namespace bj = boost::json;
using namespace calculator;

namespace {

bj::object share_json(const simulated_share& s) {
    return {
        {"value", s.value}, {"interval", bj::array{s.low, s.high}}, {"independent", s.independent}};
}

bj::object count_json(const simulated_count& c) {
    bj::object out{{"arrivals", c.arrivals},
                   {"refused", c.refused},
                   {"cut", c.cut},
                   {"unoffered", c.unoffered},
                   {"refusal_probability", c.refusal_probability},
                   {"interval", bj::array{c.low, c.high}},
                   {"independent", c.independent}};
    if (c.retries)
        out["retries"] =
            bj::object{{"attempts", c.retries->attempts},
                       {"refused", c.retries->refused},
                       {"gave_up", c.retries->gave_up},
                       {"attempt_refusal", share_json(c.retries->attempt_refusal)},
                       {"connection_failure", share_json(c.retries->connection_failure)},
                       {"mean_delay", c.retries->mean_delay}};
    return out;
}

}  // namespace

bj::object policy_json(const retry_policy& p) {
    return {{"tries", p.tries}, {"backoff", p.backoff}, {"factor", p.factor}, {"jitter", p.jitter}};
}

bj::object simulation_answer(const scenario& s, const simulation_question& asked,
                             const std::function<void(double)>& progress) {
    simulate_options options;
    options.seed = asked.seed;
    options.arrivals = asked.arrivals;
    options.scale = asked.scale;
    if (asked.retry.tries != 1) options.retry = asked.retry;
    if (progress)
        options.progress = [&](std::uint64_t done, std::uint64_t all) {
            progress(std::min(1.0, static_cast<double>(done) / static_cast<double>(all)));
        };
    const auto found = simulate(s, options);
    bj::array kinds;
    for (const auto& k : found.kinds) {
        bj::object one{{"from", k.clients}, {"to", k.servers}, {"destination", k.destination}};
        for (auto& field : count_json(k)) one[field.key()] = std::move(field.value());
        kinds.push_back(std::move(one));
    }
    bj::object out{{"schema", "natbound.simulate/1"}, {"seed", asked.seed}};
    for (auto& field : count_json(found)) out[field.key()] = std::move(field.value());
    if (options.retry) out["policy"] = policy_json(asked.retry);
    out["met_time_wait"] = found.met_time_wait;
    bj::array by;
    for (const auto& one : found.refused_by) {
        bj::object item{{"kind", name_of(one.limit)}, {"refused", one.refused}};
        for (auto& field : share_json(one.share)) item[field.key()] = std::move(field.value());
        by.push_back(std::move(item));
    }
    out["refused_by"] = std::move(by);
    out["refused_by_rate"] = found.policed;
    out["packets"] = bj::object{{"offered", found.packets}, {"lost", found.packets_lost}};
    out["events"] = found.events;
    out["mean_live"] = found.mean_live;
    out["kinds"] = std::move(kinds);
    out["assumptions"] = texts(found.assumed);
    return out;
}

}  // namespace natbound
