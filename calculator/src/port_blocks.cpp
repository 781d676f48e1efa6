#include <algorithm>
#include <boost/math/special_functions/gamma.hpp>
#include <cmath>
#include <natbound/calculator/dealt_blocks.hpp>
#include <natbound/calculator/erlang.hpp>
#include <natbound/calculator/port_blocks.hpp>

#include "argument.hpp"

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

block_refusals blocks_refused(const block_pool& x) {
    check("blocks_refused", x);
    const auto found = dealt_blocks({x.block, x.most, x.pool, {{x.subscribers, {{x.load, 1}}}}});
    block_refusals out{};
    out.by_quota = std::exp(found.refused[0][0].by_quota);
    out.by_pool = std::exp(found.refused[0][0].by_pool);
    out.refusal = out.by_quota + out.by_pool;
    out.pool_exhausted = std::exp(found.log_exhausted);
    out.mean_blocks = found.mean_blocks;
    return out;
}

std::uint64_t subscribers_for(const block_pool& what, double target) {
    block_pool x = what;
    x.subscribers = 1;
    check("subscribers_for", x);
    detail::require(target > 0 && target < 1, "subscribers_for", "target", target,
                    "must be above 0 and below 1");
    const auto fits = [&](std::uint64_t subscribers) {
        x.subscribers = subscribers;
        return blocks_refused(x).refusal <= target;
    };
    if (!fits(1)) return 0;
    std::uint64_t good = 1, bad = 2;
    while (bad <= 1000000000 && fits(bad)) {
        good = bad;
        bad *= 2;
    }
    if (bad > 1000000000) bad = 1000000001;
    while (bad - good > 1) {
        const std::uint64_t middle = good + (bad - good) / 2;
        (fits(middle) ? good : bad) = middle;
    }
    return good;
}

}  // namespace natbound::calculator
