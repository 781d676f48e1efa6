#include <algorithm>
#include <cmath>
#include <natbound/calculator/window_loss.hpp>
#include <optional>

#include "argument.hpp"
#include "monotone.hpp"
#include "window_rounds.hpp"
#include "window_shares.hpp"

namespace natbound::calculator {
namespace {

constexpr const char* name = "window_loss";
constexpr double least_loss = 1e-8, least_share = 1e-6;
constexpr double last_bits = 8e-15;  // of the logarithm of a loss

// Of constant holds and more than three rounds: one window alone leaves longer runs than those
// rounds do, most where 0.001 to 0.05 are refused, unless the second is as long as it. 104
// simulations there (seeds 5 and 77 of the file below) were 1.03 to 1.24 times lower where the
// second was at most 0.6 of the first, else 0.84 to 1.1; the middle of the former is taken off,
// less and less outside. What is left was measured against 40 others, drawn after
// (tests/reference/make_window_loss_many.py): docs/calculator.md.
double many_rounds(double loss, double second_of_first) {
    const double most = 0.1 * std::clamp((0.8 - second_of_first) / 0.2, 0.0, 1.0);
    const double x = std::log(loss);
    const double rises = (x - std::log(3e-4)) / std::log(1e-3 / 3e-4);
    const double falls = (std::log(0.1) - x) / std::log(0.1 / 0.05);
    return loss / (1 + most * std::clamp(std::min(rises, falls), 0.0, 1.0));
}

void check_windows(const char* function, const std::vector<std::uint64_t>& windows) {
    detail::require(!windows.empty() && windows.size() <= 6, function, "windows",
                    static_cast<double>(windows.size()), "must be 1 to 6 rounds");
    constexpr const char* argument[] = {"windows[0]", "windows[1]", "windows[2]",
                                        "windows[3]", "windows[4]", "windows[5]"};
    for (std::size_t i = 0; i < windows.size(); ++i) {
        const auto w = static_cast<double>(windows[i]);
        if (i == 0)
            detail::require(w >= 8 && w <= 256, function, argument[0], w,
                            "must be at least 8 and at most 256");
        else
            detail::require(w >= 1 && windows[i] <= windows[i - 1], function, argument[i], w,
                            "must be at least 1 and at most the window before");
    }
}

double fewest_ports(const std::vector<std::uint64_t>& windows) {
    double all = 0;
    for (const auto w : windows) all += static_cast<double>(w);
    return (windows.size() == 1 ? 4 : 30) * all;
}

void check(const char* function, double ports, double load,
           const std::vector<std::uint64_t>& windows) {
    check_windows(function, windows);
    detail::require(!(ports > std::floor(ports)), function, "ports", ports,
                    "must be a whole number");
    detail::require(ports >= fewest_ports(windows) && ports <= 4194304, function, "ports", ports,
                    windows.size() == 1
                        ? "must be at least 4 windows and at most 4,194,304"
                        : "must be at least 30 times all windows together and at most 4,194,304");
    detail::require(load >= 0.3 * ports && load <= 1.25 * ports, function, "load", load,
                    "must be 0.3 to 1.25 times the ports");
}

// One design, at any number of ports.
class window_search {
  public:
    window_search(const std::vector<std::uint64_t>& windows, window_hold hold)
        : window_(windows.front()),
          shares_(static_cast<double>(window_), hold),
          rounds_(windows, 8 * window_ + 1) {}

    // How far the logarithm of what a search fails of, with that share of the ports busy, lies
    // above that of what is refused; infinite where more, or fewer, are busy than was simulated.
    double above(double ports, double busy, double log_refused) {
        const auto& full = shares_.at(busy);
        simulated_ = !full.empty();
        if (!simulated_) return busy > 0.8 ? HUGE_VAL : -HUGE_VAL;
        rare_ = full[window_] < least_share;
        return std::log(rounds_.failing(ports, full)) - log_refused;
    }
    // As it was asked last.
    bool simulated() const { return simulated_; }
    bool rare() const { return rare_; }

