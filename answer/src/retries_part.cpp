// What becomes of connections whose clients try again: the fixed point where each try meets the
// ports as a stranger would, else what is counted in a simulation, else a bound.
//
// The bound is what is refused without retries. With a complete search and exponential holds that
// is a theorem: let two NATs meet the same first attempts, one of them retries too, and let the
// flows that both hold close together. The one with retries then never has fewer live, so it
// carries no less, and what is not carried has failed (Little). Elsewhere it was not seen to be
// broken (tests/python/test_retries.py).
#include <algorithm>
#include <cmath>
#include <map>
#include <optional>
#include <tuple>

#include "natbound/calculator/simulator.hpp"
#include "natbound/calculator/systems.hpp"
#include "natbound/model/error.hpp"
#include "risk.hpp"

namespace natbound {

namespace bj = boost::json;
using namespace calculator;

namespace {

constexpr std::uint64_t syns = 7;      // Linux: net.ipv4.tcp_syn_retries = 6, and the first
constexpr double most_attempts = 1e6;  // to simulate, about
constexpr double worth_a_look = 3;     // refusals without retries, expected among the arrivals

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
        : s_(s), how_(how), first_(first), scale_(scale) {
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
        if (!study_) study_.emplace(s_, how_);
        remember(times, study_->risk(times * scale_));
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

    const scenario& s_;
    study_options how_;
    std::optional<loss_study> study_;  // not needed where nobody tries again
    const risk_result& first_;
    double scale_;
    std::map<double, std::vector<double>> seen_;  // by attempts over connections
};

// The load of the smallest part of the NAT that refuses a kind's connections for itself: of the
// systems that it meets, or of one client with a quota.
double least_load(const system_split& all, const traffic_kind& kind) {
    double least = kind.load;
    bool met = false;
    for (const auto& system : all.systems)
        for (const auto& part : system.parts) {
            const auto& k = all.kinds[part.kind];
            if (std::tie(k.clients, k.servers, k.nat, k.address, k.port) !=
                std::tie(kind.clients, kind.servers, kind.nat, kind.address, kind.port))
                continue;
            double load = system.load();
            if (all.plans[system.nat].quota)
                load = std::min(load, part.load() / std::max(1.0, part.addresses));
            least = met ? std::min(least, load) : load;
            met = true;
        }
    return least;
}

// None where those refused together meet again.
std::optional<bj::object> fixed_point(const scenario& s, const risk_result& first,
                                      const risk_options& options, const retry_policy& policy) {
    study_options how;
    how.seed = options.seed;
    how.interrupt = options.interrupt;
    if (!first.exact) how.holds /= 8;  // several loads are looked at
    rising_refusals refusals(s, how, first, options.scale);
    std::optional<system_split> all;  // which not every network has that can be counted
    double connections = 0, attempts = 0, refused = 0, failed = 0, waited = 0, meet = 0;
    for (std::size_t k = 0; k < first.kinds.size(); ++k) {
        const auto& kind = first.kinds[k];
        const double rate = kind.kind.rate * kind.kind.endpoints * options.scale,
                     p = kind.odds.value;
        retry_answer found{};
        if (p == 0 || policy.tries == 1) {
            found.attempt_refusal = found.connection_failure = p;
            found.attempts = 1;
        } else {
            if (!all) all = split(s, fill_traffic(s));
            const double load = least_load(*all, kind.kind) * options.scale;
            found = retries_of_strangers(
                load, policy, [&](double offered) { return refusals.at(k, offered / load); });
        }
        meet = std::max(meet, found.meet_again);
        connections += rate;
        attempts += rate * found.attempts;
        refused += rate * found.attempts * found.attempt_refusal;
        failed += rate * found.connection_failure;
        waited += rate * (1 - found.connection_failure) * found.mean_delay;
    }
    if (meet > nearly_strangers) return {};
    // in a cascade a connection counts once, however many stages it passes
    const double passed = connections / first.rate;
    const double failure = std::min(1.0, failed / connections * passed);
    const bool bound = first.overall.at_most;
    bj::object out{{"attempt_refusal", std::min(1.0, refused / attempts * passed)},
                   {"connection_failure", bound ? bj::value(nullptr) : bj::value(failure)},
                   {"attempts_per_connection", attempts / connections},
                   {"failures_per_day", failed * 86400},
                   {"mean_delay", failed < connections ? waited / (connections - failed) : 0},
                   {"method", policy.tries == 1 ? "one try" : "fixed point"},
                   {"why", policy.tries == 1 ? "a connection refused is a connection failed"
                                             : "back-offs are long and spread: each try meets "
                                               "the NAT as a stranger would"}};
    if (bound) out["at_most"] = failure;
    return out;
}

bj::object bounded(const risk_result& first, double at_most, const std::string& why) {
    return {{"attempt_refusal", nullptr},
            {"connection_failure", nullptr},
            {"at_most", at_most},
            {"attempts_per_connection", nullptr},
            {"failures_per_day", at_most * first.rate * 86400},
            {"mean_delay", nullptr},
            {"method", "bound"},
            {"why", why}};
}

bj::object simulated(const risk_result& first, const simulate_result& seen,
                     const risk_options& options) {
    const auto& found = *seen.retries;
    const auto& failure = found.connection_failure;
    bj::object out{
        {"attempt_refusal", found.attempt_refusal.value},
        {"attempt_interval", bj::array{found.attempt_refusal.low, found.attempt_refusal.high}},
        {"connection_failure", failure.value},
        {"interval", bj::array{failure.low, failure.high}},
        {"independent", failure.independent},
        {"attempts_per_connection",
         static_cast<double>(found.attempts) / static_cast<double>(seen.arrivals)},
        {"failures_per_day", failure.value * first.rate * 86400},
        {"mean_delay", found.mean_delay},
        {"method", "simulated"},
        {"why",
         "back-offs are short beside a hold, or not spread: who is refused comes back "
         "to the same full ports"},
        {"arrivals", seen.arrivals},
        {"seed", options.seed}};
    if (failure.value > 0) return out;
    const double at_most = std::min(failure.high, first.overall.high);
    out["connection_failure"] = nullptr;
    out["at_most"] = at_most;
    out["failures_per_day"] = at_most * first.rate * 86400;
    return out;
}

}  // namespace

retry_policy syn_policy(std::uint64_t tries) {
    retry_policy out;
    out.tries = tries;
    out.backoff = 1;
    return out;
}

bj::object retries_part(const scenario& s, const risk_result& r, const risk_options& options) {
    retry_policy policy = options.retry;
    if (policy.tries == 0) policy.tries = silent(s) ? syns : 1;
    policy.hold = r.load / r.rate;
    bj::object out = policy_json(policy);
    const auto join = [&](bj::object more) {
        for (auto& field : more) out[field.key()] = std::move(field.value());
        return out;
    };
    if (policy.tries == 1 ||
        (!r.counted && std::all_of(r.kinds.begin(), r.kinds.end(), [&](const kind_result& k) {
            return !k.odds.at_most && (k.odds.value == 0 || may_be_strangers(policy));
        })))
        if (auto found = fixed_point(s, r, options, policy)) return join(std::move(*found));
    const double p = r.overall.high;
    const double arrivals = most_attempts / (1 + p * static_cast<double>(policy.tries - 1));
    const std::string most = "no more than is refused without retries; ";
    if (r.overall.at_most || p * arrivals < worth_a_look)
        return join(bounded(r, p, most + "too rare to be seen in a short simulation"));
    auto how = short_simulation(options, static_cast<std::uint64_t>(arrivals));
    how.retry = policy;
    try {
        const auto seen = simulate(s, how);
        if (seen.retries) return join(simulated(r, seen, options));
        return join(bounded(r, p, most + "in a simulation no client had a free socket"));
    } catch (const unsupported& why) {
        return join(bounded(r, p, most + "not simulated: " + why.what()));
    }
}

}  // namespace natbound
