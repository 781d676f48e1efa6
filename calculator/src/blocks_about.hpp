#pragma once
// About how much blocks on demand refuse, for some hundred nanoseconds: where an inverse begins.
//
// A subscriber's blocks by Wilson's and Hilferty's cube root (Proc. Nat. Acad. Sci. 17 (1931) 684)
// for Poisson's tails, the sum of all by its saddle point (H. E. Daniels, Ann. Math. Stat. 25
// (1954) 631), as if none were kept. Some per cent of the refusal, more of very rare ones.
#include <algorithm>
#include <cmath>
#include <natbound/calculator/port_blocks.hpp>
#include <vector>

#include "logarithms.hpp"
#include "poisson.hpp"

namespace natbound::calculator::detail {

class blocks_about {
  public:
    explicit blocks_about(const block_pool& of) : of_(of) {}

    double log_refused(double load) {
        const double others = static_cast<double>(of_.subscribers) - 1;
        const double own = set(load);
        if (others * static_cast<double>(of_.most) < static_cast<double>(of_.pool) - 1) return own;
        const auto pool = static_cast<double>(of_.pool);
        const moments here = settle(pool / others);
        // sum of P(the others hold what is left beside j) times P(one needs more than its j)
        double one = 0;
        for (std::size_t j = 0; j < full_.size(); ++j)
            one += full_[j] * std::exp(theta_ * static_cast<double>(j));
        const double height = others * here.log - theta_ * pool;
        const double log = height + std::log(one) - std::log(two_pi * others * here.variance) / 2;
        // P(what all want fits)
        const double whole = height + here.log;
        const double root = std::copysign(std::sqrt(std::max(-2 * whole, 0.0)), theta_);
        const double fit = root > -6 ? std::log(std::erfc(-root / std::sqrt(2.0)) / 2)
                                     : whole - std::log(-root) - std::log(two_pi) / 2;
        constexpr double rarest = -700, surest = -1e-9;
        const double found = log_sum(own, std::isfinite(log) ? log - fit : rarest);
        return std::clamp(found, rarest, surest);
    }

  private:
    struct moments {
        double log, mean, variance;  // of one subscriber's blocks, tilted
    };

    // Also gives the logarithm of what the own limit refuses.
    double set(double load) {
        const auto size = static_cast<double>(of_.block);
        const auto more = [&](double ports) {  // P(more busy than so many)
            const double n = ports + 1, part = 1 / (9 * n);
            return std::erfc((1 - part - std::cbrt(load / n)) / std::sqrt(2 * part)) / 2;
        };
        const auto log_weight = [&](double n) {  // Stirling's
            return n == 0 ? -load : n * std::log(load / n) + n - load - std::log(two_pi * n) / 2;
        };
        constexpr double nothing = 1e-30;  // beyond, nobody holds so many
        holds_.clear();
        full_.clear();
        double before = 1, ports = 0;
        for (std::uint64_t j = 0; j <= of_.most && !(before < nothing); ++j) {
            ports = static_cast<double>(j) * size;
            const double next = more(ports);
            holds_.push_back(before - next);
            if (j < of_.most) full_.push_back(std::exp(log_weight(ports)));
            before = next;
        }
        return log_weight(static_cast<double>(of_.most) * size) -
               std::log1p(-std::min(before, 0.99));
    }
    moments at(double theta) const {
        // from the largest, so that no power is too large
        double all = 0, first = 0, second = 0;
        const double base = theta > 0 ? static_cast<double>(holds_.size() - 1) : 0;
        for (std::size_t j = 0; j < holds_.size(); ++j) {
            const auto blocks = static_cast<double>(j);
            const double p = holds_[j] * std::exp(theta * (blocks - base));
            all += p;
            first += p * blocks;
            second += p * blocks * blocks;
        }
        const double mean = first / all;
        return {std::log(all) + theta * base, mean, std::max(second / all - mean * mean, 1e-12)};
    }
    // The tilt with that mean, from the one before.
    moments settle(double mean) {
        moments here = at(theta_);
        for (int i = 0; i < 30 && std::abs(here.mean - mean) > 1e-7; ++i) {
            theta_ += std::clamp((mean - here.mean) / here.variance, -2.0, 2.0);
            here = at(theta_);
        }
        return here;
    }

    block_pool of_;
    std::vector<double> holds_, full_;
    double theta_ = 0;
};

}  // namespace natbound::calculator::detail
