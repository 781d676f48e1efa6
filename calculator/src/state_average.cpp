// The fits, the law of the number of live flows, and what both say together.
#include "state_average.hpp"

#include <algorithm>
#include <array>
#include <boost/math/distributions/students_t.hpp>
#include <cmath>
#include <limits>

#include "natbound/calculator/erlang.hpp"

namespace natbound::calculator::detail {
namespace {

// Student's t at 97.5 % over the normal law's, so that who uses an error may take it for normal. Of
// 20 batches no more than 8 are independent, since how flows lie is remembered for a hold or two;
// in few holds fewer are, as the fit takes some of them, and the number live wanders through few of
// the numbers that count (measured on home-lan, where looks of 1 to 4 holds strayed 1.5 times as
// far as 8 degrees say, and those of 10 and more as far).
double few_batches(double holds) {
    const boost::math::students_t law(std::clamp(0.8 * holds, 2.5, 8.0));
    return boost::math::quantile(law, 0.975) / 1.960;
}
constexpr double few_flows = 64;     // a law of so few is soon seen, and no curve fits it
constexpr double few_states = 25;    // that fail: no curve is fitted to fewer
constexpr double unseen = 0.3;       // of a probability, from where nothing was seen
constexpr double disturbed = 0.002;  // what refusals may change of a probability, before it counts

// Solves a positive definite system of three; false where it is not.
bool solve(std::array<std::array<double, 3>, 3> m, std::array<double, 3>& v) {
    for (std::size_t i = 0; i < 3; ++i) {
        if (!(m[i][i] > 1e-12)) return false;
        for (std::size_t j = i + 1; j < 3; ++j) {
            const double part = m[j][i] / m[i][i];
            for (std::size_t k = i; k < 3; ++k) m[j][k] -= part * m[i][k];
            v[j] -= part * v[i];
        }
    }
    for (std::size_t i = 3; i-- > 0;) {
        for (std::size_t k = i + 1; k < 3; ++k) v[i] -= m[i][k] * v[k];
        v[i] /= m[i][i];
    }
    return true;
}

}  // namespace

state_average::state_average(simulation& s, arrival_odds& odds, double load, double most)
    : simulation_(s),
      odds_(odds),
      load_(load),
      deviation_(std::sqrt(load)),
      most_(most),
      rate_(0),
      one_hold_(true),
      offered_(s.input().kinds),
      failing_(s.input().kinds) {
    s.clear_counts();
    const auto& first = s.input().streams.front().open;
    for (const auto& stream : s.input().streams) rate_ += stream.rate;
    for (const auto& stream : s.input().streams)
        one_hold_ = one_hold_ && stream.open == first && stream.closing.empty() &&
                    first.law == hold_law::exponential;
    // Entries that may be taken over leave early: neither the load nor the ports say how many live.
    for (const auto& stream : s.input().streams)
        law_known_ = law_known_ && !(s.input().table.takes_over && !stream.closing.empty()) &&
                     stream.arrives.law == arrival_law::poisson;
    for (const auto& stream : s.input().streams) {
        if (stream.arrives.law == arrival_law::batches)
            batches_rate_ += stream.rate / stream.arrives.batch;
        else
            singles_ = true;
    }
}

void state_average::batch(std::size_t states, double spacing,
                          const std::function<void()>& interrupt) {
    arrivals_ += static_cast<double>(states) * spacing;
    for (std::size_t i = 0; i < states; ++i) {
        if (batches_rate_ > 0)
            advance_through_batches(spacing);
        else
            simulation_.advance(spacing);
        if (singles_) odds_.read(simulation_);
        if (i % 4 == 0) interrupt();
        weight_.push_back(simulation_.weight());
        z_.push_back(z(static_cast<double>(simulation_.table().live())));
        const double span = simulation_.span(spacing);
        for (std::size_t k = 0; k < offered_.size(); ++k) {
            offered_[k].push_back(singles_ ? odds_.offered()[k] : 0);
            failing_[k].push_back(singles_ ? odds_.failing()[k] : 0);
            if (batches_rate_ == 0) continue;
            offered_[k].back() += batch_offered_[k] / span;
            failing_[k].back() += batch_failing_[k] / span;
        }
    }
    ends_.push_back(z_.size());
}

bool state_average::nothing_fails() const {
    return std::all_of(failing_.begin(), failing_.end(), [](const auto& kind) {
        return std::all_of(kind.begin(), kind.end(), [](double f) { return f == 0; });
    });
}

// About one batch a state is looked at, and counts for all of them.
void state_average::advance_through_batches(double spacing) {
    const double chance = std::min(1.0, rate_ / batches_rate_ / spacing);
    batch_offered_.assign(offered_.size(), 0);
    batch_failing_.assign(offered_.size(), 0);
    simulation_.advance(spacing, chance, [&](std::size_t stream) {
        odds_.read(simulation_, stream);
        for (std::size_t k = 0; k < offered_.size(); ++k) {
            batch_offered_[k] += odds_.offered()[k] / chance;
            batch_failing_[k] += odds_.failing()[k] / chance;
        }
    });
}

double state_average::fit::at(double z) const {
    if (!is_log) return std::max(a + (z - center) * b, 0.0);
    const double x = std::clamp(z, low, high) - center;
    // what fails grows with what is live
    const double beyond = (z - center - x) * std::max(0.0, b + 2 * c * x);
    return std::exp(a + x * (b + x * c) + beyond);
}

double state_average::mean(const std::vector<double>& values) const {
    double sum = 0, time = 0;
    for (std::size_t i = 0; i < values.size(); ++i) {
        sum += weight_[i] * values[i];
        time += weight_[i];
    }
    return sum / time;
}

state_average::fit state_average::linear(const std::vector<double>& values) const {
    const double middle = mean(values), center = mean(z_);
    double crossed = 0, squared = 0;
    for (std::size_t i = 0; i < z_.size(); ++i) {
        crossed += weight_[i] * (z_[i] - center) * (values[i] - middle);
        squared += weight_[i] * (z_[i] - center) * (z_[i] - center);
    }
    const double slope = squared > 0 ? crossed / squared : 0;
    return {false, center, middle, slope, 0, 0, 0};
}

// Maximizes sum(value * y - exp(y)), the likelihood of counts (P. McCullagh and J. Nelder,
// Generalized Linear Models, 1989): then the fit has the mean of the values, and their covariance
// with z and z^2. Concave, so Newton's steps lead there.
state_average::fit state_average::exponential(const std::vector<double>& values) const {
    const double scale = mean(values), center = mean(z_);
    double a = 0, b = 0, c = 0, best = -std::numeric_limits<double>::infinity();
    std::array<double, 3> step{};
    for (int i = 0; i < 40; ++i) {
        std::array<std::array<double, 3>, 3> second{};
        std::array<double, 3> first{};
        double likely = 0;
        for (std::size_t k = 0; k < z_.size(); ++k) {
            const double x = z_[k] - center, y = a + x * (b + x * c), at = std::exp(y);
            const double value = values[k] / scale, off = weight_[k] * (value - at);
            const std::array<double, 3> powers = {1, x, x * x};
            likely += weight_[k] * (value * y - at);
            for (std::size_t r = 0; r < 3; ++r) {
                first[r] += off * powers[r];
                for (std::size_t q = 0; q < 3; ++q)
                    second[r][q] += weight_[k] * at * powers[r] * powers[q];
            }
        }
        if (!(likely >= best)) {  // too far: half of the step back
            for (auto& s : step) s /= 2;
            a -= step[0], b -= step[1], c -= step[2];
            continue;
        }
        best = likely;
        step = first;
        if (!solve(second, step)) break;
        a += step[0], b += step[1], c += step[2];
        if (std::fabs(step[0]) + std::fabs(step[1]) + std::fabs(step[2]) < 1e-9) break;
    }
    const auto [low, high] = std::minmax_element(z_.begin(), z_.end());
    return {true, center, std::log(scale) + a, b, c, *low, *high};
}

std::vector<double> state_average::influence(const fit& f, const std::vector<double>& chances,
                                             double lowest) const {
    std::array<std::array<double, 3>, 3> second{};
    std::array<double, 3> target{};
    const auto powers = [&](double z) {
        const double x = z - f.center;
        return std::array<double, 3>{1, x, f.is_log ? x * x : 0};
    };
    double time = 0;
    for (std::size_t i = 0; i < z_.size(); ++i) {
        const auto x = powers(z_[i]);
        const double at = weight_[i] * (f.is_log ? f.at(z_[i]) : 1);
        time += weight_[i];
        for (std::size_t r = 0; r < 3; ++r)
            for (std::size_t q = 0; q < 3; ++q) second[r][q] += at * x[r] * x[q];
    }
    if (!f.is_log) second[2][2] = 1;
    for (std::size_t i = 0; i < chances.size(); ++i) {
        const double here = z(lowest + static_cast<double>(i));
        const auto x = powers(here);
        const double at = chances[i] * (f.is_log ? f.at(here) : 1);
        for (std::size_t r = 0; r < 3; ++r) target[r] += at * x[r];
    }
    std::vector<double> out(z_.size(), 1);
    if (!solve(second, target)) return out;
    for (std::size_t i = 0; i < z_.size(); ++i) {
        const auto x = powers(z_[i]);
        out[i] = time * (target[0] * x[0] + target[1] * x[1] + target[2] * x[2]);
    }
    return out;
}

double state_average::failing_at(const fit& failing, double n, double offered) const {
    return n >= most_ ? offered : std::min(offered, failing.at(z(n)));
}

// The law of the number of live flows from `lowest` on: births are what is let in.
std::vector<double> state_average::law(const fit& offered, const fit& failing,
                                       double lowest) const {
    std::vector<double> out = {1};
    const double highest = std::min(most_, load_ + 10 * deviation_ + 10);
    double sum = 1;
    for (double n = lowest; n < highest; ++n) {
        const double all = offered.at(z(n));
        const double in = all - failing_at(failing, n, all);
        out.push_back(out.back() * load_ * in / rate_ / (n + 1));
        sum += out.back();
        if (sum > 1e200) {
            for (auto& p : out) p /= sum;
            sum = 1;
        }
    }
    for (auto& p : out) p /= sum;
    return out;
}

double state_average::error(const std::vector<double>& off) const {
    std::vector<double> batches;
    std::size_t from = 0;
    double time = 0;
    for (const auto end : ends_) {
        double sum = 0;
        for (; from < end; ++from) {
            sum += weight_[from] * off[from];
            time += weight_[from];
        }
        batches.push_back(sum);
    }
    const std::size_t n = batches.size();
    double alone = 0, joint = 0;
    constexpr std::size_t reach = 4;
    for (std::size_t b = 0; b < n; ++b) {
        alone += batches[b] * batches[b];
        for (std::size_t lag = 1; lag <= reach && lag <= b; ++lag)
            joint +=
                2 * (1 - static_cast<double>(lag) / (reach + 1)) * batches[b] * batches[b - lag];
    }
    const auto count = static_cast<double>(n);
    const double holds = arrivals_ / std::min(load_, most_);
    return few_batches(holds) * std::sqrt(std::max(alone, alone + joint) * count / (count - 1)) /
           time;
}

std::vector<log_odds> state_average::result() const {
    std::vector<double> all_offered(z_.size()), all_failing(z_.size());
    for (std::size_t k = 0; k < offered_.size(); ++k)
        for (std::size_t i = 0; i < z_.size(); ++i) {
            all_offered[i] += offered_[k][i];
            all_failing[i] += failing_[k][i];
        }
    const auto fits = [&](const std::vector<double>& values) {
        double sum = 0, squares = 0;
        for (const double v : values) {
            sum += v;
            squares += v * v;
        }
        return load_ >= few_flows && sum * sum > few_states * squares;
    };
    // How much of the number of live flows refusals take away, times what that changes.
    const fit none{false, 0, rate_}, zero{};
    fit offered = none, failing = zero;
    bool known = law_known_ && fits(all_failing);
    if (known) {
        failing = exponential(all_failing);
        const double growth = std::fabs(failing.b) * deviation_;
        if (simulation_.share_displaced() * growth > disturbed) {
            known = one_hold_;
            offered = linear(all_offered);
        } else {
            failing = zero;
        }
    }
    const double lowest =
        std::max(0.0, std::floor(std::min(load_, load_ + deviation_ * mean(z_)) - 10 * deviation_));
    const auto chances = known ? law(offered, failing, lowest) : std::vector<double>{};

    const auto is_full = [&](std::size_t i) { return load_ + deviation_ * z_[i] > most_ - 0.5; };
    double full_states = 0;
    for (std::size_t i = 0; i < z_.size(); ++i) full_states += is_full(i) ? 1 : 0;

    std::vector<log_odds> out;
    for (std::size_t k = 0; k < offered_.size(); ++k) {
        const double plain = mean(failing_[k]), reached = mean(offered_[k]);
        if (!(plain > 0)) {
            out.push_back({-std::numeric_limits<double>::infinity(), 0, false});
            continue;
        }
        std::vector<double> off(z_.size());
        fit fails, offers;
        double failed = 0, tried = 0, beyond = 0, failed_at = 0, tried_at = 0;
        const bool fitted = known && fits(failing_[k]);
        if (fitted) {
            fails = exponential(failing_[k]);
            offers = linear(offered_[k]);
        }
        for (std::size_t i = 0; fitted && i < chances.size(); ++i) {
            const double n = lowest + static_cast<double>(i), all = offers.at(z(n));
            const double here = chances[i] * failing_at(fails, n, all);
            failed += here;
            failed_at += here * n;
            tried_at += chances[i] * all * n;
            if (z(n) < fails.low || z(n) > fails.high) beyond += here;
            tried += chances[i] * all;
        }
        if (!fitted || !(beyond < unseen * failed)) {
            // All ports busy may be too rare to be seen here, but how rare is known, unless other
            // refusals keep it from being reached.
            double full = full_states < few_states && law_known_ ? erlang_b(most_, load_) : 0;
            if (full * static_cast<double>(z_.size()) > 2 * few_states) full = 0;
            std::vector<double> below = failing_[k];
            for (std::size_t i = 0; full > 0 && i < below.size(); ++i)
                if (is_full(i)) below[i] = 0;
            const double part = mean(below) / reached, all = part + full;
            if (!(all > 0)) {
                out.push_back({-std::numeric_limits<double>::infinity(), 0, false});
                continue;
            }
            for (std::size_t i = 0; i < off.size(); ++i)
                off[i] = (below[i] - part * offered_[k][i]) / reached / all;
            out.push_back({std::log(all), error(off), true});
            continue;
        }
        const auto moved_by_failing = influence(fails, chances, lowest),
                   moved_by_offers = influence(offers, chances, lowest);
        for (std::size_t i = 0; i < off.size(); ++i)
            off[i] = moved_by_failing[i] * (failing_[k][i] - fails.at(z_[i])) / failed -
                     moved_by_offers[i] * (offered_[k][i] - offers.at(z_[i])) / tried;
        // The law of n goes with load^n.
        const double growth = failed_at / failed - tried_at / tried;
        out.push_back({std::log(failed / tried), error(off), true, growth});
    }
    return out;
}

}  // namespace natbound::calculator::detail
