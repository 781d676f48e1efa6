// Blocks on demand: the law of what one subscriber holds, and tilted convolutions of it.
#include "natbound/calculator/dealt_blocks.hpp"

#include <algorithm>
#include <boost/math/special_functions/gamma.hpp>
#include <cmath>
#include <limits>

#include "natbound/calculator/erlang.hpp"
#include "other_limits.hpp"

namespace natbound::calculator {
namespace {

using detail::log_sum;
constexpr double never = -std::numeric_limits<double>::infinity();

double log_poisson(double n, double mean) {
    if (mean <= 0) return n > 0 ? never : 0;
    return n * std::log(mean) - mean - std::lgamma(n + 1);
}

// log P(N <= n), and its complement's log.
struct tails {
    double below, above;
};
tails of_poisson(double n, double mean) {
    if (mean <= 0) return {0, never};
    const double above = boost::math::gamma_p(n + 1, mean),
                 below = boost::math::gamma_q(n + 1, mean);
    tails out{above < 0.5 ? std::log1p(-above) : std::log(below),
              below < 0.5 ? std::log1p(-below) : std::log(above)};
    // beyond the least double: the first terms of either sum
    if (above <= 0) out.above = log_poisson(n + 1, mean) - std::log1p(-mean / (n + 2));
    if (below <= 0) out.below = log_poisson(n, mean) - std::log1p(-n / mean);
    return out;
}

// One subscriber: log of the chance that it holds so many blocks, and that it does with a scope at
// the end of its last block.
struct own_law {
    std::vector<double> held;               // by blocks, 0 .. most
    std::vector<std::vector<double>> full;  // by scope, then by blocks
    double all = 0;                         // log of the sum of `held`
};

own_law law_of(const block_dealing& what, const block_subscribers& who) {
    own_law out;
    out.full.resize(who.scopes.size());
    double before_below = never, before_above = 0;  // of no block at all: impossible
    for (std::uint64_t j = 0; j <= what.most; ++j) {
        const auto ports = static_cast<double>(j * what.block);
        double below = 0;
        std::vector<tails> here;
        for (const auto& s : who.scopes) {
            here.push_back(of_poisson(ports, s.load));
            below += s.copies * here.back().below;
        }
        const double above = below < 0 ? std::log(-std::expm1(below)) : never;
        // what lies between two steps, from the side on which they differ most
        double between = never;
        if (j == 0)
            between = below;
        else if (before_above > std::log(0.5))
            between = before_below == never
                          ? below
                          : below + std::log(-std::expm1(std::min(before_below - below, -0.0)));
        else
            between = before_above == never || above >= before_above
                          ? never
                          : before_above + std::log1p(-std::exp(above - before_above));
        out.held.push_back(between);
        for (std::size_t s = 0; s < who.scopes.size(); ++s)
            out.full[s].push_back(log_poisson(ports, who.scopes[s].load) + below - here[s].below);
        before_below = below;
        before_above = above;
        out.all = below;
    }
    return out;
}

// A law on first, first + 1, ...: where it matters.
struct window {
    std::size_t first = 0;
    std::vector<double> p = {1};

    void trim() {
        constexpr double nothing = 1e-40;
        const double most = *std::max_element(p.begin(), p.end());
        std::size_t from = 0, to = p.size();
        while (p[from] < nothing * most) ++from;
        while (p[to - 1] < nothing * most) --to;
        p = std::vector<double>(p.begin() + static_cast<std::ptrdiff_t>(from),
                                p.begin() + static_cast<std::ptrdiff_t>(to));
        first += from;
    }
    double at(std::size_t n) const { return n < first || n - first >= p.size() ? 0 : p[n - first]; }
};

window operator*(const window& a, const window& b) {
    window out{a.first + b.first, std::vector<double>(a.p.size() + b.p.size() - 1, 0)};
    for (std::size_t i = 0; i < a.p.size(); ++i)
        for (std::size_t j = 0; j < b.p.size(); ++j) out.p[i + j] += a.p[i] * b.p[j];
    out.trim();
    return out;
}

window power(window base, std::uint64_t n) {
    window out;
    for (; n > 0; n >>= 1) {
        if (n & 1) out = out * base;
        if (n > 1) base = base * base;
    }
    return out;
}

class dealer {
  public:
    explicit dealer(const block_dealing& what) : what_(what) {
        for (const auto& who : what.kinds) {
            laws_.push_back(law_of(what, who));
            most_ += who.count * what.most;
        }
        binds_ = most_ > what.pool;
        if (binds_) tilt();
    }

