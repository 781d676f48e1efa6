#include <algorithm>
#include <boost/math/special_functions/gamma.hpp>
#include <cmath>
#include <natbound/calculator/erlang.hpp>
#include <natbound/calculator/port_blocks.hpp>

#include "argument.hpp"

namespace natbound::calculator {
namespace {

using law = std::vector<double>;

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

// One subscriber: chances of n = block x j live flows and of j blocks, for j = 0 .. most, as for a
// subscriber with its quota alone.
struct subscriber {
    law flows, blocks;

    explicit subscriber(const block_pool& x) : flows(x.most + 1), blocks(x.most + 1) {
        const std::uint64_t quota = x.block * x.most;
        const double mode = std::min(std::floor(x.load), static_cast<double>(quota));
        std::vector<double> p(quota + 1);
        const auto m = static_cast<std::size_t>(mode);
        p[m] = 1;
        for (std::size_t n = m; n > 0; --n) p[n - 1] = p[n] * (static_cast<double>(n) / x.load);
        for (std::size_t n = m; n < quota; ++n) {
            p[n + 1] = p[n] * (x.load / static_cast<double>(n + 1));
        }
        double total = 0;
        for (double w : p) total += w;
        for (std::size_t n = 0; n <= quota; ++n) {
            const double chance = p[n] / total;
            if (n % x.block == 0) flows[n / x.block] = chance;
            blocks[(n + x.block - 1) / x.block] += chance;
        }
    }
};

// Sums of up to `most`; the rest is dropped.
law convolve(const law& a, const law& b, std::size_t most) {
    law out(std::min(a.size() + b.size() - 1, most + 1), 0.0);
    for (std::size_t i = 0; i < a.size() && i < out.size(); ++i) {
        if (a[i] == 0) continue;
        const std::size_t end = std::min(b.size(), out.size() - i);
        for (std::size_t j = 0; j < end; ++j) out[i + j] += a[i] * b[j];
    }
    return out;
}

// The largest to 1, so that products of many laws that hardly fit do not underflow.
void scale(law& a) {
    const double most = *std::max_element(a.begin(), a.end());
    if (most > 0) {
        for (double& x : a) x /= most;
    }
}

law power(law base, std::uint64_t times, std::size_t most) {
    law out{1};
    scale(base);
    for (; times > 0; times >>= 1) {
        if ((times & 1) != 0) {
            out = convolve(out, base, most);
            scale(out);
        }
        if (times > 1) {
            base = convolve(base, base, most);
            scale(base);
        }
    }
    return out;
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
    const subscriber one(x);
    const std::size_t pool = static_cast<std::size_t>(x.pool);
    const law others = power(one.blocks, x.subscribers - 1, pool);
    const auto other = [&](std::size_t k) { return k < others.size() ? others[k] : 0.0; };
    // Chances that the others hold at most k blocks.
    law most(pool + 1);
    double sum = 0;
    for (std::size_t k = 0; k <= pool; ++k) most[k] = sum += other(k);
    const law all = convolve(others, one.blocks, pool);
    double total = 0, held = 0;
    for (std::size_t k = 0; k < all.size(); ++k) {
        total += all[k];
        held += static_cast<double>(k) * all[k];
    }
    block_refusals out{};
    const std::size_t top = static_cast<std::size_t>(x.most);
    if (top <= pool) out.by_quota = one.flows[top] * most[pool - top] / total;
    for (std::size_t j = 0; j < top && j <= pool; ++j) {
        out.by_pool += one.flows[j] * other(pool - j) / total;
    }
    out.refusal = out.by_quota + out.by_pool;
    out.pool_exhausted = all.size() > pool ? all[pool] / total : 0;
    out.mean_blocks = held / total;
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