  private:
    std::uint64_t window_;
    detail::window_shares shares_;
    detail::window_rounds rounds_;
    bool simulated_ = false, rare_ = false;
};

// The one that was asked last is kept: most are asked at many loads or ports.
window_search& search_of(const std::vector<std::uint64_t>& windows, window_hold hold) {
    struct kept {
        std::vector<std::uint64_t> windows;
        window_hold hold;
        window_search search;
    };
    thread_local std::optional<kept> last;
    if (!last || last->windows != windows || last->hold != hold)
        last.emplace(kept{windows, hold, window_search(windows, hold)});
    return last->search;
}

// The share that many_rounds() makes of it; it rises.
double before_many_rounds(double loss, double second_of_first) {
    const double log = std::log(loss);
    return std::exp(detail::falls_through(log, log + 0.1, [&](double x) {
        return log - std::log(many_rounds(std::exp(x), second_of_first));
    }));
}

bool correct_rounds(const std::vector<std::uint64_t>& windows, window_hold hold) {
    return hold == window_hold::constant && windows.size() > 3;
}

double second_of_first(const std::vector<std::uint64_t>& windows) {
    return static_cast<double>(windows[1]) / static_cast<double>(windows[0]);
}

// What one search must fail of, so that `target` is refused.
double search_target(const char* function, double target, const std::vector<std::uint64_t>& windows,
                     window_hold hold) {
    detail::require_target(function, target);
    const double refused = correct_rounds(windows, hold)
                               ? before_many_rounds(target, second_of_first(windows))
                               : target;
    detail::require(refused >= least_loss, function, "target", target,
                    "must be at least 1e-8: rarer refusals were not simulated");
    return refused;
}

constexpr const char* not_simulated =
    "is not met at a load that was simulated with such windows: 0.3 to 1.25 times the ports, with "
    "at "
    "least 1e-6 of the first windows full; Scenario.likely() simulates it";

}  // namespace

double window_loss(double ports, double load, const std::vector<std::uint64_t>& windows,
                   window_hold hold) {
    check(name, ports, load, windows);
    auto& search = search_of(windows, hold);
    // more refused means fewer busy, and so fewer refused: one crossing
    const auto above = [&](double log_refused) {
        return search.above(ports, load / ports * -std::expm1(log_refused), log_refused);
    };
    const double log = detail::falls_through(std::log(least_loss / 2), 0, above, last_bits);
    const double loss = std::exp(log);
    // at an end of what was simulated there is no crossing
    const bool crossed = std::fabs(above(log)) < 1e-3;
    if (!crossed && load > 0.8 * ports)
        detail::refuse(name, "load", load,
                       "keeps more ports busy than were simulated with such windows");
    if (!search.simulated() || search.rare())
        detail::refuse(name, "load", load,
                       "must be so high that at least 1e-6 of the first windows are full");
    if (!crossed || loss < least_loss)
        detail::refuse(name, "load", load, "must be so high that at least 1e-8 are refused");
    return correct_rounds(windows, hold) ? many_rounds(loss, second_of_first(windows)) : loss;
}

// With the share that is refused known, so is that of the ports kept busy: the load need not be
// looked for.
double load_for_window(double ports, const std::vector<std::uint64_t>& windows, double target,
                       window_hold hold) {
    constexpr const char* function = "load_for_window";
    check(function, ports, ports, windows);
    const double refused = search_target(function, target, windows, hold);
    const double log_refused = std::log(refused);
    auto& search = search_of(windows, hold);
    // by the logarithm of busy ports over free ones
    const auto busy_at = [](double t) { return 1 / (1 + std::exp(-t)); };
    const double least = 0.3 * (1 - refused);
    const double t = detail::falls_through(std::log(least / (1 - least)), 10, [&](double x) {
        return -search.above(ports, busy_at(x), log_refused);
    });
    const double found = busy_at(t) * ports / (1 - refused);
    // at most so much is refused of it: no more than that fail where so many are busy
    double off = HUGE_VAL;
    const double load = detail::a_hair_less(found, [&](double less) {
        off = search.above(ports, less / ports * (1 - refused), log_refused);
        return off <= 0 || off > 1e-3;
    });
    detail::require(
        std::fabs(off) < 1e-3 && !search.rare() && load >= 0.3 * ports && load <= 1.25 * ports,
        function, "target", target, not_simulated);
    return load;
}

std::uint64_t ports_for_window(double load, const std::vector<std::uint64_t>& windows,
                               double target, window_hold hold) {
    constexpr const char* function = "ports_for_window";
    detail::require(load >= 1 && load <= 1.25 * 4194304, function, "load", load,
                    "must be at least 1 and at most 1.25 x 4,194,304");
    check_windows(function, windows);
    const double refused = search_target(function, target, windows, hold);
    auto& search = search_of(windows, hold);
    const auto above = [&](std::uint64_t n) {
        const auto ports = static_cast<double>(n);
        return search.above(ports, load * (1 - refused) / ports, std::log(refused));
    };
    const double few = std::ceil(std::fmax(load / 1.25, fewest_ports(windows)));
    const double many = std::floor(std::fmin(load / 0.3, 4194304));
    detail::require(few < many && above(static_cast<std::uint64_t>(few)) > 0, function, "target",
                    target,
                    "is met by the fewest ports there are data for: 0.8 times the load, 4 windows, "
                    "with several rounds 30 times all windows");
    const std::uint64_t ports = detail::least_to_meet(
        function, target, not_simulated,
        {static_cast<std::uint64_t>(few), static_cast<std::uint64_t>(many), load, load / 16},
        above);
    const double here = above(ports);
    detail::require(std::isfinite(here) && !search.rare(), function, "target", target,
                    not_simulated);
    return ports;
}

}  // namespace natbound::calculator
