// A state is a row of bits, the most recent entry first (bit 0): 1 for an open connection. Its law
// by Gauss and Seidel's iteration, in which every term is positive, so that small chances keep
// their digits; between two sweeps the law of how many are open is made exact for the order as it
// is by then (Y. Takahashi 1975): else rates that differ by powers of ten would take millions of
// sweeps.
#include <algorithm>
#include <bit>
#include <cmath>
#include <cstdint>
#include <natbound/calculator/eviction.hpp>
#include <utility>
#include <vector>

#include "argument.hpp"

namespace natbound::calculator {
namespace {

class recency_chain {
  public:
    recency_chain(std::size_t size, double rate, double life, double gap)
        : size_(size),
          states_(std::size_t{1} << size),
          p_(states_, 1),
          out_(states_),
          into_(states_) {
        for (std::size_t s = 0; s < states_; ++s) {
            move(s, ((s << 1) | 1) & (states_ - 1), rate);
            for (std::size_t i = 0; i < size; ++i) {
                if ((s >> i & 1) == 0) continue;
                move(s, to_front(s, i, 1), 1 / gap);
                move(s, to_front(s, i, 0), 1 / life);
            }
        }
    }

    // The share of time that the oldest entry is open.
    double oldest_open() {
        constexpr int most = 10000;
        const double settled = 1e-14 * static_cast<double>(size_);
        for (int sweep = 0; sweep < most; ++sweep) {
            balance_numbers();
            if (balance_states() <= settled) break;
        }
        double open = 0, all = 0;
        for (std::size_t s = 0; s < states_; ++s) {
            all += p_[s];
            if ((s >> (size_ - 1)) != 0) open += p_[s];
        }
        return open / all;
    }

  private:
    static std::size_t to_front(std::size_t s, std::size_t i, std::size_t bit) {
        const std::size_t newer = s & ((std::size_t{1} << i) - 1);
        const std::size_t older = s >> (i + 1) << (i + 1);
        return older | newer << 1 | bit;
    }

    static std::size_t open_in(std::size_t s) { return static_cast<std::size_t>(std::popcount(s)); }

    void move(std::size_t from, std::size_t to, double rate) {
        if (from == to) return;
        out_[from] += rate;
        into_[to].emplace_back(from, rate);
    }

    // How many are open goes up or down by one: flows across each cut are made equal.
    void balance_numbers() {
        std::vector<double> up(size_ + 1), down(size_ + 1), scale(size_ + 1, 1);
        for (std::size_t s = 0; s < states_; ++s)
            for (const auto& [from, rate] : into_[s]) {
                if (open_in(from) < open_in(s)) up[open_in(from)] += p_[from] * rate;
                if (open_in(from) > open_in(s)) down[open_in(from)] += p_[from] * rate;
            }
        for (std::size_t n = 0; n < size_; ++n)
            scale[n + 1] = down[n + 1] > 0 ? scale[n] * up[n] / down[n + 1] : 0;
        double all = 0;
        for (std::size_t s = 0; s < states_; ++s) all += p_[s] *= scale[open_in(s)];
        for (double& p : p_) p /= all;
    }

    // One sweep, from all open down, as closed entries make their way to the end: upwards it goes
    // round in circles. The largest relative change.
    double balance_states() {
        double change = 0;
        for (std::size_t s = states_; s-- > 0;) {
            double in = 0;
            for (const auto& [from, rate] : into_[s]) in += p_[from] * rate;
            const double now = in / out_[s];
            if (now > 0) change = std::max(change, std::abs(p_[s] / now - 1));
            p_[s] = now;
        }
        return change;
    }

    std::size_t size_, states_;
    std::vector<double> p_, out_;
    std::vector<std::vector<std::pair<std::size_t, double>>> into_;
};

}  // namespace

double eviction_exact(std::size_t size, double rate, double life, double gap) {
    constexpr const char* function = "eviction_exact";
    detail::require(size >= 1 && size <= 12, function, "size", static_cast<double>(size),
                    "must be at least 1 and at most 12");
    for (const auto& [argument, x] :
         {std::pair{"rate", rate}, std::pair{"life", life}, std::pair{"gap", gap}}) {
        detail::require(x >= 1e-12 && x <= 1e6, function, argument, x,
                        "must be at least 1e-12 and at most 1e6");
    }
    return recency_chain(size, rate, life, gap).oldest_open();
}

}  // namespace natbound::calculator
