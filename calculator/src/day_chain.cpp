#include <algorithm>
#include <cmath>
#include <natbound/calculator/day_chain.hpp>
#include <natbound/calculator/erlang.hpp>
#include <natbound/calculator/occupancy.hpp>
#include <natbound/model/work.hpp>
#include <vector>

#include "argument.hpp"

namespace natbound::calculator {
namespace {

constexpr const char* name = "day_chain";
constexpr double g = 0.58578643762690495120;  // 2 - sqrt 2
// Where less is refused than this share of the most at any time, nothing counts.
constexpr double nothing = 1e-12;

// The law p of lowest, lowest + 1, ... live, and (I - h A) y = x and y = A x for the chain's
// generator A at a given load (arrivals in a mean hold; departures at rate n, none below lowest).
class chain {
  public:
    chain(std::uint64_t lowest, std::vector<double> start)
        : p_(std::move(start)),
          middle_(p_.size()),
          right_(p_.size()),
          factor_(p_.size()),
          leaving_(p_.size()) {
        for (std::size_t n = 1; n < p_.size(); ++n)
            leaving_[n] = static_cast<double>(lowest + n);  // from the lowest state none leaves
    }

    double full() const { return p_.back(); }

    // One step of the trapezoidal rule to g h, then of the backward differentiation formula to h.
    void step(double h, double from, double between, double to) {
        const std::size_t size = p_.size();
        for (std::size_t n = 0; n < size; ++n) {
            double flow = -outflow(n, from) * p_[n];
            if (n > 0) flow += from * p_[n - 1];
            if (n + 1 < size) flow += leaving_[n + 1] * p_[n + 1];
            middle_[n] = p_[n] + g * h / 2 * flow;
        }
        solve(g * h / 2, between, middle_);
        for (std::size_t n = 0; n < size; ++n)
            right_[n] = (middle_[n] - (1 - g) * (1 - g) * p_[n]) / (g * (2 - g));
        solve((1 - g) / (2 - g) * h, to, right_);
        p_.swap(right_);
    }

  private:
    double outflow(std::size_t n, double load) const {
        return (n + 1 < p_.size() ? load : 0) + leaving_[n];
    }
    // Thomas's elimination; the matrix is column-diagonally dominant, so it needs no pivots.
    void solve(double h, double load, std::vector<double>& x) {
        const std::size_t size = x.size();
        double diagonal = 1 + h * outflow(0, load);
        x[0] /= diagonal;
        for (std::size_t n = 1; n < size; ++n) {
            factor_[n] = h * leaving_[n] / diagonal;
            diagonal = 1 + h * outflow(n, load) - h * load * factor_[n];
            x[n] = (x[n] + h * load * x[n - 1]) / diagonal;
        }
        for (std::size_t n = size - 1; n > 0; --n) x[n - 1] += factor_[n] * x[n];
    }

