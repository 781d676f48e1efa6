// f(A) = A/g(B(A)) - load, g(p) = sum_{k<tries} (r p)^k, grows with A: a bracket, then TOMS 748.
#include <boost/math/tools/toms748_solve.hpp>
#include <cmath>
#include <limits>
#include <natbound/calculator/erlang.hpp>
#include <natbound/calculator/retries.hpp>

#include "argument.hpp"
#include "retry_series.hpp"

namespace natbound::calculator {
namespace {

using detail::failure;
using detail::require;
using detail::series;

constexpr const char* name = "retries";

// Over those that succeed at attempt k + 1, with weight q^k: the sum of the first k waits.
double mean_delay(double q, const retry_policy& policy) {
    if (std::isinf(policy.backoff))
        return q > 0 && policy.tries != 1 ? std::numeric_limits<double>::infinity() : 0;
    // The waits grow faster than the chance to need them falls: no mean.
    if (policy.tries == 0 && q * policy.factor >= 1 && policy.most_backoff >= 1e300 &&
        policy.backoff > 0)
        return std::numeric_limits<double>::infinity();
    double waited = 0, wait = std::fmin(policy.backoff, policy.most_backoff);
    double weight = 1, total = 0, moment = 0;
    const std::uint64_t most = policy.tries == 0 ? UINT64_MAX : policy.tries;
    for (std::uint64_t k = 0; k < most; ++k) {
        total += weight;
        moment += weight * waited;
        waited += wait;
        const bool capped = wait * policy.factor >= policy.most_backoff || policy.factor == 1;
        wait = std::fmin(wait * policy.factor, policy.most_backoff);
        weight *= q;
        if (weight == 0) break;
        if (!capped || k + 1 == most) continue;
        // From here on each wait is `wait`: n more attempts, in closed form.
        if (policy.tries == 0) {
            total += weight / (1 - q);
            moment += weight * (waited / (1 - q) + wait * q / ((1 - q) * (1 - q)));
            break;
        }
        if (weight * static_cast<double>(most - k) < 1e-18 * total && waited < 1e300 &&
            weight * waited * static_cast<double>(most - k) < 1e-18 * moment)
            break;
    }
    return total > 0 ? moment / total : 0;
}

void check(double load, const retry_policy& policy) {
    require(load >= 0 && load <= 1e12, name, "load", load, "must be at least 0 and at most 1e12");
    require(policy.tries <= 1000000, name, "tries", static_cast<double>(policy.tries),
            "must be at most 1e6, or 0: without end");
    require(policy.persistence >= 0 && policy.persistence <= 1, name, "persistence",
            policy.persistence, "must lie within [0, 1]");
    require(policy.backoff >= 0 && (policy.backoff <= 1e100 || std::isinf(policy.backoff)), name,
            "backoff", policy.backoff, "must be at least 0 and at most 1e100, or infinite");
    require(policy.factor >= 1 && policy.factor <= 1e3, name, "factor", policy.factor,
            "must be at least 1 and at most 1e3");
    require(policy.most_backoff >= 0, name, "most_backoff", policy.most_backoff,
            "must be at least 0");
    require(policy.jitter >= 0 && policy.jitter <= 1, name, "jitter", policy.jitter,
            "must lie within [0, 1]");
    require(policy.hold > 0 && policy.hold <= 1e100, name, "hold", policy.hold,
            "must be above 0 and at most 1e100");
}

// d log refusal / d log attempts, of a law that may be read from a table: by a hair and by a part.
double elasticity_of(const std::function<double(double)>& refused, double attempts, double p) {
    double most = 0;
    for (const double step : {1e-5, 0.02})
        most = std::fmax(most, std::log(refused(attempts * (1 + step)) / p) / std::log1p(step));
    return most;
}

struct fixed_point {
    double attempts, refused;
};

template <class Refusal>
fixed_point solve(double load, const retry_policy& policy, const Refusal& refused) {
    const auto short_of = [&](double attempts) {
        const double q = policy.persistence * refused(attempts);
        return q >= 1 && policy.tries == 0 ? -load : attempts / series(q, policy.tries) - load;
    };
    double attempts = load;
    if (load > 0 && short_of(load) < 0) {
        double high = 2 * load;
        for (; short_of(high) < 0; high *= 2)
            require(high < 1e18, name, "load", load,
                    "grows without end: all persist and the pool cannot carry them");
        std::uintmax_t steps = 300;
        const auto root = boost::math::tools::toms748_solve(
            short_of, load, high, boost::math::tools::eps_tolerance<double>(52), steps);
        attempts = root.first + (root.second - root.first) / 2;
    }
    return {attempts, refused(attempts)};
}

retry_answer answer_of(const fixed_point& found, double load, const retry_policy& policy,
                       double meet) {
    const double p = found.refused, q = policy.persistence * p;
    retry_answer out{};
    out.attempt_load = found.attempts;
    out.attempt_refusal = p;
    out.connection_failure = failure(p, policy.persistence, policy.tries);
    out.attempts = load > 0 ? found.attempts / load : series(q, policy.tries);
    out.mean_delay = mean_delay(q, policy);
    out.carried = found.attempts * (1 - p);
    out.meet_again = meet;
    return out;
}

const retry_answer& strangers_only(const retry_answer& found, const retry_policy& policy) {
    require(found.meet_again <= nearly_strangers, name, "backoff", policy.backoff,
            "must be spread over so long (backoff x jitter at least 4 holds, and the more, the "
            "fewer are refused and the more tries there are) that those refused together do not "
            "meet again: they find the same full ports, and this formula would be wrong by more "
            "than a tenth, up to orders of magnitude. Simulate: natbound simulate FILE --tries N "
            "--backoff T, or Scenario.simulate(tries=N); without a back-off this is the limit of "
            "long ones");
    return found;
}

}  // namespace

bool may_be_strangers(const retry_policy& policy) {
    constexpr double slow = 4;  // holds: the ports forget within one
    return policy.tries == 1 || std::isinf(policy.backoff) ||
           std::fmin(policy.backoff, policy.most_backoff) * policy.jitter >= slow * policy.hold;
}

double all_backoffs(const retry_policy& policy) {
    double sum = 0, wait = policy.backoff;
    for (std::uint64_t k = 1; k < policy.tries; ++k, wait *= policy.factor) {
        if (wait >= policy.most_backoff || policy.factor == 1)
            return sum +
                   static_cast<double>(policy.tries - k) * std::fmin(wait, policy.most_backoff);
        sum += wait;
    }
    return sum;
}

retry_answer retries_of_strangers(double load, const retry_policy& policy,
                                  const std::function<double(double)>& refusal) {
    check(load, policy);
    const auto refused = [&](double attempts) {
        const double p = refusal(attempts);
        require(p >= 0 && p <= 1, name, "refusal", p, "must lie within [0, 1]");
        return p;
    };
    const auto found = solve(load, policy, refused);
    const double p = found.refused;
    const bool alone = policy.tries == 1 || std::isinf(policy.backoff) || p == 0 || load == 0;
    const double steep = alone ? 0 : elasticity_of(refused, found.attempts, p);
    return answer_of(found, load, policy, meet_again(policy, found.attempts, p, steep));
}

retry_answer retries(double load, const retry_policy& policy,
                     const std::function<double(double)>& refusal) {
    return strangers_only(retries_of_strangers(load, policy, refusal), policy);
}

retry_answer retries(double ports, double load, const retry_policy& policy) {
    require(ports >= 0 && ports <= 1e15, name, "ports", ports,
            "must be at least 0 and at most 1e15");
    check(load, policy);
    require(policy.tries != 0 || policy.persistence < 1 || load < ports, name, "load", load,
            "must be below ports where all try again without end");
    const auto found = solve(load, policy, [&](double a) { return erlang_b(ports, a); });
    const double idle = std::fmax(0, ports - found.attempts * (1 - found.refused));
    const double meet = meet_again(policy, found.attempts, found.refused, idle);
    return strangers_only(answer_of(found, load, policy, meet), policy);
}

}  // namespace natbound::calculator
