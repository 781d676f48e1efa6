// Blocks on demand: tilted convolutions of what each subscriber holds.
#include "natbound/calculator/dealt_blocks.hpp"

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <limits>
#include <utility>

#include "dealt_paired.hpp"
#include "kept_laws.hpp"
#include "logarithms.hpp"

namespace natbound::calculator {
namespace {

using detail::log_sum;
using detail::log_zero;
using detail::own_law;

// Weights on first, first + 1, ..., where they matter, times 2^exponent.
struct window {
    std::size_t first = 0;
    std::vector<double> p = {1};
    std::int64_t exponent = 0;

    // Cuts off what is nothing, were it there for each of 1e9 subscribers, and brings the most to
    // about 1.
    void trim() {
        constexpr double nothing = 1e-28;
        const double most = *std::max_element(p.begin(), p.end());
        std::size_t from = 0, to = p.size();
        while (p[from] < nothing * most) ++from;
        while (p[to - 1] < nothing * most) --to;
        int twos = 0;
        std::frexp(most, &twos);
        const double scale = std::ldexp(1, -twos);
        for (std::size_t i = from; i < to; ++i) p[i - from] = p[i] * scale;
        p.resize(to - from);
        first += from;
        exponent += twos;
    }
    std::size_t end() const { return first + p.size(); }
};

window operator*(const window& a, const window& b) {
    if (a.p.size() > b.p.size()) return b * a;  // few long rows
    const std::size_t n = b.p.size();
    window out{a.first + b.first, std::vector<double>(a.p.size() + n - 1, 0),
               a.exponent + b.exponent};
    for (std::size_t i = 0; i < a.p.size(); ++i) {
        const double one = a.p[i];
        const double* from = b.p.data();
        double* to = out.p.data() + i;
        for (std::size_t j = 0; j < n; ++j) to[j] += one * from[j];
    }
    out.trim();
    return out;
}

// Each product of two different terms comes twice.
window squared(const window& a) {
    const std::size_t n = a.p.size();
    window out{2 * a.first, std::vector<double>(2 * n - 1, 0), 2 * a.exponent};
    for (std::size_t i = 0; i < n; ++i) {
        const double twice = 2 * a.p[i];
        double* to = out.p.data() + i;
        for (std::size_t j = i + 1; j < n; ++j) to[j] += twice * a.p[j];
        to[i] += a.p[i] * a.p[i];
    }
    out.trim();
    return out;
}

window power(window base, std::uint64_t n) {
    window out;
    for (; n > 0; n >>= 1) {
        if (n & 1) out = out * base;
        if (n > 1) base = squared(base);
    }
    return out;
}

// Sums of a window's weights, and of its places by them, each weight tilted by e^-|theta| for every
// place from it to n: up to n where theta is not above 0, else of those beyond.
struct window_sums {
    std::int64_t first;
    std::vector<double> weights, places;

    // For n in from .. to.
    window_sums(const window& of, std::int64_t from, std::int64_t to, double theta)
        : first(from), weights(static_cast<std::size_t>(to - from + 1)), places(weights.size()) {
        const double step = std::exp(-std::fabs(theta));
        const auto begin = static_cast<std::int64_t>(of.first);
        const auto end = static_cast<std::int64_t>(of.end());
        double sum = 0, moment = 0;
        const auto add = [&](std::int64_t n) {
            if (n < begin || n >= end) return;
            const double weight = of.p[static_cast<std::size_t>(n - begin)];
            sum += weight;
            moment += weight * static_cast<double>(n);
        };
        const auto move = [&] {
            sum *= step;
            moment *= step;
        };
        const auto keep = [&](std::int64_t n) {
            if (n < from || n > to) return;
            weights[static_cast<std::size_t>(n - from)] = sum;
            places[static_cast<std::size_t>(n - from)] = moment;
        };
        if (theta <= 0) {
            for (std::int64_t n = std::min(begin, from); n <= to; ++n) {
                move();
                add(n);
                keep(n);
            }
        } else {
            for (std::int64_t n = std::max(end - 1, to); n >= from; --n) {
                keep(n);
                add(n);
                move();
            }
        }
    }
};

// What several subscribers hold together, each law tilted by e^theta for a block: that of half of
// them and of the others, as only few sums of what both hold are asked for.
struct held_law {
    window some, others;
    double weight = 0;  // log of what the tilted laws were divided by, but for powers of two
    double whole = 0;   // log of all that they could hold, were the pool endless

