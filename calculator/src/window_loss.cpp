#include <algorithm>
#include <array>
#include <bit>
#include <cmath>
#include <natbound/calculator/window_loss.hpp>

#include "argument.hpp"
#include "monotone.hpp"

namespace natbound::calculator {
namespace {

// Parts of a window, and at each the pattern y = ln(ln pi(k) / (k ln u)) at k = part x window, as
// it was simulated: 0 where ports are busy independently. Rows of one law and window go by
// ascending u.
constexpr std::array<double, 12> parts = {0.0625, 0.125, 0.25, 0.375, 0.5, 0.625,
                                          0.75,   0.875, 1,    1.25,  1.5, 2};
struct pattern {
    int constant;       // the law of holds
    double window;      // 8, 16 .. 256
    double values[13];  // ln(u / (1 - u)), then y of each part
};
constexpr pattern patterns[] = {
#include "window_patterns.inc"
};

constexpr const char* name = "window_loss";
constexpr double least_loss = 1e-8, least_share = 1e-6;

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

// The polynomial through up to four places, as the weights of their values at x.
using four = std::array<double, 4>;
four through(const four& at, std::size_t count, double x) {
    four out{};
    for (std::size_t i = 0; i < count; ++i) {
        out[i] = 1;
        for (std::size_t j = 0; j < count; ++j)
            if (j != i) out[i] *= (x - at[j]) / (at[i] - at[j]);
    }
    return out;
}

// Of ascending places, the first of the four about x.
template <class Place>
std::size_t four_about(std::size_t count, double x, Place place) {
    std::size_t i = 0;
    while (i + 4 < count && place(i + 2) < x) ++i;
    return i;
}

// The rows of one law and window.
struct window_rows {
    const pattern* first;
    std::size_t count;
    double window() const { return first->window; }
    double lowest() const { return first->values[0]; }
    double highest() const { return first[count - 1].values[0]; }

    // y of each part at t = ln(u / (1 - u)).
    std::array<double, 12> at(double t) const {
        const auto from = four_about(count, t, [&](std::size_t i) { return first[i].values[0]; });
        four places{};
        for (std::size_t i = 0; i < 4; ++i) places[i] = first[from + i].values[0];
        const auto weights = through(places, 4, t);
        std::array<double, 12> out{};
        for (std::size_t i = 0; i < 4; ++i)
            for (std::size_t p = 0; p < 12; ++p)
                out[p] += weights[i] * first[from + i].values[p + 1];
        return out;
    }
};

std::vector<window_rows> rows_of(window_hold hold) {
    std::vector<window_rows> out;
    for (const auto& row : patterns) {
        if ((row.constant != 0) != (hold == window_hold::constant)) continue;
        if (out.empty() || out.back().window() != row.window)
            out.push_back({&row, 1});
        else
            ++out.back().count;
    }
    return out;
}

// Shares of k ports in a row that are all busy, k = 0 .. 8 windows, where a search of that window
// keeps a share u of the ports busy. Empty where that was not simulated.
std::vector<double> full_shares(const std::vector<window_rows>& all, double window, double u) {
    const double t = std::log(u / (1 - u));
    std::vector<window_rows> here;  // that were simulated at such a u
    for (const auto& rows : all)
        if (rows.lowest() <= t + 1e-3 && t <= rows.highest()) here.push_back(rows);
    if (here.size() < 2 || window < here.front().window() || window > here.back().window())
        return {};
    const auto from =
        four_about(here.size(), window, [&](std::size_t i) { return here[i].window(); });
    const std::size_t used = std::min<std::size_t>(4, here.size());
    four places{};
    for (std::size_t i = 0; i < used; ++i) places[i] = std::log2(here[from + i].window());
    const auto weights = through(places, used, std::log2(window));
    // with pi(1) = u as one more part
    std::array<double, 13> roots{std::sqrt(1 / window)}, y{};
    std::size_t count = 1;
    std::array<double, 12> found{};
    for (std::size_t i = 0; i < used; ++i) {
        const auto one = here[from + i].at(t);
        for (std::size_t p = 0; p < 12; ++p) found[p] += weights[i] * one[p];
    }
    for (std::size_t p = 0; p < 12; ++p) {
        if (parts[p] * window < 1.5) continue;
        roots[count] = std::sqrt(parts[p]);
        y[count++] = found[p];
    }
    const auto seen = static_cast<std::size_t>(2 * window);
    std::vector<double> out(4 * seen + 1);
    for (std::size_t k = 0; k < out.size(); ++k) {
        const auto length = static_cast<double>(k);
        if (k < 2) {
            out[k] = k == 0 ? 1 : u;
        } else if (k <= seen) {
            const double root = std::sqrt(length / window);
            const auto at = four_about(count, root, [&](std::size_t i) { return roots[i]; });
            const auto w =
                through({roots[at], roots[at + 1], roots[at + 2], roots[at + 3]}, 4, root);
            double sum = 0;
            for (std::size_t i = 0; i < 4; ++i) sum += w[i] * y[at + i];
            out[k] = std::exp(length * std::log(u) * std::exp(sum));
        } else {  // rare, and nearly geometric
            out[k] = out[k - 1] * (out[seen] / out[seen - 1]);
        }
    }
    return out;
}

// Rounds, as bits, that all end in one and the same run.
struct shared_run {
    double share;   // of their draws
    double length;  // mean length of the run
};

class rounds {
  public:
    rounds(double ports, const std::vector<std::uint64_t>& windows)
        : ports_(ports), windows_(windows), runs_(std::size_t{1} << windows.size()) {}

