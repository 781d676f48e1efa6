#include <algorithm>
#include <array>
#include <cmath>
#include <limits>
#include <map>
#include <natbound/calculator/finite_queue.hpp>
#include <natbound/calculator/packet_limit.hpp>
#include <vector>

#include "argument.hpp"
#include "logarithms.hpp"
#include "monotone.hpp"
#include "poisson.hpp"

namespace natbound::calculator {
namespace {

constexpr const char* name = "packet_limit";
// Of M/D/1/K: what is deeper matters within 0.2 % of full load, and loses less.
constexpr std::uint64_t deepest = 512;
using detail::log_poisson;
using detail::log_zero;

// log loss of M/D/1/K by its load, between points at equal steps of asinh(K log load): there the
// loss is smooth both where it falls steeply and at load 1.
class loss_curve {
  public:
    explicit loss_curve(std::uint64_t depth) : depth_(depth), deep_(static_cast<double>(depth)) {}

    // {log loss, mean time in the system in services}
    std::pair<double, double> at(double load) {
        if (load <= 0) return {log_zero, 1};
        // above, all tokens are taken: what is left of the queue's empty times is below 1e-13
        if ((load - 1) * deep_ > 60 && load > 1.02) return {std::log1p(-1 / load), deep_};
        return between(std::asinh(deep_ * std::log(load)));
    }

    // The logarithm of the loss at y = asinh(depth x log load).
    double log_loss(double y, double load) {
        if ((load - 1) * deep_ > 60 && load > 1.02) return std::log1p(-1 / load);
        return between(y).first;
    }
    double depth() const { return deep_; }

    static constexpr double step = 0.1;  // of y, between two points

  private:
    std::pair<double, double> between(double y) {
        const double at = y / step, cell = std::floor(at), x = at - cell;
        // Lagrange's weights
        const std::array<double, 4> weights = {
            -x * (x - 1) * (x - 2) / 6, (x + 1) * (x - 1) * (x - 2) / 2, -(x + 1) * x * (x - 2) / 2,
            (x + 1) * x * (x - 1) / 6};
        std::pair<double, double> out{0, 0};
        const int first = static_cast<int>(cell) - 1;
        for (int i = 0; i < 4; ++i) {
            const auto point = known(first + i);
            out.first += weights[static_cast<std::size_t>(i)] * point.first;
            out.second += weights[static_cast<std::size_t>(i)] * point.second;
        }
        return {std::min(out.first, 0.0), std::clamp(out.second, 1.0, deep_)};
    }

    std::pair<double, double> known(int i) {
        if (i < -farthest || i > farthest) return computed(i);  // soon done
        auto& kept = points_[static_cast<std::size_t>(i + farthest)];
        if (kept.second == 0) kept = computed(i);
        return kept;
    }

    std::pair<double, double> computed(int i) const {
        const double load = std::exp(std::sinh(i * step) / deep_);
        if (load < 1e-9) return {deep_ * std::log(load), 1};  // less than so many in one service
        if (load > 90) return {std::log1p(-1 / load), deep_};
        const auto found = finite_queue(service::constant, depth_, load);
        return {found.log_loss, found.delay};
    }

    static constexpr int farthest =
        100;  // beyond, and a depth of 512, load is below 1e-9 or over 90
    std::uint64_t depth_;
    double deep_;
    // From -farthest; a delay of 0: not known yet.
    std::vector<std::pair<double, double>> points_ =
        std::vector<std::pair<double, double>>(2 * farthest + 1);
};

// Curves are kept: most of the work is in their points.
loss_curve& curve_of(std::uint64_t depth) {
    constexpr std::size_t most = 16;
    thread_local std::map<std::uint64_t, loss_curve> kept;
    const auto it = kept.find(depth);
    if (it != kept.end()) return it->second;
    if (kept.size() >= most) kept.clear();
    return kept.try_emplace(depth, depth).first->second;
}

class averaged {
  public:
    averaged(double per_second, std::uint64_t depth, const packet_load& load)
        : limit_(per_second),
          depth_(static_cast<double>(depth)),
          curve_(curve_of(std::min(depth, deepest))),
          load_(load) {}

