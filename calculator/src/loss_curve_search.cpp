// Where a simulated curve is looked at: for the load of a probability, and for a low one.
#include <algorithm>
#include <cmath>
#include <limits>
#include <optional>

#include "curve_points.hpp"

namespace natbound::calculator {

using detail::good_enough;
using detail::never;
using detail::sees;
using detail::worst_of;

namespace {

bool lighter(const curve_point& p, double load) { return p.load < load; }

// The growth between two points of one kind that differ by much more than they may be wrong by; the
// slope there else. Far from a root it leads closer than a slope that is held near a guess.
double steep_between(const curve_point& a, const curve_point& b, std::size_t kind, double slope) {
    const auto &one = a.kinds[kind], &other = b.kinds[kind];
    if (!one.seen || !other.seen || a.load == b.load) return slope;
    const double rise = one.log - other.log;
    if (std::fabs(rise) < 4 * std::hypot(one.error, other.error)) return slope;
    return std::max(1.0, rise / std::log(a.load / b.load));
}

}  // namespace

void loss_curve::look(double load, double holds, double near, double precision, bool rough) {
    if (exact()) return;
    for (const auto& p : points_)
        if (std::fabs(std::log(p.load / load)) <= near && (p.effort >= holds || rough)) return;
    curve_point next = simulate(load, holds, precision, rough);
    const auto at = std::lower_bound(points_.begin(), points_.end(), next.load, lighter);
    points_.insert(at, std::move(next));
}

// By secants in the logarithms, within a bracket: loads below refuse less often than epsilon, loads
// above more.
double loss_curve::solve(double epsilon, double holds) {
    const double target = std::log(epsilon);
    double low = 0, high = std::numeric_limits<double>::infinity(),
           load = 0.85 * ports_ * crowding_;
    // Of an overload the slope says nothing: nearly what is above the ports is refused, and below
    // them the probability falls far more steeply.
    constexpr double overload = -4;
    if (std::any_of(points_.begin(), points_.end(),
                    [](const auto& p) { return sees(p) && worst_of(p).log < overload; })) {
        const log_odds here = worst(load);
        if (here.seen)
            load = std::clamp(load * std::exp((target - here.log) / slope(load, 0)), 0.02 * load,
                              4 * load);
    }
    constexpr double far = 3;  // of logarithms
    std::optional<curve_point> before;
    double unsure = 0;  // of the load, by the error of the last point and the slope there
    for (int i = 0; i < 24; ++i) {
        const bool last = high < low * (1.003 + unsure);
        look(load, last ? holds : std::min(holds, 1.0), 0.0005, good_enough, !last);
        const auto& point =
            *std::min_element(points_.begin(), points_.end(), [&](const auto& a, const auto& b) {
                return std::fabs(std::log(a.load / load)) < std::fabs(std::log(b.load / load));
            });
        log_odds here{never, 0, false};
        std::size_t kind = 0;
        for (std::size_t k = 0; k < kinds_.size(); ++k)
            if (point.kinds[k].seen && (!here.seen || point.kinds[k].log > here.log)) {
                here = point.kinds[k];
                kind = k;
            }
        (here.seen && here.log > target ? high : low) = load;
        if (last) return load;
        double next = low == 0                                          ? load / 4
                      : high == std::numeric_limits<double>::infinity() ? load * 1.25
                                                                        : std::sqrt(low * high);
        if (here.seen) unsure = std::min(0.05, here.error / slope(load, kind));
        if (here.seen) {
            double steep = slope(load, kind);
            if (before && std::fabs(target - here.log) > far)
                steep = steep_between(point, *before, kind, steep);
            before = point;
            const double step = (target - at(load, kind).log) / steep;
            const double wanted = load * std::exp(step);
            if (std::fabs(step) < 0.01 && here.error < 0.7) {
                // an error of 0.15 % of the load will do
                look(wanted, holds, 0.0005, 0.004 * slope(wanted, kind));
                const double after =
                    wanted * std::exp((target - at(wanted, kind).log) / slope(wanted, kind));
                if (std::fabs(std::log(after / wanted)) > 0.004)
                    look(after, holds, 0.002, 0.004 * slope(after, kind));
                return after;
            }
            // Where all points together have the root elsewhere than this one it is noise: so far
            // as that goes.
            const double aside = std::exp(std::max(2 * unsure, 0.004));
            if (wanted > low && wanted < high)
                next = std::clamp(wanted, load / 4, load * 1.5);
            else if (wanted >= high && load / aside > low && high == load)
                next = load / aside;
            else if (wanted <= low && load * aside < high && low == load)
                next = load * aside;
            if (here.log > overload)
                next = std::max(next, std::max(low, 0.9 * load * -std::expm1(here.log)));
        }
        load = next;
    }
    return load;
}

double loss_curve::descend(double probability, double start) {
    // Most searches are far from refusing there, and yet seen to.
    constexpr double begin = 0.7;
    constexpr double near = 1.02;  // of loads
    const double target = std::log(probability), full = ports_ * crowding_;
    if (start == 0) start = begin;
    for (int i = 0; i < 12; ++i) {
        const auto lowest = std::find_if(points_.begin(), points_.end(), sees);
        double load = start * full;
        if (lowest != points_.end()) {
            const double log = worst_of(*lowest).log;
            if (log < target) return lowest->load / full;
            // as far as the slope tells, but no more than by half: far from points it is a guess
            load = lowest->load *
                   std::clamp(std::exp((target - 2 - log) / slope(lowest->load, 0)), 0.5, 0.99);
            // nor beyond where it would have begun: an overload's slope leads far too low
            if (lowest->load > start * full) load = std::max(load, start * full);
        } else if (!points_.empty()) {
            load = std::max(load, 1.25 * points_.back().load);
        }
        if (load > 4 * full) break;
        // Where nothing was seen at so low a load, half way between the two: a bound is to be no
        // more than what is measured of a load between.
        if (lowest != points_.end() && lowest != points_.begin()) {
            const double unseen = std::prev(lowest)->load;
            if (lowest->load < near * unseen) break;
            load = std::max(load, std::sqrt(unseen * lowest->load));
        }
        look(load, 1, 0.005, 0, true);  // a bound is wanted
    }
    return start;
}

}  // namespace natbound::calculator
