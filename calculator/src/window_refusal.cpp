// Which way to ask, and the simulation where no other is left.
#include "natbound/calculator/window_refusal.hpp"

#include <algorithm>
#include <cmath>
#include <natbound/model/error.hpp>
#include <natbound/model/work.hpp>
#include <optional>

#include "argument.hpp"
#include "natbound/calculator/attempts.hpp"
#include "natbound/calculator/erlang.hpp"
#include "natbound/calculator/variates.hpp"
#include "simulated_share.hpp"
#include "window_ring.hpp"

namespace natbound::calculator {
namespace {

constexpr const char* name = "window_refusal";
constexpr double formula_off = 0.2, formula_most = 0.3;  // what it was measured for

// Connections one by one, in units of the mean hold.
class stepped_search {
  public:
    stepped_search(std::uint64_t ports, double load, const std::vector<std::uint64_t>& windows,
                   bool constant, std::uint64_t seed)
        : ports_(ports),
          load_(load),
          windows_(windows),
          shortest_(*std::min_element(windows.begin(), windows.end())),
          random_(seed),
          ring_(ports),
          starts_(windows.size()) {
        if (constant) held_.resize(ports);
    }

    void advance(double time) {
        const double end = now_ + time;
        held_.empty() ? advance_exponential(end) : advance_constant(end);
        now_ = end;
    }

    // The probability that a search fails now.
    double failing() {
        std::fill(starts_.begin(), starts_.end(), 0);
        ring_.full_starts(windows_, shortest_, starts_);
        double all = 1;
        for (const double s : starts_) all *= s / static_cast<double>(ports_);
        return all;
    }

  private:
    struct taken {
        double end;
        std::uint64_t port;
    };

    // Steps of one rate for all states, which leave the law of the states as it is: an arrival, or
    // a port whose connection, if any, ends.
    void advance_exponential(double end) {
        const auto ports = static_cast<double>(ports_);
        const double all = load_ + ports, arrives = load_ / all;
        for (auto steps = std::max(1LL, std::llround((end - now_) * all)); steps > 0; --steps) {
            if (random_.chance(arrives)) {
                const auto at = search();
                if (at != ports_) ring_.turn(at);
            } else {
                const auto at = random_.draw(ports_);
                if (ring_.busy(at)) ring_.turn(at);
            }
        }
    }

    // Who comes first, goes first.
    void advance_constant(double end) {
        while (next_ <= end) {
            leave(next_);
            const auto at = search();
            if (at != ports_) {
                ring_.turn(at);
                held_[(first_ + live_) % ports_] = {next_ + 1, at};
                ++live_;
            }
            next_ += exponential(random_) / load_;
        }
        leave(end);
    }

    void leave(double until) {
        for (; live_ > 0 && held_[first_].end <= until; --live_) {
            ring_.turn(held_[first_].port);
            first_ = first_ + 1 == ports_ ? 0 : first_ + 1;
        }
    }

    std::uint64_t search() {
        for (const auto window : windows_) {
            const auto at = ring_.free_from(random_.draw(ports_), window);
            if (at != ports_) return at;
        }
        return ports_;
    }

    std::uint64_t ports_;
    double load_;
    const std::vector<std::uint64_t>& windows_;
    std::uint64_t shortest_;
    random_bits random_;
    detail::window_ring ring_;
    std::vector<double> starts_;
    double now_ = 0, next_ = 0;
    std::vector<taken> held_;  // a ring: `live_` from `first_` on
    std::uint64_t first_ = 0, live_ = 0;
};

// Averages of batches of states. They are joined two by two as the run goes on, so that they stay
// long beside what a state remembers.
class batches_of_states {
  public:
    void add(double value) {
        sum_ += value;
        if (++states_ < length_) return;
        means_.push_back(sum_ / static_cast<double>(length_));
        sum_ = 0;
        states_ = 0;
        if (means_.size() < 2 * count) return;
        for (std::size_t i = 0; i < count; ++i) means_[i] = (means_[2 * i] + means_[2 * i + 1]) / 2;
        means_.resize(count);
        length_ *= 2;
    }
    // Whether the batches were just joined, or first are as many.
    bool to_look_at() const { return states_ == 0 && means_.size() == count; }
    double mean() const {
        double sum = 0;
        for (const double m : means_) sum += m;
        return sum / static_cast<double>(means_.size());
    }
    // Half of the 95 % interval, over the mean.
    double off() const {
        const double middle = mean();
        const auto n = static_cast<double>(means_.size());
        double squares = 0;
        for (const double m : means_) squares += (m - middle) * (m - middle);
        return detail::normal_at_975 * detail::student_over_normal(n - 1) *
               std::sqrt(squares / n / (n - 1)) / middle;
    }