    // Connections whose first packet is lost send no others: the share that gets in is the one
    // that leaves so much room. Where none come and go (no hold) all have got in.
    packet_answer at(double scale) {
        const packet_answer all = admitting(scale, 1);
        if (!thins(all.refusal)) return all;
        return admitting(scale, 1 - detail::self_thinned(all.refusal, 1e-5, [&](double q) {
                                    return admitting(scale, 1 - q, false).refusal;
                                }));
    }

    // Where `refused` is the fixed point, its share of those that open is known to be missing: the
    // logarithm of what these refuse over it.
    double above(double scale, double refused) {
        return admitting(scale, thins(refused) ? 1 - refused : 1, false).log_refusal -
               std::log(refused);
    }

  private:
    // Do those that are refused leave room for the others?
    bool thins(double refused) const {
        constexpr double little = 1e-9;  // changes nothing
        return refused >= little && load_.live > 0 && load_.hold > 0;
    }

    packet_answer admitting(double scale, double admitted, bool with_delay = true) {
        const double opening = load_.opening * scale;
        constexpr double absurd = 1e4;  // nearly all is lost, however many are live
        const double over = (opening + load_.live * scale * admitted * load_.each) / limit_;
        if (over > absurd)
            return {1 - 1 / over, std::log1p(-1 / over), 1 - 1 / over, depth_ / limit_};
        const double part = variance_left(scale, admitted);
        const double live = load_.live * scale * admitted / part, each = load_.each * part;
        packet_answer out;
        constexpr double nothing = 1e-12;  // of the spread of the number live: its mean is all
        if (live <= 0 || each <= 0 || part < nothing) {
            const double mean = opening + load_.live * scale * admitted * load_.each;
            const auto [log, delay] = curve_.at(mean / limit_);
            const double loss = std::exp(log);
            return {loss, log, loss, delay / limit_};
        }
        const auto rate = [&](double n) { return opening + n * each; };
        const double wide = std::sqrt(live);
        const auto [refused, lost] =
            smooth(live, each) ? integrated(live, opening, each) : summed(live, opening, each);
        out.log_refusal = std::min(refused, 0.0);
        out.refusal = std::exp(out.log_refusal);
        out.loss = std::exp(std::min(lost, 0.0));
        if (!with_delay) return out;
        // the delay is an average over where the number live mostly is
        const double stride = std::max(1.0, std::ceil(wide / 20));
        double all = 0, waited = 0;
        for (double n = std::max(0.0, std::floor(live - 8 * wide)); n <= live + 8 * wide + 8;
             n += stride) {
            const double weight = std::exp(log_poisson(n, live)) * rate(n);
            all += weight;
            waited += weight * curve_.at(rate(n) / limit_).second;
        }
        out.delay = waited / all / limit_;
        return out;
    }

    // Whether the number live may be taken for a real one: its law, and how what is lost changes
    // with it, are wide beside one.
    bool smooth(double live, double each) const {
        return live >= 1e5 || (live >= 100 && limit_ / each / curve_.depth() >= 4);
    }

