// Odds and first refusals over kinds and systems.
#include <algorithm>
#include <boost/math/special_functions/beta.hpp>
#include <boost/math/tools/toms748_solve.hpp>
#include <cmath>
#include <limits>

#include "after_parts.hpp"
#include "logarithms.hpp"
#include "simulated_share.hpp"

namespace natbound::calculator::detail {
namespace {

constexpr double infinite = std::numeric_limits<double>::infinity();

// The sum over independent systems of log P(none refused by t).
double log_none(const std::vector<std::pair<const system_course*, double>>& all, double t) {
    double sum = 0;
    for (const auto& [course, copies] : all) sum += copies * course->log_none(t);
    return sum;
}

// Between which the chance of a refusal by t lies: of each system that was stepped, by so many of
// its runs (C. J. Clopper, E. S. Pearson, Biometrika 26 (1934) 404).
std::array<double, 2> come_between(const std::vector<std::pair<const system_course*, double>>& all,
                                   double t) {
    constexpr double outside = 0.025;
    std::array<double, 2> logs{0, 0};  // that none has come, at the least and the most
    for (const auto& [course, copies] : all) {
        const double log = course->log_none(t), runs = static_cast<double>(course->runs);
        double low = -std::expm1(log), high = low;
        if (runs > 0) {
            const double k = std::round(low * runs);
            low = k == 0 ? 0 : boost::math::ibeta_inv(k, runs - k + 1, outside);
            high = k == runs ? 1 : boost::math::ibetac_inv(k + 1, runs - k, outside);
        }
        logs[0] += copies * std::log1p(-low);
        logs[1] += copies * std::log1p(-high);
    }
    return {-std::expm1(logs[0]), -std::expm1(logs[1])};
}

// Where log_none falls to `want`: between two times, for laws without jumps.
double root_between(const std::vector<std::pair<const system_course*, double>>& all, double want,
                    double low, double high) {
    std::uintmax_t most = 60;
    const auto off = [&](double log_t) { return log_none(all, std::exp(log_t)) - want; };
    const double a = std::log(low), b = std::log(high), at_a = off(a), at_b = off(b);
    if (!(at_a > 0)) return low;
    if (!(at_b < 0)) return high;
    const auto found = boost::math::tools::toms748_solve(
        off, a, b, at_a, at_b, [](double x, double y) { return y - x < 1e-10; }, most);
    return std::exp(found.second);
}

// The same where it falls in steps, that of the first refusal of a run: to a thousandth, far below
// what so many runs tell of it.
double step_between(const std::vector<std::pair<const system_course*, double>>& all, double want,
                    double high) {
    double low = high;
    while (low > 1e-15 * high && !(log_none(all, low) > want)) low /= 16;
    for (high = std::min(high, 16 * low); high > 1.001 * low;) {
        const double middle = std::sqrt(low * high);
        (log_none(all, middle) > want ? low : high) = middle;
    }
    return high;
}

}  // namespace

refusal_odds as_odds(const log_odds& seen, double unseen, std::uint64_t runs) {
    if (seen.log == log_zero)
        return {unseen, 0, unseen, unseen > 0 ? std::log(unseen) : log_zero, unseen > 0};
    const double log = std::min(seen.log, 0.0), value = std::exp(log);
    if (runs == 0 && unseen > value) {
        const double most = std::min(1.0, value + unseen);
        return {most, 0, most, std::log(most), true};
    }
    if (runs == 0) return {value, value, value, log, false};
    const double off =
        normal_at_975 * student_over_normal(static_cast<double>(runs) - 1) * seen.error;
    return {value, value * std::exp(-off), std::min(1.0, value * std::exp(off) + unseen), log,
            false};
}

refusal_odds average(const std::vector<after_kind>& kinds, std::size_t time, double rate) {
    refusal_odds out;
    out.log = log_zero;
    double bound = 0;
    for (const auto& k : kinds) {
        const double share = k.who.kind.rate * k.who.kind.endpoints / rate;
        const auto& here = k.at[time];
        if (here.at_most) {
            bound += share * here.value;
            continue;
        }
        out.value += share * here.value;
        out.low += share * here.low;
        out.high += share * here.high;
        out.log = log_sum(out.log, here.log + std::log(share));
    }
    out.high += bound;
    if (out.value == 0 && bound > 0) return {bound, 0, bound, std::log(bound), true};
    return out;
}

first_refusal_law first_of(const std::vector<std::pair<const system_course*, double>>& given,
                           const after_options& options) {
    first_refusal_law out;
    std::vector<std::pair<const system_course*, double>> all;
    double copies = 0, until = infinite;
    bool exact = true;
    for (const auto& one : given) {
        if (!one.first->log_none) {
            out.unknown = "a table or quota that holds of several laws can fill";
            out.by.assign(options.times.size(), std::nullopt);
            out.quantiles.assign(options.quantiles.size(), std::nullopt);
            return out;
        }
        exact = exact && one.first->first_quantile != nullptr;
        if (one.first->never) continue;
        all.push_back(one);
        copies += one.second;
        until = std::min(until, one.first->known_until);
    }
    for (const double t : options.times)
        out.by.push_back(t > until ? std::nullopt : std::optional(-std::expm1(log_none(all, t))));
    const bool counted =
        std::any_of(all.begin(), all.end(), [](const auto& c) { return c.first->runs > 0; });
    for (std::size_t t = 0; counted && t < options.times.size(); ++t)
        out.by_interval.push_back(out.by[t] ? std::optional(come_between(all, options.times[t]))
                                            : std::nullopt);
    const bool one_alone = all.size() == 1 && copies == 1 && exact;
    if (one_alone) out.mean = all[0].first->first_mean;
    if (out.mean && !std::isfinite(*out.mean)) out.mean.reset();
    for (const double p : options.quantiles) {
        const double want = std::log1p(-p);
        out.quantiles.emplace_back();
        if (all.empty()) continue;
        double low = 0, high = until;
        if (exact) {
            // a system alone is later than all, and early enough if each has its root of 1 - p
            low = high = infinite;
            for (const auto& [course, many] : all) {
                high = std::min(high, course->first_quantile(p));
                if (!one_alone)
                    low = std::min(low, course->first_quantile(-std::expm1(want / copies)));
            }
            if (one_alone || !(low < high)) {
                if (std::isfinite(high)) out.quantiles.back() = high;
                continue;
            }
            if (!std::isfinite(high)) continue;
        } else if (log_none(all, high) > want) {
            continue;  // later than was looked
        }
        out.quantiles.back() =
            exact ? root_between(all, want, low, high) : step_between(all, want, high);
    }
    return out;
}

}  // namespace natbound::calculator::detail