    void add(const held_law& one, std::uint64_t many) {
        const window half = power(one.others, many / 2);
        if (many > 1) some = some * half;
        others = others * (many % 2 == 0 ? half : many > 1 ? half * one.others : one.others);
        weight += static_cast<double>(many) * one.weight;
        whole += static_cast<double>(many) * one.whole;
    }
    // What all logarithms here are less by: so large beside what they differ by that its rounding
    // would be most of their error.
    double common(std::uint64_t pool, double theta) const {
        return weight +
               static_cast<double>(some.exponent + others.exponent) * 0.69314718055994530942 -
               theta * static_cast<double>(pool);
    }
    // log P(they hold exactly so many)
    double exactly(std::uint64_t n, std::uint64_t pool, double theta) const {
        double sum = 0;
        for (std::size_t i = 0; i < some.p.size(); ++i) {
            const std::size_t at = some.first + i + others.first;
            if (n >= at && n - at < others.p.size()) sum += some.p[i] * others.p[n - at];
        }
        return untilted(sum, n, pool, theta);
    }
    // For each n in first..last: log P(at most n) where theta is not above 0, else log P(more).
    // None are differences.
    std::vector<double> beyond(std::uint64_t first, std::uint64_t last, double theta) const {
        const window_sums of = sums(first, last, theta);
        std::vector<double> out;
        for (std::uint64_t n = first; n <= last; ++n) {
            const std::size_t rest = place(n, of);
            double sum = 0;
            for (std::size_t i = 0; i < some.p.size(); ++i) sum += some.p[i] * of.weights[rest - i];
            out.push_back(untilted(sum, n, last, theta));
        }
        return out;
    }
    // The same for n alone, and the mean of what it sums: of (what is held) times its chance.
    std::pair<double, double> beyond_with_mean(std::uint64_t n, double theta) const {
        const window_sums of = sums(n, n, theta);
        const std::size_t rest = place(n, of);
        double sum = 0, blocks = 0;
        for (std::size_t i = 0; i < some.p.size(); ++i) {
            const double mine = some.p[i] * of.weights[rest - i];
            sum += mine;
            blocks += mine * static_cast<double>(some.first + i) + some.p[i] * of.places[rest - i];
        }
        return {untilted(sum, n, n, theta), untilted(blocks, n, n, theta)};
    }

  private:
    static double untilted(double weight, std::uint64_t n, std::uint64_t pool, double theta) {
        return weight > 0
                   ? std::log(weight) + theta * (static_cast<double>(pool) - static_cast<double>(n))
                   : log_zero;
    }
    // Of the others' blocks, wherever some leave first .. last of them.
    window_sums sums(std::uint64_t first_n, std::uint64_t last_n, double theta) const {
        return {others,
                static_cast<std::int64_t>(first_n) - static_cast<std::int64_t>(some.end() - 1),
                static_cast<std::int64_t>(last_n) - static_cast<std::int64_t>(some.first), theta};
    }
    // Where those stand that are left of n by the fewest of some.
    std::size_t place(std::uint64_t n, const window_sums& of) const {
        return static_cast<std::size_t>(static_cast<std::int64_t>(n) -
                                        static_cast<std::int64_t>(some.first) - of.first);
    }
};

class dealer {
  public:
    dealer(const block_dealing& what, detail::kept_laws& seen) : what_(what) {
        for (std::size_t kind = 0; kind < what.kinds.size(); ++kind) {
            laws_.push_back(seen.held(what, kind));
            most_ += what.kinds[kind].count * laws_.back().reached;
        }
        binds_ = most_ > what.pool;
        if (binds_) tilt();
    }