    // The logarithms of the average loss of connections that open and of all packets: the integral
    // over y = asinh(depth x log load), in which both the law of the number live and the loss are
    // smooth, by the trapezoid rule from where most is lost to where nothing is.
    std::pair<double, double> integrated(double live, double opening, double each) const {
        constexpr double far = 40;  // e^-40 of the most counts for nothing
        const double deep = curve_.depth();
        struct place {
            double log, rate, n, slope, loss;
        };
        const auto at = [&](double y) -> place {
            const double up = std::exp(y), down = 1 / up;
            const double load = std::exp((up - down) / 2 / deep), rate = limit_ * load;
            const double n = (rate - opening) / each;
            if (!(n > 0)) return {log_zero, rate, 0, 0, 0};
            const double slope = rate / each * (up + down) / 2 / deep;  // of n by y
            const double loss = curve_.log_loss(y, load);
            // Poisson's weight of n, without the difference of large numbers
            const double here = -detail::deviance(n, live).high - detail::stirling_error(n);
            return {here + loss + std::log(slope / std::sqrt(detail::two_pi * n)), rate, n, slope,
                    loss};
        };
        const auto y_of = [&](double n) {
            const double load = std::max((opening + n * each) / limit_, 1e-12);
            return std::asinh(deep * std::log(load));
        };
        const double full = std::max(live, (limit_ - opening) / each);
        double low = y_of(std::max(0.0, live - 12 * std::sqrt(live)));
        double high = y_of(full + 12 * std::sqrt(full) + 40);
        if (!(high < HUGE_VAL)) return summed(live, opening, each);
        // golden sections
        constexpr double part = 0.6180339887498949;
        double a = high - part * (high - low), b = low + part * (high - low);
        double at_a = at(a).log, at_b = at(b).log;
        constexpr double near = 0.03;  // the sum may begin beside the most
        while (high - low > near) {
            if (at_a > at_b) {
                high = b;
                b = a;
                at_b = at_a;
                a = high - part * (high - low);
                at_a = at(a).log;
            } else {
                low = a;
                a = b;
                at_a = at_b;
                b = low + part * (high - low);
                at_b = at(b).log;
            }
        }
        const place beside = at((a + b) / 2);
        if (!std::isfinite(beside.log)) return summed(live, opening, each);
        const double steep = beside.slope * beside.slope / beside.n - beside.loss + 1;
        // of the curve's places, where its cubics meet, so that the same is left out always
        const double parts = std::ceil(loss_curve::step / (0.4 / std::sqrt(steep)));
        const double step = loss_curve::step / parts;
        const double top = std::round((a + b) / 2 / step) * step;
        const place most = at(top);
        if (!std::isfinite(most.log)) return summed(live, opening, each);
        double refused = 1, lost = most.rate;
        for (const double side : {-1.0, 1.0})
            for (int k = 1; k < 100000; ++k) {
                const place here = at(top + side * k * step);
                if (!(here.log > most.log - far)) break;
                const double weight = std::exp(here.log - most.log);
                refused += weight;
                lost += weight * here.rate;
            }
        const double scale = most.log + std::log(step);
        return {scale + std::log(refused), scale + std::log(lost / (opening + live * each))};
    }

    // The same as a sum over the numbers live, or every some of them.
    std::pair<double, double> summed(double live, double opening, double each) const {
        const auto rate = [&](double n) { return opening + n * each; };
        const auto weigh = [&](double n) {
            return log_poisson(n, live) + curve_.at(rate(n) / limit_).first;
        };
        // What is lost is lost at some number live: that is found first.
        const double wide = std::sqrt(live);
        const double full = std::max(0.0, (limit_ - opening) / each);
        double low = std::max(0.0, std::floor(live - 12 * wide - 12));
        double high = std::ceil(std::max(live, full) + 12 * std::sqrt(std::max(live, full)) + 40);
        constexpr int cells = 200;
        constexpr double far = 40;  // e^-40 of the most counts for nothing
        for (int i = 0; i < 40 && high - low > 4 * cells; ++i) {
            const double step = (high - low) / cells;
            double most = log_zero;
            std::vector<double> seen;
            for (int k = 0; k <= cells; ++k) {
                seen.push_back(weigh(std::floor(low + k * step)));
                most = std::max(most, seen.back());
            }
            int first = 0, last = cells;
            while (first < cells && seen[static_cast<std::size_t>(first)] < most - far) ++first;
            while (last > 0 && seen[static_cast<std::size_t>(last)] < most - far) --last;
            const double from = low + std::max(0, first - 1) * step;
            const double to = low + std::min(cells, last + 1) * step;
            if (to - from > 0.5 * (high - low)) break;
            low = std::floor(from);
            high = std::ceil(to);
        }
        const double step = std::max(1.0, std::ceil((high - low) / (4 * cells)));
        std::vector<double> logs;
        for (double n = low; n <= high; n += step) logs.push_back(weigh(n));
        const double most = logs.empty() ? log_zero : *std::max_element(logs.begin(), logs.end());
        if (most == log_zero) return {log_zero, log_zero};
        double refused = 0, lost = 0, n = low;
        for (const double here : logs) {
            const double weight = std::exp(here - most);
            refused += weight;
            lost += weight * rate(n);
            n += step;
        }
        const double scale = most + std::log(step);
        return {scale + std::log(refused), scale + std::log(lost / rate(live))};
    }

