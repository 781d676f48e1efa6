// The load at which refusals become as likely as epsilon.
#include <algorithm>
#include <cmath>
#include <limits>

#include "natbound/model/cascade.hpp"
#include "natbound/model/error.hpp"
#include "natbound/model/gates.hpp"
#include "stages.hpp"
#include "study_state.hpp"

namespace natbound::calculator {
namespace {

using detail::kind_sums;
constexpr double infinite = std::numeric_limits<double>::infinity();

}  // namespace

loss_study::state::state(const scenario& s, study_options options)
    : scenario_(s), options_(std::move(options)), traffic_(fill_traffic(s)) {
    sums_ = std::make_unique<kind_sums>(s, traffic_, options_, 0);
    if (sums_->all().unknown_hash) assign();
    for (const auto& a : traffic_.assumed) assumed_.push_back(a);
    for (const auto& a : sums_->all().assumed) assumed_.push_back(a);
    for (const auto& t : traffic_.streams)
        if (t.time_wait && nat_of(s, t.clients)) {
            assumed_.emplace_back(
                "what clients can't open for want of ports of their own is counted as offered to "
                "the NATs");
            break;
        }
    remember();
}

likely_result loss_study::state::likely(double epsilon) {
    if (!(epsilon > 0 && epsilon < 1))
        throw domain_error("likely: epsilon = " + shortest(epsilon) +
                           ": must be above 0 and below 1");
    likely_result out;
    out.epsilon = epsilon;
    sums_->find(epsilon, options_.holds);
    const double all = sums_->all().load, target = std::log(epsilon);
    const auto worst = [&](double scale) { return sums_->worst(scale); };
    out.kinds = kinds();
    for (std::size_t k = 0; k < out.kinds.size(); ++k) {
        const auto scale = sums_->root(target, [&](double x) { return sums_->at(k, x); });
        if (scale) out.kinds[k].likely = *scale * all;
    }
    out.method = method();
    out.assumed = assumed_;
    if (const auto scale = sums_->root(target, worst)) {
        out.load = *scale * all;
        error(*scale, *out.load, out);
        if (const auto mean = sums_->root(target, [&](double x) { return sums_->average(x); }))
            out.average = *mean * all;
        if (options_.bounds && blind(*scale)) sums_->look_low(*scale, epsilon / 100);
        for (auto& k : out.kinds) k.odds = odds(k.kind, *scale);
    }
    std::stable_sort(out.kinds.begin(), out.kinds.end(), [](const auto& a, const auto& b) {
        return a.likely.value_or(infinite) < b.likely.value_or(infinite);
    });
    points(out.points);
    for (std::size_t k = 0; k < sums_->all().kinds.size() && out.load; ++k)
        for (const auto& part : sums_->shares(k))
            if (const auto bad = sums_->curves()[part.curve]->badly_dealt(epsilon))
                out.worst_assignment =
                    std::min(out.worst_assignment.value_or(*out.load), *bad / part.load * all);
    if (hard_is_median_) out.worst_assignment = out.load;
    if (hard_) {
        kind_sums hard(scenario_, traffic_, options_, *hard_);
        hard.find(epsilon, options_.holds);
        if (const auto scale = hard.root(target, [&](double x) { return hard.worst(x); }))
            out.worst_assignment = *scale * all;
    }
    return out;
}

void loss_study::state::error(double scale, double load, likely_result& out) const {
    const log_odds here = sums_->worst(scale);
    const double step = 1e-3;
    const double growth =
        (sums_->worst(scale * (1 + step)).log - sums_->worst(scale * (1 - step)).log) / (2 * step);
    // 0.1 % for what the line between points misses
    const double off =
        here.error > 0 ? std::hypot(1.96 * here.error / std::max(growth, 1.0), 0.001) : 0;
    out.low = load * std::exp(-off);
    out.high = load * std::exp(off);
    out.exact = off == 0 && !sums_->joined();
    // the worst kind's own curves, if they were not measured there
    double lowest = 0;
    for (const auto& k : out.kinds) {
        if (!k.likely || *k.likely > load * (1 + 1e-9)) continue;
        for (const auto& part : sums_->shares(number(k.kind))) {
            const auto& curve = *sums_->curves()[part.curve];
            if (curve.measured(part.load * scale, part.place)) continue;
            for (const auto& p : curve.points())
                if (p.kinds[part.place].seen && p.load > part.load * scale) {
                    out.extrapolated = true;
                    lowest = std::max(lowest, p.load / part.load * sums_->all().load);
                    break;
                }
        }
    }
    if (out.extrapolated) out.high = std::max(out.high, lowest);
}

void loss_study::state::points(std::vector<load_point>& out) const {
    const auto& all = sums_->all();
    for (std::size_t c = 0; c < sums_->curves().size(); ++c) {
        double most = 0;
        for (std::size_t k = 0; k < all.kinds.size(); ++k)
            for (const auto& part : sums_->shares(k))
                if (part.curve == c) most = std::max(most, part.load);
        if (most == 0 || (most < sums_->heaviest() && sums_->curves().size() > 1)) continue;
        for (const auto& p : sums_->curves()[c]->points()) {
            load_point point;
            point.load = p.load / most * all.load;
            for (const auto& k : p.kinds)
                if (k.seen && std::exp(k.log) > point.worst.value)
                    point.worst = {std::exp(k.log), std::exp(k.log - 1.96 * k.error),
                                   std::exp(k.log + 1.96 * k.error), k.log, false};
            if (point.worst.value > 0) out.push_back(point);
        }
    }
    std::sort(out.begin(), out.end(), [](const auto& a, const auto& b) { return a.load < b.load; });
}

void loss_study::state::assign() {
    const auto heaviest = assignments_by_load(scenario_, traffic_);
    const std::size_t assignments = heaviest.size();
    sums_ = std::make_unique<kind_sums>(scenario_, traffic_, options_,
                                        heaviest[assignments / 2].second);
    const auto& hard = heaviest[assignments * 95 / 100];
    if (hard.first > heaviest[assignments / 2].first * (1 + 1e-9))
        hard_ = hard.second;
    else
        hard_is_median_ = true;
    assumed_.push_back("which address a client gets is not known: the median of " +
                       std::to_string(assignments) +
                       " random assignments, by the load of the fullest address");
}
loss_study::loss_study(const scenario& s, study_options options)
    : cascade_(is_staged(s) ? std::make_unique<const detail::cascade_shares>(s) : nullptr),
      state_(std::make_unique<state>(cascade_ ? cascade_->flat : s, std::move(options))) {
    refuse_clashes(s);
}
loss_study::~loss_study() = default;
loss_study::loss_study(loss_study&&) noexcept = default;
loss_study& loss_study::operator=(loss_study&&) noexcept = default;
likely_result loss_study::likely(double epsilon) {
    auto largest = state_->likely(epsilon);
    if (!cascade_) return largest;
    if (cascade_->stages == 1) return over_stages(largest, largest, *cascade_);
    return over_stages(state_->likely(epsilon / cascade_->stages), largest, *cascade_);
}
risk_result loss_study::risk(double scale) {
    auto out = state_->risk(scale);
    return cascade_ ? over_stages(std::move(out), *cascade_) : out;
}
std::vector<refusing_limit> loss_study::refusing(double scale) const {
    return state_->refusing(scale);
}
std::optional<window_formula> loss_study::windows(double scale) const {
    return cascade_ ? std::nullopt : state_->windows(scale);
}
std::vector<load_point> loss_study::curve(const std::vector<double>& scales) {
    auto out = state_->curve(scales);
    if (cascade_) over_stages(out, *cascade_);
    return out;
}

likely_result likely(const scenario& s, double epsilon, study_options options) {
    return loss_study(s, std::move(options)).likely(epsilon);
}

risk_result risk(const scenario& s, double scale, study_options options) {
    return loss_study(s, std::move(options)).risk(scale);
}

}  // namespace natbound::calculator
