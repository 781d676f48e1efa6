// Birth-death chains after a change.
#include <algorithm>
#include <cmath>
#include <limits>
#include <memory>
#include <numeric>

#include "after_course.hpp"
#include "natbound/calculator/first_passage_law.hpp"
#include "natbound/calculator/transient.hpp"
#include "natbound/calculator/transient_steps.hpp"

namespace natbound::calculator::detail {
namespace {

constexpr double infinite = std::numeric_limits<double>::infinity();

// Births fall and deaths grow with the number live, so two copies that start apart meet at rate 1
// at least (T. Lindvall, Lectures on the Coupling Method, 1992, V.3): then less than 1e-13 of the
// start is left of 4 million flows.
constexpr double forgotten = 46;
constexpr double cut = 1e-290;    // of a start, all chances that are left out, at most
constexpr double worth = 100;     // a chance over its error, to be told
constexpr double steady = 1e-12;  // of a hazard, from one hold to the next: its last value

occupancy scaled_to_one(occupancy law, double mass) {
    for (double& p : law.chances) p /= mass;
    return law;
}

double mass_of(const occupancy& law) {
    return std::accumulate(law.chances.begin(), law.chances.end(), 0.0);
}

// The law of the number live while none was refused, remembered at every hold.
class without_refusals {
  public:
    without_refusals(std::uint64_t ports, double load, refusal_law refusal, occupancy start,
                     std::function<void()> interrupt)
        : ports_(ports),
          load_(load),
          refusal_(std::move(refusal)),
          interrupt_(std::move(interrupt)),
          laws_{std::move(start)},
          logs_{0} {}

    // log P(none refused by t), t in holds.
    double log_none(double t) {
        for (;;) {
            const double last = static_cast<double>(laws_.size()) - 1;
            if (t <= last) break;
            if (settled_) return logs_.back() - (t - last) * hazard_;
            const auto [law, log] = step(laws_.back(), 1);
            const double hazard = -log;
            settled_ = last >= 4 && std::fabs(hazard - hazard_) <= steady * hazard;
            // the hazard converges no slower than the law does
            settled_ = settled_ || last >= forgotten;
            hazard_ = hazard;
            if (log == -infinite) return -infinite;
            laws_.push_back(law);
            logs_.push_back(logs_.back() + log);
        }
        const auto k = static_cast<std::size_t>(std::floor(t));
        const double rest = t - static_cast<double>(k);
        return rest == 0 ? logs_[k] : logs_[k] + step(laws_[k], rest).second;
    }

  private:
    std::pair<occupancy, double> step(const occupancy& from, double time) {
        interrupt_();
        occupancy law = occupancy_at(ports_, load_, refusal_, from, time, true);
        const double mass = mass_of(law);
        if (!(mass > 1e-200)) return {from, -infinite};
        return {scaled_to_one(std::move(law), mass), std::log(mass)};
    }