    std::vector<double> p_, middle_, right_, factor_, leaving_;
};

// A part of the day in one step: its start, length and the loads of the rates at its ends; and what
// would be live at its start, were none refused.
struct part {
    double begin, length, first, last;
    double live;
    bool counts;
    double load(double at) const { return first + (last - first) * at; }
};

std::vector<part> parts_of(const day_rates& rates, const day& profile, double mean_hold,
                           std::uint64_t ports, int steps) {
    std::vector<part> out;
    const std::size_t count = rates.times.size();
    const bool linear = rates.form == day_rates::shape::linear;
    for (std::size_t i = 0; i < count; ++i) {
        const double begin = rates.times[i];
        const double length =
            (i + 1 < count ? rates.times[i + 1] : rates.times[0] + rates.period) - begin;
        const double first = rates.rates[i] * mean_hold;
        const double last = linear ? rates.rates[(i + 1) % count] * mean_hold : first;
        const double parts = std::ceil(length / rates.period * steps);
        for (double k = 0; k < parts; ++k) {
            const double t = begin + length * (k / parts);
            out.push_back({t, length / parts, first + (last - first) * (k / parts),
                           first + (last - first) * ((k + 1) / parts), profile.live(t), false});
        }
    }
    std::vector<double> logs;
    for (const auto& one : out) logs.push_back(log_erlang_b(static_cast<double>(ports), one.live));
    const double least = *std::max_element(logs.begin(), logs.end()) + std::log(nothing);
    for (std::size_t i = 0; i < out.size(); ++i)  // it, and what leads to it
        out[i].counts = logs[i] >= least || logs[(i + 1) % out.size()] >= least;
    return out;
}

// As many states below a number live as its spread reaches.
std::uint64_t lowest_of(double live, std::uint64_t ports) {
    const double n = std::min(live, static_cast<double>(ports));
    return static_cast<std::uint64_t>(std::max(0.0, std::floor(n - 10 * std::sqrt(n) - 20)));
}

chain from_free(std::uint64_t lowest, std::uint64_t ports, double live) {
    auto law = stationary(ports, live);
    std::vector<double> start(ports - lowest + 1, 0.0);
    for (std::uint64_t n = std::max(lowest, law.from); n <= ports; ++n)
        if (n - law.from < law.chances.size()) start[n - lowest] = law.chances[n - law.from];
    return {lowest, std::move(start)};
}

}  // namespace

day_chain_answer day_chain(const day_rates& rates, double mean_hold, std::uint64_t ports,
                           int steps) {
    detail::require(ports >= 1 && ports <= 4194304, name, "ports", static_cast<double>(ports),
                    "must be at least 1 and at most 4,194,304");
    detail::require(steps >= 100 && steps <= 1000000, name, "steps", steps,
                    "must be at least 100 and at most 1e6");
    const day profile(rates, hold_time::exponential(mean_hold));
    const auto parts = parts_of(rates, profile, mean_hold, ports, steps);
    const std::size_t count = parts.size();

    day_chain_answer out{};
    double refused = 0;
    std::size_t done = 0;
    const auto follow = [&](chain& c, const part& one) {
        if (++done % 16 == 0) poll();
        const double before = c.full(), h = one.length / mean_hold;
        c.step(h, one.first, one.load(g), one.last);
        refused += h * (one.first * before + one.last * c.full()) / 2;
        if (c.full() > out.at_peak) {
            out.at_peak = c.full();
            out.peak_time = std::fmod(one.begin + one.length, rates.period);
        }
    };
    const auto share = [&] { return refused / (profile.mean_rate() * rates.period); };

    const auto quiet = std::find_if(parts.begin(), parts.end(), [](auto& p) { return !p.counts; });
    if (quiet == parts.end()) {  // all through the day: until it repeats
        double least = parts.front().live;
        for (const auto& one : parts) least = std::min(least, one.live);
        chain c = from_free(lowest_of(least, ports), ports, parts.front().live);
        double before = -1;
        for (out.days = 1; out.days <= 200; ++out.days) {
            refused = out.at_peak = 0;
            for (const auto& one : parts) follow(c, one);
            out.share = share();
            if (std::abs(out.share - before) <= 1e-12 + 1e-10 * out.share) break;
            before = out.share;
        }
        return out;
    }
    // From each time at which next to nothing has been refused yet (the number live is Poisson) to
    // that at which nothing is refused any more.
    out.days = 1;
    const auto first = static_cast<std::size_t>(quiet - parts.begin());
    for (std::size_t i = first; i < first + count;) {
        if (!parts[i % count].counts) {
            ++i;
            continue;
        }
        double least = parts[i % count].live;
        std::size_t end = i;
        for (; end < first + count && parts[end % count].counts; ++end)
            least = std::min(least, parts[end % count].live);
        chain c = from_free(lowest_of(least, ports), ports, parts[i % count].live);
        for (; i < first + count && (i < end || c.full() > nothing * out.at_peak); ++i)
            follow(c, parts[i % count]);
    }
    out.share = share();
    return out;
}

}  // namespace natbound::calculator
