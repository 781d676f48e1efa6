// The risk at the scenario's own traffic: first attempts and time; retries: retries_part.cpp.
#include <algorithm>
#include <cmath>
#include <optional>
#include <string>
#include <vector>

#include "evidence.hpp"
#include "limits.hpp"
#include "natbound/answer/answer.hpp"
#include "natbound/calculator/likely.hpp"
#include "natbound/model/error.hpp"
#include "risk.hpp"

namespace natbound {

namespace bj = boost::json;
using namespace calculator;

bj::object risk_answer(const scenario& s, const risk_options& options) {
    if (!(options.scale > 0 && std::isfinite(options.scale)))
        throw domain_error("risk: scale must be finite and above 0");
    if (!(options.epsilon > 0 && options.epsilon < 1))
        throw domain_error("risk: epsilon must be above 0 and below 1");
    need_traffic(s, "a risk is one of traffic");
    study_options how;
    how.seed = options.seed;
    how.interrupt = options.interrupt;
    how.known = std::make_shared<known_curves>();
    // As low as states are ever seen to refuse: a bound that stops earlier would say more of a load
    // than what is measured of a higher one.
    how.lowest = 1e-14;
    std::optional<loss_study> study;
    risk_result r;
    try {
        study.emplace(s, how);
        r = study->risk(options.scale);
        narrow(s, options, r);
    } catch (const unsupported& why) {
        study.reset();
        r = counted_risk(s, options, why);
    }
    bj::object out{{"schema", "natbound.risk/1"}, {"rate", r.rate}, {"load", r.load}};
    out["hold"] = r.load / r.rate;
    const auto& p = r.overall;
    out["refusal_probability"] = p.at_most ? bj::value(nullptr) : bj::value(p.value);
    if (p.at_most) out["at_most"] = p.value;
    out["log_refusal_probability"] = std::isfinite(p.log) ? bj::value(p.log) : bj::value(nullptr);
    out["interval"] = bj::array{p.low, p.high};
    out["interval_is"] = r.exact ? "exact" : r.bounds ? "bounds" : "95 %";
    if (r.within) out["bounds"] = bj::array{r.within->first, r.within->second};
    out["refused_by"] = refused_by_part(s, r);
    // of formulas: what double arithmetic loses
    out["error_bound"] = r.exact ? 1e-12 * p.value : std::max(p.high - p.value, p.value - p.low);
    out["exact"] = r.exact;
    out["hash_known"] = r.hash_known;
    out["method"] = r.method.empty() ? "nothing refuses" : r.method;
    if (const auto windows = study ? study->windows(options.scale) : std::nullopt)
        out["formula"] = bj::object{{"name", "window_loss"},
                                    {"refusal_probability", windows->refusal},
                                    {"leaves_out", texts(windows->leaves_out)}};
    out["worst_refusal_probability"] = odds_json(r.worst);
    out["full_probability"] =
        r.full_probability ? bj::value(*r.full_probability) : bj::value(nullptr);
    out["refusals_per_day"] = r.refusals_a_day;
    if (std::isfinite(r.first.at_least))
        out["seconds_to_first_refusal"] = first_json(r.first);
    else
        out["seconds_to_first_refusal"] = nullptr;
    if (!r.rates.empty()) {
        bj::array rates;
        for (const auto& one : r.rates) {
            bj::object item{
                {"nat", one.nat},
                {one.packets ? "packets" : "connections", one.limit},
                {"burst", one.depth},
                {"offered", one.offered},
                {"refusal_probability", one.refusal},
                {"log_refusal_probability",
                 std::isfinite(one.log_refusal) ? bj::value(one.log_refusal) : bj::value(nullptr)}};
            if (one.packets) {
                item["packet_loss"] = one.packet_loss;
                item["mean_delay"] = one.delay;
            }
            rates.push_back(std::move(item));
        }
        out["rate_limits"] = std::move(rates);
    }
    std::vector<std::string> unknown;
    out["own_ports"] = own_ports_answer(s, options.scale, &unknown);
    if (!r.cuts.empty()) {
        bj::array cuts;
        for (const auto& one : r.cuts) {
            bj::object item{{"nat", one.nat}, {"probability", one.probability}};
            if (one.silence)
                item["silence"] =
                    std::isfinite(*one.silence) ? bj::value(*one.silence) : bj::value(nullptr);
            cuts.push_back(std::move(item));
        }
        out["cuts"] = std::move(cuts);
    }
    if (study && has_other_limits(s)) {
        // a factor to a few parts in a thousand is enough to rank by
        study_options rough = how;
        rough.holds = 2;
        rough.bounds = false;
        const auto likely = loss_study(s, rough).likely(options.epsilon);
        limit_question asked;
        asked.s = &s;
        asked.epsilon = options.epsilon;
        asked.load = r.load;
        asked.likely = &likely;
        asked.ports_alone = [&] {
            const scenario alone = with_ports_alone(s);
            return loss_study(alone, rough).likely(options.epsilon);
        };
        bj::array limits = limits_part(asked);
        out["first_limit"] = first_limit(limits);
        out["limits"] = std::move(limits);
        out["epsilon"] = options.epsilon;
    }
    out["retries"] = retries_part(s, r, options);
    bj::array kinds;
    for (const auto& k : r.kinds) {
        if (kinds.size() == 100) break;
        bj::object one = kind_json(k);
        const double rate = k.kind.rate * k.kind.endpoints * options.scale;
        one["rate"] = rate;
        one["share_of_refusals"] =
            p.value > 0 ? bj::value(std::min(1.0, k.odds.value * rate / (p.value * r.rate)))
                        : bj::value(nullptr);
        kinds.push_back(std::move(one));
    }
    out["kinds"] = std::move(kinds);
    auto assumed = r.assumed;
    for (const auto& name : unknown)
        assumed.push_back("client set " + name +
                          ": how often it has no free port of its own is not worked out for its "
                          "bursts; simulate counts it");
    out["assumptions"] = texts(assumed);
    return out;
}

}  // namespace natbound
