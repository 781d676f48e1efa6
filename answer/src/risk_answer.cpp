// The risk at the scenario's own traffic: first attempts, connections after their retries, time.
#include <algorithm>
#include <cmath>
#include <map>
#include <string>
#include <tuple>
#include <vector>

#include "evidence.hpp"
#include "limits.hpp"
#include "natbound/answer/answer.hpp"
#include "natbound/calculator/likely.hpp"
#include "natbound/calculator/retries.hpp"
#include "natbound/model/error.hpp"
#include "risk.hpp"

namespace natbound {

namespace bj = boost::json;
using namespace calculator;

namespace {

// What a client does of itself when nothing comes back: the first SYN and six more after 1, 2, 4
// ... s (Linux, net.ipv4.tcp_syn_retries).
constexpr std::uint64_t syns = 7;

bool silent(const scenario& s) {
    for (const auto& n : s.nats)
        if (n.design.failure.kind != failure_kind::drop) return false;
    return !s.nats.empty();
}

// A kind's refusal probability as attempts of retries raise its load, with the load of what shares
// its ports: read between loads that were looked at, at most a hundredth apart; where the method is
// exact, at each load itself.
class rising_refusals {
  public:
    rising_refusals(const scenario& s, const study_options& how, const risk_result& first,
                    double scale)
        : study_(s, how), first_(first), scale_(scale) {
        remember(1, first);
    }

    // times: the kind's attempts over its connections.
    double at(std::size_t kind, double times) {
        times = std::max(times, 1.0);
        auto above = seen_.lower_bound(times);
        if (above != seen_.end() && above->first == times) return above->second[kind];
        if (!first_.exact && above != seen_.end()) {
            const auto below = std::prev(above);
            const double part = (times - below->first) / (above->first - below->first);
            if (above->first / below->first < 1.01)
                return below->second[kind] + part * (above->second[kind] - below->second[kind]);
        }
        remember(times, study_.risk(times * scale_));
        return seen_[times][kind];
    }

  private:
    // By the order of first_'s kinds, and never falling with the load, as noise might have it.
    void remember(double times, const risk_result& r) {
        std::map<std::tuple<std::string, std::string, std::string>, double> found;
        for (const auto& k : r.kinds) found[{k.clients, k.destination, k.protocol}] = k.odds.value;
        std::vector<double> out;
        const auto after = seen_.upper_bound(times);
        for (std::size_t k = 0; k < first_.kinds.size(); ++k) {
            const auto& kind = first_.kinds[k];
            const double least = after == seen_.begin() ? 0 : std::prev(after)->second[k];
            const double most = after == seen_.end() ? 1 : after->second[k];
            out.push_back(
                std::clamp(found[{kind.clients, kind.destination, kind.protocol}], least, most));
        }
        seen_[times] = std::move(out);
    }

