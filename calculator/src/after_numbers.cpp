// The number live, event by event.
#include "after_numbers.hpp"

#include <algorithm>
#include <cmath>
#include <limits>
#include <numeric>

#include "after_reach.hpp"
#include "after_runs.hpp"
#include "hold_clock.hpp"
#include "natbound/calculator/variates.hpp"
#include "poisson.hpp"

namespace natbound::calculator::detail {
namespace {

constexpr double most_work = 8e6;  // arrivals in all, where the number of runs is free
constexpr double around = 0.01;    // of a mean hold, to either side of a time

double load_of(const std::vector<number_stream>& all) {
    double sum = 0;
    for (const auto& s : all) sum += s.rate * s.law.hold();
    return sum;
}

double rate_of(const std::vector<number_stream>& all) {
    double sum = 0;
    for (const auto& s : all) sum += s.rate;
    return sum;
}

// What all runs have in common: laws by number, those before the change first.
struct laws_of_change {
    std::vector<hold_law_of> laws;
    std::vector<double> loads_before, rates;  // cumulated

    explicit laws_of_change(const number_change& change) {
        double sum = 0;
        for (const auto& s : change.before) {
            laws.push_back(s.law);
            loads_before.push_back(sum += s.rate * s.law.hold());
        }
        sum = 0;
        for (const auto& s : change.now) {
            laws.push_back(s.law);
            rates.push_back(sum += s.rate);
        }
    }
};

class number_run {
  public:
    number_run(const number_change& change, const laws_of_change& laws, std::uint64_t live,
               std::uint64_t seed)
        : limit_(static_cast<std::uint64_t>(change.limit)),
          laws_(laws),
          first_(change.before.size()),
          random_(seed),
          clock_(laws.laws) {
        for (std::size_t i = 0; i < first_; ++i)
            if (change.before[i].becomes != SIZE_MAX)
                clock_.go_on_as(i, first_ + change.before[i].becomes);
        for (; live_ < live; ++live_)
            clock_.begin_met(pick(laws.loads_before, random_), 0, random_);
        clock_.sort();
    }

    void advance_to(double time) {
        const double rate = laws_.rates.empty() ? 0 : laws_.rates.back();
        clock_.advance_to(
            time, rate, random_, [this] { arrives(); }, [this](std::uint32_t) { --live_; },
            [this](double then) {
                if (live_ >= limit_) full_ += then - clock_.now();
            });
    }
    double now() const { return clock_.now(); }
    std::uint64_t live() const { return live_; }
    double full() const { return full_; }  // seconds until now
    double first_refused() const { return first_refused_; }

  private:
    void arrives() {
        if (live_ >= limit_) {
            first_refused_ = std::min(first_refused_, clock_.now());
            return;
        }
        ++live_;
        const std::size_t which = laws_.rates.size() > 1 ? pick(laws_.rates, random_) : 0;
        clock_.begin(first_ + which, 0, random_);
    }

    std::uint64_t limit_;
    const laws_of_change& laws_;
    std::size_t first_;  // law after the change
    random_bits random_;
    hold_clock clock_;
    std::uint64_t live_ = 0;
    double full_ = 0, first_refused_ = never;
};

// The share of time that the limit is reached around a time: the mean over runs, and the error of
// its logarithm.
log_odds odds_of(const std::vector<double>& shares) {
    double sum = 0, squares = 0;
    for (const double x : shares) sum += x;
    if (!(sum > 0)) return {-never, 0, false};
    const auto n = static_cast<double>(shares.size());
    for (const double x : shares) squares += std::pow(x - sum / n, 2);
    return {std::log(sum / n), std::sqrt(squares * n / (n - 1)) / sum, true};
}

}  // namespace

double log_reached(double number, double mean) {
    if (!(mean < number)) return 0;
    return mean > 0 ? -deviance_alone(number, mean) : -never;
}

system_course number_course(const number_change& change, const std::vector<double>& times,
                            std::uint64_t runs, double share_of_work, std::uint64_t seed,
                            const std::function<void(double)>& progress) {
    const laws_of_change laws(change);
    const double rate = rate_of(change.now);
    const double wide = around * load_of(change.now) / rate;
    // by time: how far to either side; and where these begin, are met and end
    std::vector<double> marks;
    const auto near = [&](double t) { return std::min(wide, t); };
    for (const double t : times)
        for (const double mark : {t - near(t), t, t + near(t)}) marks.push_back(mark);
    std::vector<std::size_t> order(marks.size());
    std::iota(order.begin(), order.end(), std::size_t{0});
    std::sort(order.begin(), order.end(), [&](auto a, auto b) { return marks[a] < marks[b]; });
    const double horizon = marks[order.back()];
    if (runs == 0)
        runs = affordable_runs(horizon * rate + change.start.mean(), share_of_work * most_work);
    std::vector<double> start;
    double sum = 0;
    for (const double p : change.start.chances) start.push_back(sum += p);
    system_course out;
    out.live.assign(times.size(), 0);
    std::vector<std::vector<double>> shares(times.size(), std::vector<double>(runs));
    std::vector<double> first(runs), full(marks.size());
    random_bits draws(seed);
    for (std::uint64_t r = 0; r < runs; ++r) {
        const double done = static_cast<double>(r) / static_cast<double>(runs);
        const std::uint64_t live = change.start.from + pick(start, draws);
        number_run run(change, laws, live, seed * 1000003 + r);
        for (const auto i : order) {
            advance_in_slices(run, marks[i], rate, 200000, [&] { progress(done); });
            full[i] = run.full();
            if (i % 3 == 1)
                out.live[i / 3] += static_cast<double>(run.live()) / static_cast<double>(runs);
        }
        for (std::size_t t = 0; t < times.size(); ++t)
            if (times[t] > 0) shares[t][r] = (full[3 * t + 2] - full[3 * t]) / (2 * near(times[t]));
        first[r] = run.first_refused();
    }
    const auto limit = static_cast<std::uint64_t>(change.limit);
    out.refused.emplace_back();
    out.unseen.assign(times.size(), 0);
    for (std::size_t t = 0; t < times.size(); ++t) {
        auto here = times[t] > 0 ? odds_of(shares[t])
                                 : log_odds{std::log(change.start.at_least(limit)), 0, true};
        // none seen: no more than so many runs leave open, nor than there would be without refusals
        if (here.log == -never) {
            const double none = here.seen ? 1 : none_refused_of(static_cast<double>(runs));
            const double reach = std::exp(log_reached(change.limit, change.means[t]));
            out.unseen[t] = std::max(std::min(none, reach), as_good_as_never);
            here.seen = true;
        }
        out.refused[0].push_back(here);
    }
    std::sort(first.begin(), first.end());
    out.log_none = [first](double t) {
        const auto come = std::upper_bound(first.begin(), first.end(), t) - first.begin();
        return std::log1p(-static_cast<double>(come) / static_cast<double>(first.size()));
    };
    out.known_until = horizon;
    out.runs = runs;
    return out;
}

system_course bounded_course(double log_reached, double rate, const std::vector<double>& live) {
    auto out = free_course(live, live.size());
    const double most = std::max(std::exp(log_reached), as_good_as_never);
    out.unseen.assign(live.size(), most);
    if (most <= as_good_as_never) return out;
    // by t no more are refused on average, nor is one with more chance
    const double a_second = rate * most;
    out.bounded = true;
    out.never = false;
    out.log_none = [a_second](double t) { return std::log1p(-std::min(1.0, a_second * t)); };
    out.first_quantile = [a_second](double p) { return p / a_second; };
    return out;
}

}  // namespace natbound::calculator::detail
