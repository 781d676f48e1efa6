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
        : window_(windows.front()), shares_(windows, hold), rounds_(windows) {}

    // How far the logarithm of what a search fails of, with that share of the ports busy, lies
    // above that of what is refused; infinite where more, or fewer, are busy than was simulated.
    double above(double ports, double busy, double log_refused) {
        const auto& rows = shares_.at(busy);
        simulated_ = !rows.full.empty();
        if (!simulated_) return busy > 0.8 ? HUGE_VAL : -HUGE_VAL;
        constexpr double least = 1e-6, most_crowds = 0.6;
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
    std::uint64_t window_;
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

// Where f, which falls, crosses 0 in low .. high, looked for where `rough`, about the same, does;
// as falls_through() where that leads nowhere.
template <class F, class Rough>
double crossing_near_rough(double low, double high, double enough, const F& f, const Rough& rough) {
    const double guess = falls_through(low, high, rough, 1e-7);
    constexpr double apart = 1e-3;
    const double slope = (rough(guess + apart) - rough(guess - apart)) / (2 * apart);
    if (const auto found = falling_root_near(guess, slope, f, enough)) return *found;
    return falls_through(low, high, f, enough);
}

}  // namespace natbound::calculator::detail