    // Of the variance of the number live, what is left of it in its mean over the time that a full
    // bucket most likely takes to run empty: where its need, over the spread of what comes, is
    // least; bounded, for at full load there is no such time.
    double variance_left(double scale, double admitted) const {
        const double live = load_.live * scale * admitted;
        const double mean = load_.opening * scale + live * load_.each;
        const double variance = live * load_.each * load_.each;
        if (load_.hold <= 0 || variance <= 0) return 1;
        const auto left = [&](double seconds) {
            const double u = seconds / load_.hold;
            return u < 1e-4 ? 1 - u / 3 : 2 * (1 + std::expm1(-u) / u) / u;
        };
        const double longest = 20 * depth_ / std::sqrt(variance);
        if (mean >= limit_) return left(longest);
        double best = longest, least = std::numeric_limits<double>::infinity();
        static const double quarter = std::exp(0.25);
        double holds = std::exp(-12.0);
        for (int i = -48; i <= 28; ++i, holds *= quarter) {
            const double t = std::min(load_.hold * holds, longest);
            const double needs =
                ((limit_ - mean) * t + depth_) / std::sqrt(mean * t + variance * t * t * left(t));
            if (needs >= least) continue;
            least = needs;
            best = t;
        }
        return left(best);
    }

    double limit_, depth_;
    loss_curve& curve_;
    packet_load load_;
};

void check(double per_second, std::uint64_t depth, const packet_load& load) {
    detail::require(per_second > 0 && per_second <= 1e12, name, "per_second", per_second,
                    "must be above 0 and at most 1e12");
    detail::require(depth >= 1, name, "depth", static_cast<double>(depth), "must be at least 1");
    for (const auto& [what, value] :
         {std::pair{"opening", load.opening}, std::pair{"live", load.live},
          std::pair{"each", load.each}, std::pair{"hold", load.hold}})
        detail::require(value >= 0 && value <= 1e15, name, what, value,
                        "must be at least 0 and at most 1e15");
    detail::require(load.rate() > 0, name, "opening", load.opening,
                    "or live and each must be above 0");
}

}  // namespace

packet_answer packet_limit(double per_second, std::uint64_t depth, const packet_load& load) {
    check(per_second, depth, load);
    return averaged(per_second, depth, load).at(1);
}

double scale_for_packets(double per_second, std::uint64_t depth, const packet_load& load,
                         double target) {
    check(per_second, depth, load);
    detail::require_target("scale_for_packets", target);
    averaged average(per_second, depth, load);
    // around the scale at which the mean rate is the limit; of those that open at most the target
    // are refused, and just these send no more
    const double middle = per_second / load.rate();
    const double kept = load.opening + load.live * load.each * (1 - target);
    const double low = middle * 1e-13, high = middle * 6 / (1 - target) * load.rate() / kept;
    const double guess = middle * load.rate() / kept * (target < 0.1 ? 1 : 1 / (1 - target));
    return detail::most_real_to_meet("scale_for_packets", target, low, high, guess,
                                     [&](double scale) {
                                         constexpr double near = 1e-9;  // finer than the formula
                                         const double above = average.above(scale, target);
                                         return std::abs(above) < near ? 0 : above;
                                     });
}

}  // namespace natbound::calculator