  private:
    static constexpr std::size_t count = 20;
    std::size_t length_ = 10, states_ = 0;
    double sum_ = 0;
    std::vector<double> means_;
};

constexpr double spacing = 0.1;  // of the states, in mean holds
constexpr double narrow = 0.02;  // half of an interval that will do,
constexpr double few = 200;      // after so many holds: batches that hardly hang together

// Nothing where no state could refuse.
std::optional<window_answer> simulated(std::uint64_t ports, double load,
                                       const std::vector<std::uint64_t>& windows, window_hold hold,
                                       const window_effort& effort) {
    const bool constant = hold == window_hold::constant;
    stepped_search search(ports, load, windows, constant, effort.seed);
    // a state costs as many steps as there are ports, however few arrive
    const double holds = std::max(60.0, effort.arrivals / (load + static_cast<double>(ports)));
    // constant holds keep the order of the ports for long
    const double warm = constant ? 30 : 12;
    for (double at = 0; at < warm; at += spacing) {
        search.advance(spacing);
        poll();
    }
    batches_of_states seen;
    const auto states = static_cast<std::uint64_t>(holds / spacing);
    for (std::uint64_t i = 0; i < states; ++i) {
        search.advance(spacing);
        seen.add(search.failing());
        poll();
        if (static_cast<double>(i) * spacing >= few && seen.to_look_at() && seen.mean() > 0 &&
            seen.off() < narrow)
            break;
    }
    const double mean = seen.mean();
    if (!(mean > 0)) return std::nullopt;
    const double wide = std::exp(seen.off());
    return window_answer{mean, mean / wide, std::min(1.0, mean * wide), window_method::simulated};
}

std::optional<window_answer> exactly(std::uint64_t ports, double load,
                                     const std::vector<std::uint64_t>& windows) {
    const auto [least, most] = std::minmax_element(windows.begin(), windows.end());
    double refused = 0;
    if (*most >= ports)  // that round looks at all
        refused = erlang_b(static_cast<double>(ports), load);
    else if (*most == 1 && *least == 1)
        refused = refusal_probability(ports, windows.size(), load);
    else
        return std::nullopt;
    return window_answer{refused, refused, refused, window_method::exact};
}

std::optional<window_answer> by_formula(std::uint64_t ports, double load,
                                        const std::vector<std::uint64_t>& windows,
                                        window_hold hold) {
    try {
        const double refused = window_loss(static_cast<double>(ports), load, windows, hold);
        if (refused > formula_most) return std::nullopt;
        return window_answer{refused, refused / (1 + formula_off),
                             std::min(1.0, refused / (1 - formula_off)), window_method::formula};
    } catch (const domain_error&) {
        return std::nullopt;
    }
}

// What is refused at the lowest of some higher loads at which anything is: more load, more refused.
window_answer bounded(std::uint64_t ports, double load, const std::vector<std::uint64_t>& windows,
                      window_hold hold, const window_effort& effort) {
    const auto n = static_cast<double>(ports);
    window_effort less = effort;
    less.arrivals = std::max(1e5, effort.arrivals / 10);
    for (double more = load + 0.05 * n; more < 4 * n; more += 0.05 * n) {
        auto found = by_formula(ports, more, windows, hold);
        if (!found) found = simulated(ports, more, windows, hold, less);
        if (found) return {found->high, 0, found->high, window_method::bound};
    }
    return {1, 0, 1, window_method::bound};
}

}  // namespace

window_answer window_refusal(std::uint64_t ports, double load,
                             const std::vector<std::uint64_t>& windows, window_hold hold,
                             window_effort effort) {
    const auto n = static_cast<double>(ports);
    detail::require(ports >= 1 && ports <= 262144, name, "ports", n,
                    "must be at least 1 and at most 262,144");
    detail::require(load > 0 && load <= 4 * n, name, "load", load,
                    "must be above 0 and at most 4 times the ports");
    detail::require(!windows.empty() && windows.size() <= 16, name, "windows",
                    static_cast<double>(windows.size()), "must be 1 to 16 rounds");
    for (const auto w : windows)
        detail::require(w >= 1, name, "windows", static_cast<double>(w),
                        "each must be at least 1 port");
    detail::require(effort.arrivals >= 1e5 && effort.arrivals <= 1e10, name, "arrivals",
                    effort.arrivals, "must be 1e5 to 1e10");
    if (const auto known = exactly(ports, load, windows)) return *known;
    if (const auto known = by_formula(ports, load, windows, hold)) return *known;
    if (const auto known = simulated(ports, load, windows, hold, effort)) return *known;
    return bounded(ports, load, windows, hold, effort);
}

}  // namespace natbound::calculator