    dealt_answer run() const {
        dealt_answer out;
        if (!binds_) {
            alone(out);
            return out;
        }
        for (std::size_t k = 0; k < laws_.size(); ++k) {
            held_law held;
            for (std::size_t i = 0; i < laws_.size(); ++i)
                held.add(tilted_[i], what_.kinds[i].count - (i == k ? 1 : 0));
            out.refused.push_back(beside(held, laws_[k]));
            if (k > 0) continue;
            held.add(tilted_[0], 1);
            all_together(held, out);
        }
        // a mean that is off by so much is as good as a pool that is
        for (std::size_t k = 0; k < laws_.size(); ++k)
            out.log_error = std::hypot(
                out.log_error, static_cast<double>(what_.kinds[k].count) * laws_[k].error * theta_);
        return out;
    }

  private:
    // The pool never binds: each subscriber by itself.
    void alone(dealt_answer& out) const {
        out.log_exhausted = most_ < what_.pool ? log_zero : 0;
        for (std::size_t k = 0; k < laws_.size(); ++k) {
            const auto& own = laws_[k];
            const auto many = static_cast<double>(what_.kinds[k].count);
            auto& refused = out.refused.emplace_back();
            for (std::size_t s = 0; s < own.full.size(); ++s) {
                const double offered = log_total(own.offered[s]);
                refused.push_back({std::min(0.0, own.full[s].back() - offered), log_zero,
                                   std::min(0.0, log_total(own.at_quota[s]) - offered)});
            }
            // all that they may hold, and no more
            if (most_ == what_.pool) out.log_exhausted += many * (own.held[own.reached] - own.all);
            out.mean_blocks += many * mean_alone(own);
        }
    }

    // A subscriber's scopes, where the others hold what they hold.
    std::vector<dealt_refusal> beside(const held_law& others, const own_law& own) const {
        const auto exactly = [&](std::uint64_t n) { return others.exactly(n, what_.pool, theta_); };
        const double whole = others.whole - others.common(what_.pool, theta_);
        const auto sums =
            others.beyond(what_.pool - std::min(what_.most, what_.pool), what_.pool, theta_);
        const auto at_most = [&](std::uint64_t n) {
            const double sum = sums[n + sums.size() - 1 - what_.pool];
            if (theta_ <= 0) return sum;
            return sum >= whole ? log_zero : whole + std::log1p(-std::exp(sum - whole));
        };
        std::vector<double> left;  // log P(room for so many blocks of its own)
        for (std::uint64_t j = 0; j <= std::min(what_.most, what_.pool); ++j)
            left.push_back(at_most(what_.pool - j));
        const auto fitting = [&](const std::vector<double>& of) {
            double sum = log_zero;
            for (std::size_t j = 0; j < left.size(); ++j) sum = log_sum(sum, of[j] + left[j]);
            return sum;
        };
        std::vector<dealt_refusal> out;
        for (std::size_t s = 0; s < own.full.size(); ++s) {
            const auto& full = own.full[s];
            const double total = fitting(own.offered[s]);
            dealt_refusal one{log_zero, log_zero, fitting(own.at_quota[s]) - total};
            if (what_.most < left.size()) one.by_quota = full.back() + left.back() - total;
            one.by_pool_first = std::min(0.0, full[0] + exactly(what_.pool) - total);
            for (std::uint64_t j = 1; j < what_.most && j <= what_.pool; ++j)
                one.by_pool_later =
                    log_sum(one.by_pool_later, full[j] + exactly(what_.pool - j) - total);
            one.by_pool = log_sum(one.by_pool_first, one.by_pool_later);
            one.by_quota = std::min(one.by_quota, 0.0);
            one.by_pool = std::min(one.by_pool, 0.0);
            one.by_flows = std::min(one.by_flows, 0.0);
            out.push_back(one);
        }
        return out;
    }

    // How often no block is left, and how many all hold.
    void all_together(const held_law& all, dealt_answer& out) const {
        auto [side, side_blocks] = all.beyond_with_mean(what_.pool, theta_);
        const double whole = all.whole - all.common(what_.pool, theta_);
        side -= whole;
        side_blocks -= whole;
        // where the mean lies below the pool, most of what is there lies outside of the window
        const double total = theta_ > 0 ? std::log1p(-std::exp(std::min(side, -0.0))) : side;
        out.log_fits = total;
        out.log_exhausted = all.exactly(what_.pool, what_.pool, theta_) - whole - total;
        double held = 0;  // were the pool endless
        for (std::size_t i = 0; i < laws_.size(); ++i)
            held += static_cast<double>(what_.kinds[i].count) * mean_alone(laws_[i]);
        out.mean_blocks = theta_ > 0 ? (held - std::exp(side_blocks)) / std::exp(total)
                                     : std::exp(side_blocks - total);
    }