    std::vector<dealt_refusal> of(std::size_t k) const {
        const auto& own = laws_[k];
        std::vector<dealt_refusal> out;
        if (!binds_) {
            for (const auto& full : own.full)
                out.push_back({std::min(0.0, full.back() - own.all), never});
            return out;
        }
        window others;
        double weight = 0;  // log of what the tilted laws of the others were divided by
        double whole = 0;   // log of all that they could hold, were the pool endless
        for (std::size_t i = 0; i < laws_.size(); ++i) {
            const auto many = what_.kinds[i].count - (i == k ? 1 : 0);
            const auto [law, sum] = tilted(laws_[i]);
            others = others * power(law, many);
            weight += static_cast<double>(many) * sum;
            whole += static_cast<double>(many) * laws_[i].all;
        }
        // log P(the others hold at most / exactly so many)
        const auto exactly = [&](std::uint64_t n) {
            return std::log(others.at(n)) + weight - theta_ * static_cast<double>(n);
        };
        const auto at_most = [&](std::uint64_t n) {
            double sum = never;
            const std::size_t last = others.first + others.p.size() - 1;
            if (theta_ <= 0) {
                for (std::size_t x = others.first; x <= std::min<std::size_t>(n, last); ++x)
                    sum = log_sum(sum, exactly(x));
                return sum;
            }
            for (std::size_t x = std::max<std::size_t>(n + 1, others.first); x <= last; ++x)
                sum = log_sum(sum, exactly(x));
            return sum >= whole ? never : whole + std::log1p(-std::exp(sum - whole));
        };
        double total = never;
        std::vector<double> left;  // log P(room for so many blocks of its own)
        for (std::uint64_t j = 0; j <= std::min(what_.most, what_.pool); ++j) {
            left.push_back(at_most(what_.pool - j));
            total = log_sum(total, own.held[j] + left.back());
        }
        for (const auto& full : own.full) {
            dealt_refusal one{never, never};
            if (what_.most < left.size()) one.by_quota = full.back() + left.back() - total;
            for (std::uint64_t j = 0; j < what_.most && j <= what_.pool; ++j)
                one.by_pool = log_sum(one.by_pool, full[j] + exactly(what_.pool - j) - total);
            one.by_quota = std::min(one.by_quota, 0.0);
            one.by_pool = std::min(one.by_pool, 0.0);
            out.push_back(one);
        }
        return out;
    }

    // Of all subscribers: how often no block is left, and how many they hold.
    void pool(dealt_answer& out) const {
        double whole = 0, weight = 0, held = 0;
        window all;
        for (std::size_t i = 0; i < laws_.size(); ++i) {
            const auto many = static_cast<double>(what_.kinds[i].count);
            whole += many * laws_[i].all;
            for (std::size_t j = 0; j < laws_[i].held.size(); ++j)
                held += many * static_cast<double>(j) * std::exp(laws_[i].held[j] - laws_[i].all);
            if (!binds_) continue;
            const auto [law, sum] = tilted(laws_[i]);
            all = all * power(law, what_.kinds[i].count);
            weight += many * sum;
        }
        if (!binds_) {
            // all that they may hold, and no more
            out.log_exhausted = most_ < what_.pool ? never : 0;
            for (std::size_t i = 0; i < laws_.size() && most_ == what_.pool; ++i)
                out.log_exhausted += static_cast<double>(what_.kinds[i].count) *
                                     (laws_[i].held.back() - laws_[i].all);
            out.mean_blocks = held;
            return;
        }
        double below = never, below_blocks = never, above = never, above_blocks = never;
        for (std::size_t x = all.first; x < all.first + all.p.size(); ++x) {
            const double here =
                std::log(all.at(x)) + weight - theta_ * static_cast<double>(x) - whole;
            const double blocks = here + std::log(static_cast<double>(x));
            (x <= what_.pool ? below : above) = log_sum(x <= what_.pool ? below : above, here);
            auto& sum = x <= what_.pool ? below_blocks : above_blocks;
            sum = log_sum(sum, blocks);
        }
        // where the mean lies below the pool, most of what is there lies outside of the window
        const double total = theta_ > 0 ? std::log1p(-std::exp(std::min(above, -0.0))) : below;
        out.log_exhausted = std::log(all.at(what_.pool)) + weight -
                            theta_ * static_cast<double>(what_.pool) - whole - total;
        out.mean_blocks = theta_ > 0 ? (held - std::exp(above_blocks)) / std::exp(total)
                                     : std::exp(below_blocks - total);
    }

  private:
    // The law with so much more weight for each block, and the logarithm of what it was divided by.
    std::pair<window, double> tilted(const own_law& law) const {
        std::vector<double> logs;
        double sum = never;
        for (std::size_t j = 0; j < law.held.size(); ++j) {
            logs.push_back(law.held[j] + theta_ * static_cast<double>(j));
            sum = log_sum(sum, logs.back());
        }
        window out{0, {}};
        for (const double x : logs) out.p.push_back(std::exp(x - sum));
        out.trim();
        return {out, sum};
    }

    double mean() const {
        double out = 0;
        for (std::size_t i = 0; i < laws_.size(); ++i) {
            const auto law = tilted(laws_[i]).first;
            double one = 0;
            for (std::size_t j = 0; j < law.p.size(); ++j)
                one += static_cast<double>(law.first + j) * law.p[j];
            out += static_cast<double>(what_.kinds[i].count) * one;
        }
        return out;
    }

    void tilt() {
        double low = -1, high = 1;
        const auto pool = static_cast<double>(what_.pool);
        const auto mean_at = [&](double theta) {
            theta_ = theta;
            return mean();
        };
        while (low > -1e5 && mean_at(low) > pool) low *= 2;
        while (high < 1e5 && mean_at(high) < pool) high *= 2;
        // near enough for the pool to lie well within the window
        for (int i = 0; i < 60 && high - low > 1e-3 * std::fabs(low + high); ++i) {
            const double middle = (low + high) / 2;
            (mean_at(middle) < pool ? low : high) = middle;
        }
        theta_ = (low + high) / 2;
    }

    const block_dealing& what_;
    std::vector<own_law> laws_;
    std::uint64_t most_ = 0;  // blocks that all could hold
    bool binds_ = false;
    double theta_ = 0;
};

}  // namespace

dealt_answer dealt_blocks(const block_dealing& what) {
    const dealer all(what);
    dealt_answer out;
    for (std::size_t k = 0; k < what.kinds.size(); ++k) out.refused.push_back(all.of(k));
    all.pool(out);
    return out;
}

}  // namespace natbound::calculator
