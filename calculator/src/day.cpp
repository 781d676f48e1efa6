// m(t) = mean rate x E + integral of (r(t - u) - mean rate) P(X > u). Over U, so many whole days,
// by parts, twice: with h1 = E (X - u)+ and h2 = E ((X - u)+)^2 / 2, each less its value at U,
// (r(t) - mean) h1(0) - slope h2(0) + sum over past bends of (turn h2(u) - jump h1(u)), u the time
// since the bend. Beyond U by parts once: R(t) P(X > U), R the integral of r - mean, of mean 0.
// (Over all time by parts twice needs second moments, which a heavy tail has thousands of days
// ago.)
#include <algorithm>
#include <boost/math/quadrature/gauss.hpp>
#include <boost/math/tools/toms748_solve.hpp>
#include <cmath>
#include <cstdint>
#include <natbound/calculator/day.hpp>
#include <natbound/calculator/erlang.hpp>
#include <string>
#include <utility>

#include "argument.hpp"

namespace natbound::calculator {
namespace {

using gauss = boost::math::quadrature::gauss<double, 7>;

constexpr const char* name = "day";
constexpr double most_days = 5000;

// The highest point of f between a and b, where it is unimodal.
template <class F>
moment_of_day highest(const F& f, double a, double b) {
    constexpr double golden = 0.61803398874989484820;
    double x = b - golden * (b - a), y = a + golden * (b - a);
    double fx = f(x), fy = f(y);
    for (int i = 0; i < 60 && b - a > 1e-9 * std::abs(b); ++i) {
        if (fx >= fy) {
            b = y;
            y = x;
            fy = fx;
            x = b - golden * (b - a);
            fx = f(x);
        } else {
            a = x;
            x = y;
            fx = fy;
            y = a + golden * (b - a);
            fy = f(y);
        }
    }
    return fx >= fy ? moment_of_day{x, fx} : moment_of_day{y, fy};
}

// The highest of f over the day: looked for on a grid, then within its neighbours.
template <class F>
moment_of_day highest_of_day(const F& f, const std::vector<double>& grid, double period) {
    std::vector<double> values;
    for (double t : grid) values.push_back(f(t));
    const auto best =
        static_cast<std::size_t>(std::max_element(values.begin(), values.end()) - values.begin());
    const double before = best > 0 ? grid[best - 1] : grid.back() - period;
    const double after = best + 1 < grid.size() ? grid[best + 1] : grid.front() + period;
    auto found = moment_of_day{grid[best], values[best]};
    // Either side apart: at a jump of the rates m has a corner.
    for (const auto& [a, b] : {std::pair{before, grid[best]}, std::pair{grid[best], after}}) {
        const auto inside = highest(f, a, b);
        if (inside.value > found.value) found = inside;
    }
    found.time -= period * std::floor(found.time / period);
    return found;
}

// Where f, above 0 at a and not at b, is 0.
template <class F>
double root(const F& f, double a, double b, double at_a, double at_b) {
    if (at_b == 0) return b;
    std::uintmax_t most = 60;
    const auto [low, high] = boost::math::tools::toms748_solve(
        f, a, b, at_a, at_b, boost::math::tools::eps_tolerance<double>(44), most);
    return (low + high) / 2;
}

std::vector<double> grid_of(const day_rates& rates) {
    std::vector<double> grid = rates.times;
    for (int i = 0; i < 480 && rates.times.size() < 480; ++i)
        grid.push_back(rates.period * i / 480);
    std::sort(grid.begin(), grid.end());
    grid.erase(std::unique(grid.begin(), grid.end()), grid.end());
    return grid;
}

}  // namespace

day_rates day_rates::even(std::vector<double> rates, shape form, double period) {
    day_rates out{period, {}, std::move(rates), form};
    const double count = static_cast<double>(out.rates.size());
    for (std::size_t i = 0; i < out.rates.size(); ++i) {
        out.times.push_back(period * static_cast<double>(i) / count);
    }
    return out;
}

double day::piece_end(std::size_t i) const {
    return i + 1 < rates_.times.size() ? rates_.times[i + 1] : rates_.times[0] + rates_.period;
}

day::day(day_rates rates, hold_time hold) : rates_(std::move(rates)), hold_(std::move(hold)) {
    const auto& times = rates_.times;
    detail::require(rates_.period > 0 && rates_.period <= 1e12, name, "period", rates_.period,
                    "must be above 0 and at most 1e12");
    detail::require(!times.empty() && times.size() == rates_.rates.size(), name, "rates",
                    static_cast<double>(rates_.rates.size()),
                    "must be at least 1, and as many as the times");
    detail::require(hold_.mean() <= 30 * rates_.period, name, "hold", hold_.mean(),
                    "must be at most 30 periods");
    const std::size_t count = times.size();
    for (std::size_t i = 0; i < count; ++i) {
        const std::string at = "[" + std::to_string(i) + "]";
        detail::require(times[i] >= (i == 0 ? 0 : times[i - 1]) && times[i] < rates_.period &&
                            (i == 0 || times[i] > times[i - 1]),
                        name, ("times" + at).c_str(), times[i],
                        "must ascend, from 0 on and below the period");
        detail::require(detail::finite_and_not_negative(rates_.rates[i]) && rates_.rates[i] <= 1e15,
                        name, ("rates" + at).c_str(), rates_.rates[i],
                        "must be at least 0 and at most 1e15");
        peak_ = std::max(peak_, rates_.rates[i]);
    }
    detail::require(peak_ > 0, name, "rates", peak_, "must not all be 0");
    const bool linear = rates_.form == day_rates::shape::linear;
    double steepest = 0;
    for (std::size_t i = 0; i < count; ++i) {
        const double length = piece_end(i) - times[i], next = rates_.rates[(i + 1) % count];
        slopes_.push_back(linear ? (next - rates_.rates[i]) / length : 0);
        steepest = std::max(steepest, std::abs(slopes_[i]));
        mean_rate_ += length * (linear ? (rates_.rates[i] + next) / 2 : rates_.rates[i]);
    }
    mean_rate_ /= rates_.period;
    for (std::size_t i = 0; i < count; ++i) {
        const std::size_t last = (i + count - 1) % count;
        const double jump = linear ? 0 : rates_.rates[i] - rates_.rates[last];
        bends_.push_back({times[i], jump, slopes_[i] - slopes_[last]});
    }
    sum_up_rates();
    const double enough = 1e-12 * mean_rate_ * hold_.mean();
    while (whole_days_ < most_days && left_out() > enough) whole_days_ += whole_days_ < 50 ? 1 : 50;
    detail::require(
        left_out() < 1e-8 * mean_rate_ * hold_.mean(), name, "hold", hold_.mean(),
        "has so heavy a tail that connections of 5,000 periods ago still count: cut it");
    const double reach = whole_days_ * rates_.period;
    beyond_ = {hold_.survival(reach), hold_.excess(reach), hold_.half_square(reach)};
    find_gone();
    for (double from = 2; from < whole_days_ && !earlier_; from = std::ceil(1.5 * from))
        keep_smooth(from, steepest);
}

std::size_t day::piece(double t) const {
    const auto after = std::upper_bound(rates_.times.begin(), rates_.times.end(), t);
    return after == rates_.times.begin()
               ? rates_.times.size() - 1
               : static_cast<std::size_t>(after - rates_.times.begin()) - 1;
}

double day::rate(double t) const {
    detail::require(std::isfinite(t), name, "time", t, "must be finite");
    t -= rates_.period * std::floor(t / rates_.period);
    const std::size_t i = piece(t);
    const double since = t - rates_.times[i];
    return rates_.rates[i] + slopes_[i] * (since < 0 ? since + rates_.period : since);
}

// The rate's integral from the first time on, less what its mean has; and with its own mean taken
// away.
void day::sum_up_rates() {
    double at = 0, area = 0;
    for (std::size_t i = 0; i < slopes_.size(); ++i) {
        const double s = piece_end(i) - rates_.times[i], over = rates_.rates[i] - mean_rate_;
        sums_.push_back(at);
        area += s * (at + s * (over / 2 + s * slopes_[i] / 6));
        at += s * (over + s * slopes_[i] / 2);
    }
    for (double& sum : sums_) sum -= area / rates_.period;
}

double day::sum_of_rates(double t) const {
    const std::size_t i = piece(t);
    const double since = t - rates_.times[i], s = since < 0 ? since + rates_.period : since;
    return sums_[i] + s * (rates_.rates[i] - mean_rate_ + s * slopes_[i] / 2);
}

// Of the integral beyond the whole days, by parts, sum_of_rates x survival is counted, and at most
// the highest sum x what survival falls by remains; where the density falls from there on, no more
// than over the last day.
double day::left_out() const {
    const double reach = whole_days_ * rates_.period, before = reach - rates_.period;
    const double falls = hold_.survival(before) - hold_.survival(reach);
    return peak_ * rates_.period * (before >= hold_.ragged() ? falls : hold_.survival(reach));
}

// From there on what a bend adds is below the rounding of what it added at first: half_square and
// excess fall all the way.
void day::find_gone() {
    constexpr double little = 1e-18;
    const double square = beyond_[2] + little * hold_.half_square(0);
    const double excess = beyond_[1] + little * hold_.excess(0);
    double low = 0, high = whole_days_ * rates_.period;  // where nothing is left beside beyond_
    for (int i = 0; i < 30; ++i) {
        const double middle = (low + high) / 2;
        const bool gone = hold_.half_square(middle) <= square && hold_.excess(middle) <= excess;
        (gone ? high : low) = middle;
    }
    gone_ = high;
}

double day::felt(const bend& x, double since) const {
    if (since >= gone_) return 0;
    double sum = 0;
    if (x.turn != 0) sum += x.turn * (hold_.half_square(since) - beyond_[2]);
    if (x.jump != 0) sum -= x.jump * (hold_.excess(since) - beyond_[1]);
    return sum;
}

double day::of_days(double from, double last, double t) const {
    double sum = 0;
    for (const auto& x : bends_) {
        for (double back = from; back <= last; ++back) {
            sum += felt(x, t - x.time + back * rates_.period);
        }
    }
    return sum;
}

// A law with a jump, or one much narrower than a day, is smooth only so many days later.
void day::keep_smooth(double from, double steepest) {
    const auto f = [&](double t) { return of_days(from, whole_days_ - 1, t); };
    const chebyshev kept(rates_.period, f);
    constexpr int looks = 25;
    // What is lost where the terms of a heavy tail cancel is no sharper summed by day.
    const double terms = static_cast<double>(bends_.size()) * whole_days_;
    const double allowed = 1e-11 * mean_rate_ * hold_.mean() +
                           1e-13 * std::sqrt(terms) * steepest * hold_.half_square(0);
    for (int i = 0; i < looks; ++i) {
        const double t = rates_.period * (i + 0.5) / looks;
        if (std::abs(kept(t) - f(t)) > allowed) return;
    }
    earlier_ = kept;
    summed_days_ = from - 1;
}

double day::live(double t) const {
    const double now = rate(t);
    t -= rates_.period * std::floor(t / rates_.period);
    double sum = now * hold_.mean() - (now - mean_rate_) * beyond_[1];
    const double slope = slopes_[piece(t)];
    if (slope != 0) sum -= slope * (hold_.half_square(0) - beyond_[2]);
    for (const auto& x : bends_) {  // each as often as there are whole days
        sum += felt(x, t - x.time + rates_.period);
        sum += felt(x, t - x.time + (t >= x.time ? 0 : whole_days_ * rates_.period));
    }
    const double last = whole_days_ - 1;
    sum += of_days(2, earlier_ ? summed_days_ : last, t) + (earlier_ ? (*earlier_)(t) : 0);
    return std::max(sum + sum_of_rates(t) * beyond_[0], 0.0);
}

moment_of_day day::peak_rate() const {
    const auto best = static_cast<std::size_t>(
        std::max_element(rates_.rates.begin(), rates_.rates.end()) - rates_.rates.begin());
    std::size_t end = best;  // a plateau goes on while the rates do not fall
    while (end + 1 < rates_.rates.size() && rates_.rates[end + 1] == peak_) ++end;
    const double last =
        rates_.form == day_rates::shape::linear ? rates_.times[end] : piece_end(end);
    const double middle = (rates_.times[best] + last) / 2;
    return {middle - rates_.period * std::floor(middle / rates_.period), peak_};
}

moment_of_day day::peak_live() const {
    return highest_of_day([&](double t) { return live(t); }, grid_of(rates_), rates_.period);
}

// None where most is live while the rate is at its highest: there is no one time of that.
double day::lag() const {
    const double then = peak_live().time;
    if (rates_.form == day_rates::shape::linear && rate(then) >= peak_ * (1 - 1e-12)) return 0;
    const double later = then - peak_rate().time;
    return later - rates_.period * std::floor(later / rates_.period);
}

// The mean over a window rises with its start while more is live at its end than at its start: its
// peaks are where that changes.
moment_of_day day::busiest(double length) const {
    detail::require(length > 0 && length <= rates_.period, name, "length", length,
                    "must be above 0 and at most the period");
    auto grid = grid_of(rates_);
    grid.push_back(grid.front() + rates_.period);
    const auto rises = [&](double t) { return live(t + length) - live(t); };
    std::optional<moment_of_day> best;
    const auto consider = [&](double from) {
        const double value = mean_live(from, length);
        if (!best || value > best->value) best = {from, value};
    };
    double before = rises(grid.front());
    for (std::size_t i = 0; i + 1 < grid.size(); ++i) {
        const double after = rises(grid[i + 1]);
        if (before > 0 && after <= 0) consider(root(rises, grid[i], grid[i + 1], before, after));
        before = after;
    }
    if (!best) consider(grid.front());  // as many at any time
    best->time -= rates_.period * std::floor(best->time / rates_.period);
    return *best;
}

// Piece by piece, cut where the rates bend or jump, and a mean hold later (where all holds are the
// same): there the live flows have corners, which no rule of quadrature goes across.
double day::mean_live(double from, double length) const {
    const auto fold = [&](double t) { return t - rates_.period * std::floor(t / rates_.period); };
    std::vector<double> cuts = rates_.times;
    for (const double t : rates_.times) cuts.push_back(fold(t + hold_.mean()));
    std::sort(cuts.begin(), cuts.end());
    const double end = from + length, midnight = from - fold(from);
    double sum = 0, at = from;
    const auto add = [&](double to) {
        to = std::min(to, end);
        if (!(to > at)) return;
        sum += gauss::integrate([&](double t) { return live(t); }, at, to);
        at = to;
    };
    for (const double later : {0.0, rates_.period})
        for (const double cut : cuts) add(midnight + later + cut);
    add(end);
    return sum / length;
}

day::refusals day::refused(double ports) const {
    refusals out{};
    const double hold = hold_.mean();
    out.stationary_peak = erlang_b(ports, peak_ * hold);
    out.mean_load = erlang_b(ports, mean_rate_ * hold);
    out.at_peak = erlang_b(ports, peak_live().value);
    auto grid = grid_of(rates_);
    grid.push_back(grid.front() + rates_.period);
    for (std::size_t i = 0; i + 1 < grid.size(); ++i) {
        if (grid[i + 1] - grid[i] < 1e-9 * rates_.period) continue;
        out.share += gauss::integrate([&](double t) { return rate(t) * erlang_b(ports, live(t)); },
                                      grid[i], grid[i + 1]);
        out.stationary_share +=
            gauss::integrate([&](double t) { return rate(t) * erlang_b(ports, rate(t) * hold); },
                             grid[i], grid[i + 1]);
    }
    out.share /= mean_rate_ * rates_.period;
    out.stationary_share /= mean_rate_ * rates_.period;
    return out;
}

}  // namespace natbound::calculator
