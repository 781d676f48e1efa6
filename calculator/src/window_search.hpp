#pragma once
// What one search of windows fails of, at any share of busy ports and any number of ports: exactly
// as the simulated table has it, and roughly, from kept places, to find about where to look.
#include <cstdint>
#include <map>
#include <vector>

#include "monotone.hpp"
#include "window_rounds.hpp"
#include "window_shares.hpp"

namespace natbound::calculator::detail {

class window_search {
  public:
    window_search(const std::vector<std::uint64_t>& windows, window_hold hold)
        : window_(windows.front()),
          one_round_(windows.size() == 1),
          shares_(windows, hold),
          rounds_(windows) {}

    // How far the logarithm of what a search fails of, with that share of the ports busy, lies
    // above that of what is refused; infinite where more, or fewer, are busy than was simulated.
    double above(double ports, double busy, double log_refused) {
        constexpr double least = 1e-6, most_crowds = 0.6;
        if (one_round_) {
            const double full = shares_.first_full(busy);
            simulated_ = full > 0;
            rare_ = full < least;
            return simulated_ ? std::log(full) - log_refused : unknown(busy);
        }
        const auto& rows = shares_.at(busy);
        simulated_ = !rows.full.empty();
        if (!simulated_) return unknown(busy);
        rare_ = rows.full[window_] < least;
        const auto [share, crowds] = rounds_.failing(ports, rounds_.among(rows));
        unsteady_ = crowds > most_crowds;
        return std::log(share) - log_refused;
    }
    // As it was asked last.
    bool simulated() const { return simulated_; }
    bool rare() const { return rare_; }
    // More fluctuates than was measured: too few ports for such rounds.
    bool unsteady() const { return unsteady_; }

    // The logarithm of what fails at the kept place of that number: ln(busy / free) = step x
    // number.
    static constexpr double step = 0.1;
    double log_failing_at(int number, double ports);

  private:
    static double unknown(double busy) { return busy > 0.8 ? HUGE_VAL : -HUGE_VAL; }

    std::uint64_t window_;
    bool one_round_;
    window_shares shares_;
    window_rounds rounds_;
    std::map<int, window_rounds::busy_runs> places_;  // of those that were asked for
    bool simulated_ = false, rare_ = false, unsteady_ = false;
};

// At one number of ports, interpolated between the kept places: off by some 1e-5.
class rough_search {
  public:
    rough_search(window_search& search, double ports)
        : search_(&search), ports_(ports), known_(places, HUGE_VAL) {}

    // Infinite as window_search::above().
    double log_failing(double busy) const;

  private:
    static constexpr int lowest = -40;          // busy: 0.018
    static constexpr std::size_t places = 160;  // to 0.999994
    double at(int number) const;

    window_search* search_;
    double ports_;
    mutable std::vector<double> known_;  // infinite: not asked
};

// One that is asked at many loads and ports, and what it gives at many ports, roughly.
struct kept_search {
    window_search search;
    rough_search of_many;

    kept_search(const std::vector<std::uint64_t>& windows, window_hold hold)
        : search(windows, hold), of_many(search, 4194304) {}
    kept_search(const kept_search&) = delete;
};

// Where f, which falls, crosses 0 in low .. high: looked for from where `like`, about the same and
// known at most places, does.
template <class F, class Like>
double crossing_near_like(double low, double high, double step, const F& f, const Like& like) {
    double from = falls_through(low, high, like, 1e-4), to = from;
    const bool ahead = f(from) > 0;
    while ((f(to) > 0) == ahead && (ahead ? to < high : to > low)) {
        from = to;
        to = std::clamp(to + (ahead ? step : -step), low, high);
        step *= 3;
    }
    return falls_through(std::min(from, to), std::max(from, to), f, 1e-7);
}

// The same where `rough`, about the same as f, and before it `like`, does; as falls_through() where
// that leads nowhere.
template <class F, class Rough, class Like>
double crossing_near_rough(double low, double high, double enough, const F& f, const Rough& rough,
                           const Like& like) {
    constexpr double apart = 1e-3, wide = 0.1;
    const double guess = crossing_near_like(low, high, wide, rough, like);
    const double slope = (rough(guess + apart) - rough(guess - apart)) / (2 * apart);
    if (const auto found = falling_root_near(guess, slope, f, enough)) return *found;
    return falls_through(low, high, f, enough);
}

}  // namespace natbound::calculator::detail