    // The share of draws of all rounds that fail.
    double failing(const std::vector<double>& full) {
        for (std::size_t set = 1; set < runs_.size(); ++set) runs_[set] = in_one(full, set);
        return over_partitions(runs_.size() - 1, 0, 1, 0);
    }

  private:
    // A sum over runs of starts is a sum over k of full(k) times the second difference of the
    // starts, since full(k) - 2 full(k+1) + full(k+2) runs have length k.
    shared_run in_one(const std::vector<double>& full, std::size_t set) const {
        std::array<double, 3> starts{}, long_starts{};  // at k - 2, k - 1, k
        double share = 0, length = 0;
        for (std::size_t k = 1; k < full.size(); ++k) {
            double now = ports_;
            for (std::size_t i = 0; i < windows_.size(); ++i) {
                if ((set >> i & 1U) == 0) continue;
                const double room = static_cast<double>(k + 1) - static_cast<double>(windows_[i]);
                now *= std::max(room, 0.0) / ports_;
            }
            starts = {starts[1], starts[2], now};
            long_starts = {long_starts[1], long_starts[2], now * static_cast<double>(k)};
            share += full[k] * (starts[0] - 2 * starts[1] + starts[2]);
            length += full[k] * (long_starts[0] - 2 * long_starts[1] + long_starts[2]);
        }
        return {share, share > 0 ? length / share : 0};
    }

    // Each way to put the rounds left into runs, the first of them together with any others.
    double over_partitions(std::size_t left, int runs, double share, double length) const {
        if (left == 0) {
            const double room = std::max(0.0, 1 - length / ports_);
            return runs > 1 ? share * std::pow(room, runs - 1) : share;
        }
        const std::size_t first = left & (~left + 1), others = left ^ first;
        double sum = 0;
        for (std::size_t with = others;; with = (with - 1) & others) {
            const auto& run = runs_[first | with];
            sum += over_partitions(others ^ with, runs + 1, share * run.share,
                                   length + run.length + 1);
            if (with == 0) break;
        }
        return sum;
    }

    double ports_;
    const std::vector<std::uint64_t>& windows_;
    std::vector<shared_run> runs_;
};

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
    detail::require(ports >= fewest_ports(windows) && ports <= 4194304, function, "ports", ports,
                    windows.size() == 1
                        ? "must be at least 4 windows and at most 4,194,304"
                        : "must be at least 30 times all windows together and at most 4,194,304");
    detail::require(load >= 0.3 * ports && load <= 1.25 * ports, function, "load", load,
                    "must be 0.3 to 1.25 times the ports");
}

// One design at some number of ports.
class window_search {
  public:
    window_search(double ports, const std::vector<std::uint64_t>& windows, window_hold hold)
        : window_(static_cast<double>(windows.front())),
          table_(table_of(hold)),
          rounds_(ports, windows) {}

    // How far the logarithm of what a search fails of, with that share of the ports busy, lies
    // above that of what is refused; infinite where more, or fewer, are busy than was simulated.
    double above(double busy, double log_refused) {
        full_ = busy < 1 ? full_shares(table_, window_, busy) : std::vector<double>{};
        if (full_.empty()) return busy > 0.8 ? HUGE_VAL : -HUGE_VAL;
        return std::log(rounds_.failing(full_)) - log_refused;
    }
    // As it was asked last.
    bool simulated() const { return !full_.empty(); }
    bool rare() const { return full_[static_cast<std::size_t>(window_)] < least_share; }

  private:
    static const std::vector<window_rows>& table_of(window_hold hold) {
        static const std::array<std::vector<window_rows>, 2> tables = {
            rows_of(window_hold::exponential), rows_of(window_hold::constant)};
        return tables[hold == window_hold::constant ? 1 : 0];
    }
    double window_;
    const std::vector<window_rows>& table_;
    rounds rounds_;
    std::vector<double> full_;
};

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
    window_search search(ports, windows, hold);
    // more refused means fewer busy, and so fewer refused: one crossing
    const auto above = [&](double log_refused) {
        return search.above(load / ports * -std::expm1(log_refused), log_refused);
    };
    const double log = detail::falls_through(std::log(least_loss / 2), 0, above);
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
    window_search search(ports, windows, hold);
    // by the logarithm of busy ports over free ones
    const auto busy_at = [](double t) { return 1 / (1 + std::exp(-t)); };
    const double t = detail::falls_through(
        -10, 20, [&](double x) { return -search.above(busy_at(x), std::log(refused)); });
    const double load = busy_at(t) * ports / (1 - refused);
    const bool crossed = std::fabs(search.above(busy_at(t), std::log(refused))) < 1e-3;
    detail::require(crossed && !search.rare() && load >= 0.3 * ports && load <= 1.25 * ports,
                    function, "target", target, not_simulated);
    return detail::a_hair_less(
        load, [&](double less) { return window_loss(ports, less, windows, hold) <= target; });
}

std::uint64_t ports_for_window(double load, const std::vector<std::uint64_t>& windows,
                               double target, window_hold hold) {
    constexpr const char* function = "ports_for_window";
    detail::require(load >= 1 && load <= 1.25 * 4194304, function, "load", load,
                    "must be at least 1 and at most 1.25 x 4,194,304");
    check_windows(function, windows);
    const double refused = search_target(function, target, windows, hold);
    const auto above = [&](std::uint64_t n) {
        const auto ports = static_cast<double>(n);
        return window_search(ports, windows, hold)
            .above(load * (1 - refused) / ports, std::log(refused));
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
    window_search search(static_cast<double>(ports), windows, hold);
    const double here =
        search.above(load * (1 - refused) / static_cast<double>(ports), std::log(refused));
    detail::require(std::isfinite(here) && !search.rare(), function, "target", target,
                    not_simulated);
    return ports;
}

}  // namespace natbound::calculator
