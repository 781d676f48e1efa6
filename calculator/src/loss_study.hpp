#pragma once
// What likely and risk share: the curves of a scenario's systems, and every kind's probability as a
// sum over them. Limits of the whole table join by the product bound: a connection gets through if
// it passes both, and losses at one limit thin the load of the other, so 1 - (1 - a)(1 - b) is not
// too low (W. Whitt, Bell System Technical Journal 64 (1985) 1807).
#include <algorithm>
#include <boost/math/tools/toms748_solve.hpp>
#include <cmath>
#include <cstdint>
#include <memory>

#include "natbound/calculator/likely.hpp"
#include "natbound/calculator/loss_curve.hpp"
#include "other_limits.hpp"

namespace natbound::calculator::detail {

// A kind's flows in one system: which curve, the kind's place in it, the system's load, and the
// share of the kind's arrivals.
struct share_of_kind {
    std::size_t curve, place, system;
    double load, share;
};

class kind_sums {
  public:
    kind_sums(const scenario& s, const filled_traffic& traffic, const study_options& options,
              std::uint64_t assignment);

    // log probability that a connection of a kind fails, its error, and whether it was seen to be
    // possible.
    log_odds at(std::size_t kind, double scale, counted what = counted::failing) const;
    log_odds worst(double scale) const;
    // Mean over all connections.
    log_odds average(double scale) const;
    // The scale at which `of` reaches log epsilon, between bounds; none if it never does.
    template <class Of>
    std::optional<double> root(double log_epsilon, Of&& of) const;

    // Looks where the worst kind reaches epsilon.
    void find(double epsilon, double holds);
    // Looks at the loads of this scale, unless they are so low that looking is vain. precision: as
    // in loss_curve::look.
    void look(double scale, double holds, double precision);
    // An upper bound on a kind's probability where it was not seen, as a logarithm.
    double bound(std::size_t kind, double scale, counted what = counted::failing) const;
    // That of the search for a port alone.
    double bound_of_ports(std::size_t kind, double scale) const;
    // What other limits than ports refuse of a kind at least: the most of any one of them.
    double limits_alone(std::size_t kind, double scale, counted what = counted::failing) const;
    // Makes bounds worth something: looks where simulated curves reach a probability that low,
    // unless a bound at this scale is as low without.
    void look_low(double scale, double probability);

    bool any_simulated() const;
    const system_split& all() const { return all_; }
    const std::vector<std::shared_ptr<loss_curve>>& curves() const { return curves_; }
    const std::vector<share_of_kind>& shares(std::size_t kind) const { return shares_[kind]; }
    const other_limits& limits() const { return *limits_; }
    // Whether quotas refuse beside something else, so that their product bound is not exact.
    bool joined() const;
    // Whether some connections meet several limits that are not counted together: what is known of
    // them are bounds.
    bool several_limits(double scale, counted what = counted::failing) const;
    // Then, no less than this is refused of a kind, and of all connections. Each limit by itself is
    // one where it is looked at with all that meet it: with other refusals no more of these are
    // ever live, so that no more of them are let in. (Of those that also meet others it alone may
    // refuse less: these make room.)
    double least(std::size_t kind, double scale, counted what = counted::failing) const;
    double least_of_all(double scale, counted what = counted::failing) const;
    // The highest load of a system over all systems: what an assignment is judged by.
    double heaviest() const;

  private:
    // Systems that source ports, shared mappings and quotas join, where they can be counted
    // together.
    void join_systems(const scenario& s, other_limits& limits);
    // Of the search for a port, in systems where each connection takes one; with its error.
    double least_of_ports(std::size_t kind, double scale) const;

    system_split all_;
    std::vector<std::shared_ptr<loss_curve>> curves_;
    std::vector<std::vector<share_of_kind>> shares_;  // a kind's
    std::vector<double> most_load_;                   // of a curve's systems
    std::unique_ptr<const other_limits> limits_;
};

template <class Of>
std::optional<double> kind_sums::root(double log_epsilon, Of&& of) const {
    // `of` grows with the scale; unseen is below all.
    const auto above = [&](double x) {
        const log_odds here = of(std::exp(x));
        return here.seen && here.log > log_epsilon;
    };
    // In steps that double, from the traffic as it is: far from it what is asked for may take long.
    constexpr double farthest = 80;
    const bool down = above(0);
    double here = 0, next = 0;
    for (double step = 0.5;; step *= 2) {
        next = std::clamp(here + (down ? -step : step), -farthest, farthest);
        if (above(next) != down) break;
        if (next == farthest) return std::nullopt;
        if (next == -farthest) return std::exp(next);
        here = next;
    }
    double low = std::min(here, next), high = std::max(here, next);
    for (int i = 0; i < 80; ++i) {
        if (high - low < 1) {  // near: few evaluations where both ends are seen
            const auto away = [&](double x) { return of(std::exp(x)).log - log_epsilon; };
            const double at_low = away(low), at_high = away(high);
            if (std::isfinite(at_low) && at_low < 0 && at_high > 0) {
                std::uintmax_t most = 60;
                const auto found = boost::math::tools::toms748_solve(
                    away, low, high, at_low, at_high, boost::math::tools::eps_tolerance<double>(52),
                    most);
                return std::exp((found.first + found.second) / 2);
            }
        }
        const double middle = (low + high) / 2;
        (above(middle) ? high : low) = middle;
    }
    return std::exp((low + high) / 2);
}

}  // namespace natbound::calculator::detail
