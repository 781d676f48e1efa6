// A target for the connections that fail is one for the share p of attempts refused, and p makes
// the load of attempts A = load (1 + r p + ...) known: what is left is Erlang's inverse.
#include <cmath>
#include <natbound/calculator/erlang.hpp>
#include <natbound/calculator/retries.hpp>

#include "least.hpp"
#include "monotone.hpp"
#include "retry_series.hpp"

namespace natbound::calculator {
namespace {

using detail::require;

// The share of attempts refused with which `target` of the connections fail.
double share_refused(const char* function, double target, const retry_policy& policy) {
    detail::require_target(function, target);
    require(policy.persistence >= 0 && policy.persistence <= 1, function, "persistence",
            policy.persistence, "must lie within [0, 1]");
    require(policy.tries <= 1000000, function, "tries", static_cast<double>(policy.tries),
            "must be at most 1e6, or 0: without end");
    require(policy.tries != 0 || policy.persistence < 1, function, "tries", 0,
            "must be at least 1 where all try again: without end none fail below as much load as "
            "ports, and all beyond");
    const double r = policy.persistence;
    if (policy.tries == 0) return target / (1 - r + r * target);
    if (policy.tries == 1 || r == 0) return target;
    const double root = std::pow(target, 1 / static_cast<double>(policy.tries));
    if (r == 1) return root;
    return std::fmin(detail::most_crossing(
                         std::fmin(target / (1 - r), root),
                         [&](double p) {
                             return p >= 1 ? HUGE_VAL
                                           : std::log(detail::failure(p, r, policy.tries) / target);
                         }),
                     1);
}

// Strangers, as there is no word of a back-off.
retry_policy without_backoff(std::uint64_t tries, double persistence) {
    retry_policy out;
    out.tries = tries;
    out.persistence = persistence;
    return out;
}

}  // namespace

double load_for_retries(double ports, double target, std::uint64_t tries, double persistence) {
    constexpr const char* function = "load_for_retries";
    const auto policy = without_backoff(tries, persistence);
    require(ports >= 0 && ports <= 1e12, function, "ports", ports,
            "must be at least 0 and at most 1e12");
    const double p = share_refused(function, target, policy);
    require(p < 1, function, "target", target, "is met by the most load there is, 1e12");
    const double attempts = load_for(ports, p);
    const double load = attempts / detail::series(persistence * p, tries);
    require(load <= 1e12, function, "target", target, "is met by the most load there is, 1e12");
    return detail::a_hair_less(load, [&](double less) {
        return retries(ports, less, policy).connection_failure <= target;
    });
}

std::uint64_t ports_for_retries(double load, double target, std::uint64_t tries,
                                double persistence) {
    constexpr const char* function = "ports_for_retries";
    const auto policy = without_backoff(tries, persistence);
    require(load >= 0 && load <= 1e12, function, "load", load,
            "must be at least 0 and at most 1e12");
    const double p = share_refused(function, target, policy);
    const double attempts = load * detail::series(persistence * p, tries);
    const auto meets = [&](std::uint64_t n) {
        return retries(static_cast<double>(n), load, policy).connection_failure <= target;
    };
    auto ports = attempts <= 1e12 ? ports_for(attempts, p) : std::uint64_t{0};
    // The formula's last bits may want one more, or one less.
    while (ports > 0 && meets(ports - 1)) --ports;
    return meets(ports) ? ports : detail::least_from(ports, meets);
}

std::uint64_t tries_for_retries(double ports, double load, double target, double persistence) {
    constexpr const char* function = "tries_for_retries";
    detail::require_target(function, target);
    const auto above = [&](std::uint64_t tries) {
        const auto found = retries(ports, load, without_backoff(tries, persistence));
        return detail::above(std::log(found.connection_failure), target,
                             [&] { return found.connection_failure; });
    };
    const double alone = above(1) + std::log(target);  // log of what one try alone fails of
    const double guess = alone < 0 ? std::ceil(std::log(target) / alone) : 1;
    return detail::least_to_meet(
        function, target,
        "is not met with a million tries: as many fail as the ports cannot carry, or give up",
        {1, 1000000, std::fmin(guess, 1e6), 2}, above);
}

}  // namespace natbound::calculator