    std::uint64_t ports_;
    double load_;
    refusal_law refusal_;
    std::function<void()> interrupt_;
    std::vector<occupancy> laws_;
    std::vector<double> logs_;
    double hazard_ = 0;
    bool settled_ = false;
};

// Where log_none falls to log(1 - p): by doubling and halving, in holds.
double crossing_of(const std::function<double(double)>& log_none, double p) {
    const double want = std::log1p(-p);
    double low = 0, high = 1;
    for (; log_none(high) > want; high *= 2) {
        if (high > 1e300) return infinite;
        low = high;
    }
    for (int i = 0; i < 60 && high - low > 1e-12 * high; ++i) {
        const double middle = (low + high) / 2;
        (log_none(middle) > want ? low : high) = middle;
    }
    return high;
}

// Of what is not worth telling beside its error only the bound is left.
void keep_what_is_known(system_course& course) {
    for (std::size_t t = 0; t < course.unseen.size(); ++t) {
        auto& log = course.refused[0][t].log;
        auto& unseen = course.unseen[t];
        if (unseen == 0) continue;
        if (std::exp(log) > worth * unseen) {
            unseen = 0;
            continue;
        }
        unseen += std::exp(log);
        log = -infinite;
    }
}

}  // namespace

system_course free_course(const std::vector<double>& live, std::size_t times) {
    system_course out;
    out.refused.assign(1, std::vector<log_odds>(times, {-infinite, 0, true}));
    out.live = live;
    out.log_none = [](double) { return 0.0; };
    out.first_quantile = [](double) { return infinite; };
    out.known_until = infinite;
    out.never = true;
    return out;
}

system_course stepped_course(std::uint64_t ports, double load, double hold,
                             const refusal_law& refusal, const occupancy& start,
                             const std::vector<double>& times,
                             const std::function<void()>& interrupt) {
    system_course out;
    out.refused.resize(1);
    std::vector<std::size_t> order(times.size());
    std::iota(order.begin(), order.end(), std::size_t{0});
    std::sort(order.begin(), order.end(), [&](auto a, auto b) { return times[a] < times[b]; });
    out.refused[0].resize(times.size());
    out.live.resize(times.size());
    out.unseen.resize(times.size());
    occupancy law = start;
    double at = 0, off = 0;
    for (const auto i : order) {
        const double until = std::min(times[i] / hold, forgotten);
        while (at < until) {
            const double next = std::min(at + 1, until);
            interrupt();
            law = occupancy_at(ports, load, refusal, law, next - at);
            off += law.error_bound;
            at = next;
        }
        double refused = 0;
        for (std::size_t j = 0; j < law.chances.size(); ++j) {
            const std::uint64_t n = law.from + j;
            refused += law.chances[j] * (n >= ports ? 1 : refusal ? refusal(n) : 0);
        }
        out.refused[0][i] = {std::log(std::min(refused, 1.0)), 0, true};
        out.unseen[i] = off;
        out.live[i] = law.mean();
    }
    keep_what_is_known(out);
    const auto chain = std::make_shared<without_refusals>(ports, load, refusal, start, interrupt);
    out.log_none = [chain, hold](double t) { return chain->log_none(t / hold); };
    out.first_quantile = [chain, hold](double p) {
        return hold * crossing_of([&](double t) { return chain->log_none(t); }, p);
    };
    out.known_until = infinite;
    return out;
}

system_course sampled_course(std::uint64_t ports, double load, double hold,
                             const refusal_law& refusal, const std::vector<std::uint64_t>& starts,
                             const std::vector<double>& times,
                             const std::function<void()>& interrupt) {
    const auto course = [&](const occupancy& start) {
        return refusal ? stepped_course(ports, load, hold, refusal, start, times, interrupt)
                       : erlang_course(ports, load, hold, start, times, interrupt);
    };
    const auto runs = static_cast<double>(starts.size());
    const auto [least, most] = std::minmax_element(starts.begin(), starts.end());
    occupancy all;
    all.from = *least;
    all.chances.assign(*most - *least + 1, 0);
    for (const auto n : starts) all.chances[n - *least] += 1 / runs;
    auto out = course(all);
    const double mean = all.mean();
    double squares = 0;
    for (const auto n : starts) squares += std::pow(static_cast<double>(n) - mean, 2);
    // The logarithm is nearly a line over the starts, so that chances are nearly lognormal.
    const double deviation = std::sqrt(squares / (runs - 1));
    const auto low = static_cast<std::uint64_t>(std::max(0.0, std::floor(mean - deviation)));
    const auto high = static_cast<std::uint64_t>(std::ceil(mean + deviation)) + (deviation == 0);
    const auto from_low = course(exactly(low)), from_high = course(exactly(high));
    constexpr double steepest = 25;
    for (std::size_t t = 0; t < times.size(); ++t) {
        auto& here = out.refused[0][t];
        if (times[t] == 0) {  // refused are those that begin full, and no others
            const double full = std::exp(here.log);
            if (full > 0) here.error = std::sqrt((1 - full) / (full * runs));
            if (full == 0) out.unseen[t] += -std::expm1(std::log(0.05) / runs);
            continue;
        }
        const double slope = (from_high.refused[0][t].log - from_low.refused[0][t].log) /
                             static_cast<double>(high - low);
        const double off = std::isfinite(slope) ? std::fabs(slope) * deviation : 0;
        here.error = std::sqrt(std::expm1(std::pow(std::min(off, steepest), 2)) / runs);
    }
    return out;
}

system_course erlang_course(std::uint64_t ports, double load, double hold, const occupancy& start,
                            const std::vector<double>& times,
                            const std::function<void()>& interrupt) {
    if (start.from + start.chances.size() > ports + 1)
        return stepped_course(ports, load, hold, {}, start, times, interrupt);
    system_course out;
    out.refused.resize(1);
    const transient_law law(ports, load, start);
    for (const double t : times) {
        interrupt();
        const auto full = law.full(t / hold);
        const double left_out = start.chances.size() > 1 ? cut : 0;
        out.refused[0].push_back({std::min(0.0, full.log), 0, true});
        out.unseen.push_back(left_out + std::exp(full.log_off));
        out.live.push_back(law.mean(t / hold));
    }
    keep_what_is_known(out);
    const auto first = std::make_shared<first_passage_law>(ports, load, passage::refusal, start);
    out.log_none = [first, hold, interrupt](double t) {
        interrupt();
        const double come = first->cdf(t / hold);
        return come < 0.5 ? std::log1p(-come) : std::log(first->survival(t / hold));
    };
    out.first_quantile = [first, hold, interrupt](double p) {
        interrupt();
        return hold * first->quantile(p);
    };
    out.first_mean = hold * first->mean().mean;
    out.known_until = infinite;
    return out;
}

}  // namespace natbound::calculator::detail
