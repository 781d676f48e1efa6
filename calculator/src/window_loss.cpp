#include <algorithm>
#include <array>
#include <bit>
#include <cmath>
#include <natbound/calculator/window_loss.hpp>

#include "argument.hpp"

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

void check(double ports, double load, const std::vector<std::uint64_t>& windows) {
    detail::require(!windows.empty() && windows.size() <= 6, name, "windows",
                    static_cast<double>(windows.size()), "must be 1 to 6 rounds");
    constexpr const char* argument[] = {"windows[0]", "windows[1]", "windows[2]",
                                        "windows[3]", "windows[4]", "windows[5]"};
    double all = 0;
    for (std::size_t i = 0; i < windows.size(); ++i) {
        const auto w = static_cast<double>(windows[i]);
        if (i == 0)
            detail::require(w >= 8 && w <= 256, name, argument[0], w,
                            "must be at least 8 and at most 256");
        else
            detail::require(w >= 1 && windows[i] <= windows[i - 1], name, argument[i], w,
                            "must be at least 1 and at most the window before");
        all += w;
    }
    detail::require(ports >= (windows.size() == 1 ? 4 : 30) * all && ports <= 4194304, name,
                    "ports", ports,
                    windows.size() == 1
                        ? "must be at least 4 windows and at most 4,194,304"
                        : "must be at least 30 times all windows together and at most 4,194,304");
    detail::require(load >= 0.3 * ports && load <= 1.25 * ports, name, "load", load,
                    "must be 0.3 to 1.25 times the ports");
}

}  // namespace

double window_loss(double ports, double load, const std::vector<std::uint64_t>& windows,
                   window_hold hold) {
    check(ports, load, windows);
    static const std::array<std::vector<window_rows>, 2> tables = {
        rows_of(window_hold::exponential), rows_of(window_hold::constant)};
    const auto& table = tables[hold == window_hold::constant ? 1 : 0];
    const auto window = static_cast<double>(windows.front());
    rounds search(ports, windows);
    // more refused means fewer busy, and so fewer refused: one crossing
    double low = std::log(least_loss / 2), high = 0;
    std::vector<double> full;
    bool simulated = true;
    for (int i = 0; i < 40; ++i) {
        const double middle = (low + high) / 2, refused = std::exp(middle);
        const double busy = load / ports * (1 - refused);
        full = busy < 1 ? full_shares(table, window, busy) : std::vector<double>{};
        simulated = !full.empty();
        // too busy for the table, or else too idle
        const bool above = simulated ? search.failing(full) > refused : busy > 0.8;
        (above ? low : high) = middle;
    }
    const double loss = std::exp((low + high) / 2);
    // at an end of what was simulated there is no crossing
    const bool crossed = simulated && std::fabs(std::log(search.failing(full) / loss)) < 1e-3;
    if (!crossed && load > 0.8 * ports)
        detail::refuse(name, "load", load,
                       "keeps more ports busy than were simulated with such windows");
    if (!simulated || full[windows.front()] < least_share)
        detail::refuse(name, "load", load,
                       "must be so high that at least 1e-6 of the first windows are full");
    if (!crossed || loss < least_loss)
        detail::refuse(name, "load", load, "must be so high that at least 1e-8 are refused");
    return hold == window_hold::constant && windows.size() > 3
               ? many_rounds(loss, static_cast<double>(windows[1]) / window)
               : loss;
}

}  // namespace natbound::calculator
