// Which curves are looked at, and at which loads.
#include <algorithm>
#include <cmath>
#include <functional>
#include <limits>
#include <map>
#include <set>
#include <vector>

#include "curve_points.hpp"
#include "loss_study.hpp"

namespace natbound::calculator::detail {
namespace {

constexpr double least_holds = 2.5;  // of a load that is to be found closely

// Whether all that a curve refuses was seen to be less at a load no lower: so it is at this one.
bool less_above(const loss_curve& curve, double load, double log) {
    return std::any_of(curve.points().begin(), curve.points().end(), [&](const auto& p) {
        return p.load >= load && std::all_of(p.kinds.begin(), p.kinds.end(), [&](const auto& k) {
                   return k.seen && k.log + 3 * k.error < log;
               });
    });
}

// Whether rough looks forget too little of where they began to count as any other.
bool forgets_slowly(const loss_curve& curve) {
    return std::any_of(curve.points().begin(), curve.points().end(),
                       [](const auto& p) { return p.effort == 0; });
}

// Whether a look of so many holds at a load no lower saw nothing that could be refused.
bool nothing_above(const loss_curve& curve, double load, double holds) {
    return std::any_of(curve.points().begin(), curve.points().end(), [&](const auto& p) {
        return p.load >= load && p.effort >= holds && !sees(p);
    });
}

}  // namespace

void kind_sums::find(double epsilon, double holds) {
    // Curves by how full their fullest system is: the first is the likeliest to bind.
    std::vector<std::size_t> order;
    for (std::size_t c = 0; c < curves_.size(); ++c)
        if (!curves_[c]->exact()) order.push_back(c);
    const auto fill = [&](std::size_t c) { return most_load_[c] / curves_[c]->ports(); };
    std::sort(order.begin(), order.end(), [&](auto a, auto b) { return fill(a) > fill(b); });
    const bool rough = holds < least_holds;  // to rank limits by, a line from nearby will do
    const double target = std::log(epsilon);
    const auto worst_at = [&](double scale) { return worst(scale); };
    double best = std::numeric_limits<double>::infinity();
    if (const auto exact = root(target, worst_at)) best = *exact;
    for (const auto c : order) {
        const double load = most_load_[c] * best;
        bool known = false;  // as closely as a rough look wants it
        if (best < std::numeric_limits<double>::infinity() && curves_[c]->overflow(load) < target) {
            // one short look tells whether this one fails first
            if (load < 0.2 * fill(order.front()) * curves_[c]->ports()) continue;
            if (curves_[c]->sure_bound(load) < target - 1) continue;
            if (less_above(*curves_[c], load, target - 1)) continue;
            known = rough;  // a line between points nearby will do
            for (std::size_t k = 0; k < curves_[c]->kinds().size(); ++k)
                known = known && curves_[c]->measured(load, k);
            if (!known) curves_[c]->look(load, 1, 0.01, 0, true);
            const log_odds here = curves_[c]->worst(load);
            if (!here.seen || here.log + 3 * here.error < target - 1) continue;
            // to rank limits by a look of a hold will do, too, where closer ones begin with many
            known = known || (rough && forgets_slowly(*curves_[c]));
        }
        if (!known || std::fabs(curves_[c]->worst(load).log - target) > 1.5)
            curves_[c]->solve(epsilon, holds);
        if (const auto now = root(target, worst_at)) best = *now;
    }
    // Mixtures of systems, or a table's limit, may move the root: look where it is.
    for (int i = 0; i < 3; ++i) {
        const auto scale = root(target, worst_at);
        if (!scale) return;
        bool moved = false;
        for (const auto c : order) {
            const double load = most_load_[c] * *scale;
            const log_odds here = curves_[c]->worst(load);
            if (!here.seen || here.log < target - 3) continue;
            const std::size_t before = curves_[c]->points().size();
            curves_[c]->look(load, rough ? 1 : 0.9 * holds, rough ? 0.02 : 0.006, 0, rough);
            moved = moved || curves_[c]->points().size() != before;
        }
        if (!moved) return;
    }
}

// Systems that share a curve have loads of their own: from the heaviest down, as long as the rest
// may matter.
void kind_sums::look(double scale, double holds, double precision) {
    constexpr int most = 12;                 // looks at one curve
    constexpr double little = 0.003;         // of what is refused
    constexpr double first = 2;              // holds of a first look, which need not forget all
    const double nothing = std::log(1e-11);  // nothing will be seen
    for (std::size_t c = 0; c < curves_.size(); ++c) {
        auto& curve = *curves_[c];
        if (curve.exact()) continue;
        std::map<double, std::pair<double, std::set<std::size_t>>, std::greater<>> loads;
        double left = 0;  // connections a second, of loads not yet gone through
        for (std::size_t k = 0; k < shares_.size(); ++k)
            for (const auto& part : shares_[k]) {
                if (part.curve != c) continue;
                const double rate = all_.kinds[k].rate * all_.kinds[k].endpoints * part.share;
                auto& [sum, places] = loads[part.load * scale];
                sum += rate;
                places.insert(part.place);
                left += rate;
            }
        double refused = 0;
        int looks = 0;
        for (const auto& [load, what] : loads) {
            const double rate = what.first;
            const auto& places = what.second;
            const auto known = [&, load = load] {
                return std::all_of(places.begin(), places.end(),
                                   [&](std::size_t place) { return curve.measured(load, place); });
            };
            if (curve.sure_bound(load) < nothing) break;
            if (looks == 0) {
                // where a line from above promises less nothing will be seen
                const log_odds promised = curve.worst(load);
                if (promised.seen && promised.log < nothing) break;
            } else if (left < little * refused) {
                break;
            }
            // less is refused than at a higher load, where as long a look saw nothing
            const double wanted = looks == 0 ? holds : holds / 2;
            const double least = looks == 0 ? std::min(holds, first) : wanted;
            if (!known() && nothing_above(curve, load, least)) break;
            // a short look tells whether anything is refused, where none nearby has
            if (looks == 0 && holds > first && !known()) {
                curve.look(load, first, 0.002, 0, true);
                if (!curve.worst(load).seen) break;
            }
            if (looks == 0 || (!known() && looks < most)) {
                curve.look(load, wanted, looks == 0 ? 0.002 : 0.01, precision, holds <= first);
                ++looks;
                if (!known()) break;  // nothing was seen, and lower loads refuse less
            }
            if (known()) refused += rate * std::exp(curve.worst(load).log);
            left -= rate;
        }
    }
}

void kind_sums::look_low(double scale, double probability) {
    // A bound within this of what the simulation sees is worth no search for a lower one.
    constexpr double near = 1e-6;
    // Nor is one that is so little of what limits refuse anyway.
    constexpr double little = 1e-3;
    double start = 0;  // of the ports, where the curve before was low enough
    for (std::size_t c = 0; c < curves_.size(); ++c) {
        auto& curve = *curves_[c];
        const double load = most_load_[c] * scale;
        double least = 0;  // what limits refuse of every kind of this curve
        for (std::size_t k = 0; k < shares_.size(); ++k)
            for (const auto& part : shares_[k])
                if (part.curve == c) least = std::min(least, limits_alone(k, scale));
        const double wanted = std::max(probability, little * std::exp(least));
        if (curve.exact() || curve.sure_bound(load) <= std::log(wanted)) continue;
        const double enough = curve.look_always_on(load) ? std::max(wanted, near) : wanted;
        if (curve.sure_bound(load) > std::log(enough)) start = curve.descend(wanted, start);
    }
}

}  // namespace natbound::calculator::detail