    loss_study study_;
    const risk_result& first_;
    double scale_;
    std::map<double, std::vector<double>> seen_;  // by attempts over connections
};

bj::object retried(const scenario& s, study_options how, const risk_result& first, double scale,
                   std::uint64_t tries) {
    retry_policy policy;
    policy.tries = tries;
    if (!first.exact) how.holds /= 8;  // several loads are looked at
    rising_refusals refusals(s, how, first, scale);
    double connections = 0, attempts = 0, refused = 0, failed = 0, waited = 0;
    for (std::size_t k = 0; k < first.kinds.size(); ++k) {
        const auto& kind = first.kinds[k];
        const double rate = kind.kind.rate * kind.kind.endpoints * scale, p = kind.odds.value;
        retry_answer found{};
        if (p < 1e-5 || tries == 1) {
            // what retries add to the load is less than an interval can tell
            const double q = tries == 1 ? 0 : p;
            found.attempt_refusal = p;
            found.connection_failure = std::pow(p, static_cast<double>(tries));
            found.attempts = 1 + q;
            found.mean_delay = q * policy.backoff;
        } else {
            found = retries(1.0, policy, [&](double times) { return refusals.at(k, times); });
        }
        connections += rate;
        attempts += rate * found.attempts;
        refused += rate * found.attempts * found.attempt_refusal;
        failed += rate * found.connection_failure;
        waited += rate * (1 - found.connection_failure) * found.mean_delay;
    }
    // in a cascade a connection counts once, however many stages it passes
    const double passed = connections / first.rate;
    const double delay = failed < connections ? waited / (connections - failed) : 0;
    return {{"tries", tries},
            {"attempt_refusal", std::min(1.0, refused / attempts * passed)},
            {"connection_failure", std::min(1.0, failed / connections * passed)},
            {"attempts_per_connection", attempts / connections},
            {"failures_per_day", failed * 86400},
            {"mean_delay", delay},
            {"at_most", first.overall.at_most}};
}

}  // namespace

bj::object risk_answer(const scenario& s, const risk_options& options) {
    if (!(options.scale > 0 && std::isfinite(options.scale)))
        throw domain_error("risk: scale must be finite and above 0");
    if (!(options.epsilon > 0 && options.epsilon < 1))
        throw domain_error("risk: epsilon must be above 0 and below 1");
    if (s.traffic.empty())
        throw input_error("traffic", "", "a risk is one of traffic, and the scenario has none",
                          "add traffic: [{from: ..., to: ..., rate: 500/s, hold: 60s}]");
    study_options how;
    how.seed = options.seed;
    how.interrupt = options.interrupt;
    loss_study study(s, how);
    const auto r = study.risk(options.scale);
    bj::object out{{"schema", "natbound.risk/1"}, {"rate", r.rate}, {"load", r.load}};
    out["hold"] = r.load / r.rate;
    const auto& p = r.overall;
    out["refusal_probability"] = p.at_most ? bj::value(nullptr) : bj::value(p.value);
    if (p.at_most) out["at_most"] = p.value;
    out["log_refusal_probability"] = std::isfinite(p.log) ? bj::value(p.log) : bj::value(nullptr);
    out["interval"] = bj::array{p.low, p.high};
    // of formulas: what double arithmetic loses
    out["error_bound"] = r.exact ? 1e-12 * p.value : std::max(p.high - p.value, p.value - p.low);
    out["exact"] = r.exact;
    out["hash_known"] = r.hash_known;
    out["method"] = r.method.empty() ? "nothing refuses" : r.method;
    if (const auto windows = study.windows(options.scale))
        out["formula"] = bj::object{{"name", "window_loss"},
                                    {"refusal_probability", windows->refusal},
                                    {"leaves_out", texts(windows->leaves_out)}};
    out["worst_refusal_probability"] = odds_json(r.worst);
    out["full_probability"] =
        r.full_probability ? bj::value(*r.full_probability) : bj::value(nullptr);
    out["refusals_per_day"] = r.refusals_a_day;
    if (std::isfinite(r.first_refusal))
        out["seconds_to_first_refusal"] =
            bj::object{{p.at_most ? "at_least" : "value", r.first_refusal},
                       {"from_empty", r.first_refusal_from_empty}};
    else
        out["seconds_to_first_refusal"] = nullptr;
    if (r.bursty && options.tries > 1)
        throw unsupported(
            "retries after refusals of arrivals in bursts come together again, and are not "
            "modelled "
            "yet; ask with --tries 1");
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
    if (has_other_limits(s)) {
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
    const std::uint64_t tries = options.tries ? options.tries : silent(s) && !r.bursty ? syns : 1;
    out["retries"] = retried(s, how, r, options.scale, tries);
    bj::array kinds;
    for (const auto& k : r.kinds) {
        if (kinds.size() == 100) break;
        bj::object one = kind_json(k);
        const double rate = k.kind.rate * k.kind.endpoints * options.scale;
        one["rate"] = rate;
        one["share_of_refusals"] =
            p.value > 0 ? bj::value(k.odds.value * rate / (p.value * r.rate)) : bj::value(nullptr);
        kinds.push_back(std::move(one));
    }
    out["kinds"] = std::move(kinds);
    bj::array assumed = texts(r.assumed);
    if (r.bursty)
        assumed.push_back(
            "first attempts alone are counted: retries after refusals of bursts come in bursts");
    if (tries > 1)
        assumed.push_back(bj::string(
            "after a refusal a client tries again, " + std::to_string(tries) +
            " times in all, 1, 2, 4 ... s later; each try meets the NAT as a stranger would"));
    out["assumptions"] = std::move(assumed);
    return out;
}

}  // namespace natbound
