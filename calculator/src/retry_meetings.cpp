// How far the tries of one connection are from strangers to one another.
//
// Let F be whether the ports are full, m the load of attempts refused, z m the spectrum at slow
// frequencies of what is refused (z = 1 were it Poisson), e the elasticity of the share refused by
// the load, g = refused (1 + e) how what is refused follows the load. A part of what is refused
// comes back after a wait, so that in all L = (part that goes on) x g of a swing comes back; the
// swings obey a linear equation (the noise that drives it: the Poisson noise of what comes, and z)
// whose solution for exponential waits of mean b is that F at two times t apart has the covariance,
// over the square of its mean,
//
//     ((z - 1) delta(t) + (e / (1 + e))^2 L (2 z - L (1 + z)) / (2 (1 - L) b) e^(-(1 - L) t / b)) /
//     m.
//
// Of a chain in equilibrium that refuses f(n) of what comes when n are live, A the
// load, z <= 1 + 2 e: A Int Cov(f, f(t)) dt = Cov(f, n) - Int Cov(f, n(t)) dt, both not negative,
// and Cov(f, n) = A dp/dA = p e. Two tries that are i and j among a connection's are joined by that
// covariance averaged over the waits between them, and the sum over all pairs is the logarithm of
// what more fail, to first order. A wait spread evenly over b (1 +- jitter) has at t = 0 at most
// the density 1 / (2 b jitter), half of delta's weight falls on it; b jitter stands for b in the
// swings, as those refused together come back within that.
#include <cmath>
#include <limits>
#include <natbound/calculator/retries.hpp>

#include "retry_series.hpp"

namespace natbound::calculator {

double meet_again(const retry_policy& policy, double attempts, double refused, double elasticity) {
    constexpr double infinite = std::numeric_limits<double>::infinity();
    constexpr double longest = 1e150;          // holds
    constexpr std::uint64_t most = 1'000'000;  // tries that are looked at
    if (policy.tries == 1 || policy.persistence == 0 || std::isinf(policy.backoff) ||
        refused == 0 || attempts == 0)
        return 0;
    if (!may_be_strangers(policy) || !std::isfinite(elasticity)) return infinite;
    const double r = policy.persistence, q = r * refused, e = elasticity, z = 1 + 2 * e;
    const double goes_on = policy.tries == 0 ? r
                                             : r * detail::series(q, policy.tries - 1) /
                                                   detail::series(q, policy.tries);
    const double back = std::fmin(goes_on * refused * (1 + e), 1 - 1e-12);
    const double most_wait = std::fmin(policy.most_backoff / policy.hold, longest);
    const double first = std::fmin(policy.backoff / policy.hold, most_wait);
    const double m = attempts * refused, spread = first * policy.jitter;
    const double follows = e / (1 + e);
    const double swing =
        follows * follows * back * (2 * z - back * (1 + z)) / (2 * (1 - back) * spread * m);
    // Of the connections in question (those that fail; where none need, all), how many make that
    // many tries.
    const double all = detail::failure(refused, r, policy.tries);
    const auto reached = [&](std::uint64_t tries) {
        if (policy.tries == 0) return std::pow(q, static_cast<double>(tries));
        if (r == 1) return 1.0;
        return std::pow(q, static_cast<double>(tries)) *
               detail::failure(refused, r, policy.tries - tries) / all;
    };
    double out = 0, joined = 0, wait = first;
    for (std::uint64_t k = 1; policy.tries == 0 || k < policy.tries; ++k) {
        if (k > most) return infinite;
        const double weight = reached(k), before = joined;
        joined = (1 + joined) / (1 + (1 - back) * wait / first);
        const double now = (z - 1) / (4 * wait * policy.jitter * m);
        const double more = weight * (swing * joined + now);
        out += more;
        if (out > 1e3) return out;
        wait = std::fmin(wait * policy.factor, most_wait);
        // What the further ones add, at most: once `joined` falls it goes on to fall.
        const double tries = static_cast<double>(policy.tries) - static_cast<double>(k);
        const double left = policy.tries == 0 ? 1 / (1 - q) : tries;
        const double later = joined < before ? joined : std::fmin(1 / (1 - back), joined + left);
        if (weight * (swing * later + now) * left < 1e-9) break;
    }
    return out;
}

}  // namespace natbound::calculator