    static double log_total(const std::vector<double>& of) {
        double out = log_zero;
        for (const double x : of) out = log_sum(out, x);
        return out;
    }

    static double mean_alone(const own_law& law) {
        double out = 0;
        for (std::size_t j = 0; j < law.held.size(); ++j)
            out += static_cast<double>(j) * std::exp(law.held[j] - law.all);
        return out;
    }

    static held_law tilted(const own_law& law, double theta) {
        held_law out;
        out.whole = law.all;
        std::vector<double> logs;
        for (std::size_t j = 0; j < law.held.size(); ++j)
            logs.push_back(law.held[j] + theta * static_cast<double>(j));
        // The likeliest is 1 exactly: its power for many subscribers has no rounding then.
        out.weight = *std::max_element(logs.begin(), logs.end());
        out.others.p.clear();
        for (const double x : logs) out.others.p.push_back(std::exp(x - out.weight));
        out.others.trim();
        return out;
    }

    // So that the mean of what all hold is about the pool.
    void tilt() {
        // mean and variance of what all hold at a tilt
        const auto moments = [&](double theta) {
            double mean = 0, variance = 0;
            for (std::size_t i = 0; i < laws_.size(); ++i) {
                const auto& held = laws_[i].held;
                double most = log_zero;
                for (std::size_t j = 0; j < held.size(); ++j)
                    most = std::fmax(most, held[j] + theta * static_cast<double>(j));
                double all = 0, first = 0, second = 0;
                for (std::size_t j = 0; j < held.size(); ++j) {
                    const auto blocks = static_cast<double>(j);
                    const double p = std::exp(held[j] + theta * blocks - most);
                    all += p;
                    first += p * blocks;
                    second += p * blocks * blocks;
                }
                const auto many = static_cast<double>(what_.kinds[i].count);
                mean += many * first / all;
                variance += many * std::fmax(second / all - first / all * (first / all), 0);
            }
            return std::pair{mean, variance};
        };
        // Newton's steps within a bracket, halves where those leave it: a small part of a deviation
        // from the pool is as good as none, for any tilt is exact.
        constexpr double near = 1e-6;
        double low = -1e5, high = 1e5;
        const auto pool = static_cast<double>(what_.pool);
        for (int i = 0; i < 200 && high - low > 1e-13 * std::fabs(low + high); ++i) {
            const auto [mean, variance] = moments(theta_);
            (mean < pool ? low : high) = theta_;
            if (std::fabs(mean - pool) <= near * std::sqrt(variance)) break;
            const double next = theta_ + (pool - mean) / variance;
            const double far = std::fmax(1, std::fabs(theta_));
            if (std::isfinite(next) && next > low && next < high)
                theta_ = std::clamp(next, theta_ - far, theta_ + far);
            else if (low > -1e5 && high < 1e5)
                theta_ = (low + high) / 2;
            else
                theta_ = low > -1e5 ? std::fmin(theta_ + far, high) : std::fmax(theta_ - far, low);
        }
        // of few bits, so that its products with numbers of blocks are exact
        theta_ = static_cast<float>(theta_);
        for (const auto& law : laws_) tilted_.push_back(tilted(law, theta_));
    }

    const block_dealing& what_;
    std::vector<own_law> laws_;
    std::uint64_t most_ = 0;  // blocks that all could hold
    bool binds_ = false;
    double theta_ = 0;
    std::vector<held_law> tilted_;  // by kind, of one subscriber; where the pool binds
};

}  // namespace

dealt_answer dealt_blocks(const block_dealing& what) {
    detail::kept_laws seen;
    return detail::dealt_blocks(what, seen);
}

dealt_answer detail::dealt_blocks(const block_dealing& what, kept_laws& seen) {
    return what.addresses > 1 ? dealt_paired(what, seen) : dealer(what, seen).run();
}

}  // namespace natbound::calculator
