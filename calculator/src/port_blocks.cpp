#include <algorithm>
#include <boost/math/special_functions/gamma.hpp>
#include <cmath>
#include <natbound/calculator/dealt_blocks.hpp>
#include <natbound/calculator/erlang.hpp>
#include <natbound/calculator/port_blocks.hpp>

#include "argument.hpp"
#include "blocks_about.hpp"
#include "kept_laws.hpp"
#include "logarithms.hpp"
#include "monotone.hpp"

namespace natbound::calculator {
namespace {

void check(const char* function, const block_pool& x) {
    const auto count = [&](const char* argument, std::uint64_t value, std::uint64_t most,
                           const char* rule) {
        detail::require(value >= 1 && value <= most, function, argument, static_cast<double>(value),
                        rule);
    };
    count("block", x.block, 65536, "must be at least 1 and at most 65,536");
    count("most", x.most, 4194304 / x.block, "must be at least 1, and x block at most 2^22");
    count("pool", x.pool, 65536, "must be at least 1 and at most 65,536");
    count("subscribers", x.subscribers, 1000000000, "must be at least 1 and at most 1e9");
    detail::require(x.load > 0 && x.load <= 1e9, function, "load", x.load,
                    "must be above 0 and at most 1e9");
}

}  // namespace

double poisson_tail(double ports, double load) {
    detail::require(ports >= 0 && ports <= 1e15, "poisson_tail", "ports", ports,
                    "must be at least 0 and at most 1e15");
    detail::require(load >= 0 && load <= 1e12, "poisson_tail", "load", load,
                    "must be at least 0 and at most 1e12");
    namespace policies = boost::math::policies;
    constexpr policies::policy<policies::domain_error<policies::ignore_error>,
                               policies::overflow_error<policies::ignore_error>,
                               policies::evaluation_error<policies::ignore_error>>
        quiet;
    return load == 0 ? 0 : boost::math::gamma_p(std::floor(ports) + 1, load, quiet);
}

std::uint64_t blocks_for(std::uint64_t block, double load, double target) {
    detail::require(block >= 1 && block <= 65536, "blocks_for", "block", static_cast<double>(block),
                    "must be at least 1 and at most 65,536");
    const std::uint64_t ports = ports_for(load, target);
    return (ports + block - 1) / block;
}

namespace {

// One block for each at most, or of one port, or enough for all: then none is kept that is not
// needed, or it does not matter.
block_dealing dealing_of(const block_pool& x) {
    constexpr std::uint64_t events = 1'000'000;
    const bool matters = x.kept && x.most > 1 && x.block > 1 && x.subscribers > x.pool / x.most;
    return {x.block, x.most, x.pool, {{x.subscribers, {{x.load, 1}}}}, 0, matters ? events : 0};
}

}  // namespace

block_refusals blocks_refused(const block_pool& x) {
    check("blocks_refused", x);
    const auto found = dealt_blocks(dealing_of(x));
    block_refusals out{};
    out.by_quota = std::exp(found.refused[0][0].by_quota);
    out.by_pool = std::exp(found.refused[0][0].by_pool);
    out.refusal = out.by_quota + out.by_pool;
    out.pool_exhausted = std::exp(found.log_exhausted);
    out.mean_blocks = found.mean_blocks;
    return out;
}

namespace {

// What lies so far above the target, in log odds, in about the standard deviations that a normal
// law would have it by: by the root of its logarithm, which changes nearly in a line with the load.
double in_deviations(double logs, double target) {
    const double wanted = -2 * std::log(target);
    return 2 * logs / (std::sqrt(wanted) + std::sqrt(std::fmax(wanted - 2 * logs, 0)));
}
double deviations_over(double log_refused, double target) {
    return in_deviations(
        detail::above_by_odds(log_refused, target, [&] { return std::exp(log_refused); }), target);
}

// How far what is refused lies above the target.
double over(const block_pool& x, double target, detail::kept_laws& seen) {
    const auto found = detail::dealt_blocks(dealing_of(x), seen);
    const auto& refused = found.refused[0][0];
    const double logs = detail::above_by_odds(
        detail::log_sum(refused.by_quota, refused.by_pool), target,
        [&] { return std::exp(refused.by_quota) + std::exp(refused.by_pool); });
    return in_deviations(logs, target);
}

// Mean and variance of the blocks of one subscriber who is never refused, about.
std::pair<double, double> blocks_of_one(const block_pool& x) {
    const auto size = static_cast<double>(x.block);
    double mean = 0, squares = 0;
    for (double k = 0; k < static_cast<double>(x.most); ++k) {
        using boost::math::policies::promote_double;
        constexpr boost::math::policies::policy<promote_double<false>> doubles;
        const double more = boost::math::gamma_p(k * size + 1, x.load, doubles);
        if (more < 1e-9) break;
        mean += more;
        squares += (2 * k + 1) * more;
    }
    return {mean, squares - mean * mean};
}

// How many standard deviations of the blocks wanted lie below a pool that meets the target, about.
double deviations_for(double target) {
    return std::sqrt(std::fmax(-2 * std::log(target) - 4, 0.25));
}

}  // namespace

std::uint64_t subscribers_for(const block_pool& what, double target) {
    block_pool x = what;
    x.subscribers = 1;
    detail::kept_laws seen;
    check("subscribers_for", x);
    detail::require_target("subscribers_for", target);
    const auto above = [&](std::uint64_t subscribers) {
        x.subscribers = subscribers;
        return over(x, target, seen);
    };
    if (above(1) > 0) return 0;
    // subscribers x mean + deviations x root of their variance = pool
    const auto [mean, variance] = blocks_of_one(x);
    const double spread = deviations_for(target) * std::sqrt(variance);
    const double root =
        2 * static_cast<double>(x.pool) /
        (spread + std::sqrt(spread * spread + 4 * mean * static_cast<double>(x.pool)));
    const double guess = std::floor(root * root);
    return detail::most_to_meet({1, 1000000000, guess, 1 + root / 4}, above);
}

std::uint64_t pool_for_blocks(const block_pool& what, double target) {
    constexpr const char* function = "pool_for_blocks";
    block_pool x = what;
    x.pool = 1;
    detail::kept_laws seen;
    check(function, x);
    detail::require_target(function, target);
    const double many = static_cast<double>(x.subscribers);
    const auto [mean, variance] = blocks_of_one(x);
    const double wide = std::sqrt(many * variance);
    return detail::least_to_meet(
        function, target,
        "is not met by a pool of 65,536 blocks: it is too small, or the subscriber's own limit "
        "alone refuses more",
        {1, 65536, std::fmin(std::ceil(many * mean + deviations_for(target) * wide), 65536),
         1 + wide / 4},
        [&](std::uint64_t pool) {
            x.pool = pool;
            return over(x, target, seen);
        });
}

double load_for_blocks(const block_pool& what, double target) {
    constexpr const char* function = "load_for_blocks";
    block_pool x = what;
    x.load = 1;
    detail::kept_laws seen;
    check(function, x);
    detail::require_target(function, target);
    const double own = static_cast<double>(x.most * x.block);
    const double alone = load_for(own, target);  // no more than what the own limit lets in
    // by the logarithm of the load, where that changes the answer nearly in a line
    detail::blocks_about about(x);
    const auto line = [&](double log_load) {
        return -deviations_over(about.log_refused(std::exp(log_load)), target);
    };
    const double highest = std::log(alone);
    double lowest = highest;
    while (line(lowest) < 0 && lowest > -50) lowest -= 0.5;
    const double guess =
        lowest < highest ? detail::falls_through(lowest, highest, line, 1e-4) : highest;
    const auto above = [&](double load) {
        x.load = load;
        return over(x, target, seen);
    };
    constexpr double apart = 1e-3, last_bits = 1e-12;  // of deviations: 1e-13 of loads
    const double slope = (line(guess) - line(guess - apart)) / apart;
    const auto root = detail::falling_root_near(
        guess, slope, [&](double log) { return -above(std::exp(log)); }, last_bits);
    if (root)
        return detail::a_hair_less(std::exp(*root) * (1 - 1e-13),
                                   [&](double less) { return above(less) <= 0; });
    return detail::most_real_to_meet(function, target, 1e-30, 1e9, std::exp(guess), above);
}

}  // namespace natbound::calculator
