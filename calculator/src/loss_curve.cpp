// Probabilities at a load: from formulas, or from points that are simulated.
#include "natbound/calculator/loss_curve.hpp"

#include <algorithm>
#include <cmath>
#include <limits>
#include <map>

#include "curve_points.hpp"
#include "natbound/calculator/attempts.hpp"
#include "natbound/calculator/burst_limit.hpp"
#include "natbound/calculator/erlang.hpp"
#include "natbound/model/error.hpp"
#include "paired_systems.hpp"
#include "shared_sockets.hpp"
#include "state_average.hpp"

namespace natbound::calculator {

using detail::good_enough;
using detail::never;
using detail::sees;
using detail::worst_of;

// Of the growth that the states of one look have, as a part of it: measured on home-lan, 8 holds.
constexpr double growth_error = 0.25;

loss_curve::loss_curve(const scenario& s, const system_split& all, loss_system system,
                       std::uint64_t seed, callback interrupt)
    : system_(std::move(system)), seed_(seed), interrupt_(std::move(interrupt)) {
    choose(s, all);
    if (exact()) {
        for (const auto& part : system_.parts)
            if (std::find(kinds_.begin(), kinds_.end(), part.kind) == kinds_.end())
                kinds_.push_back(part.kind);
        return;
    }
    if (!poisson_ && std::none_of(system_.parts.begin(), system_.parts.end(), [](const auto& p) {
            return p.arrives.law == arrival_law::batches;
        })) {
        loss_system on = system_;
        for (auto& p : on.parts) {
            p.rate *= p.arrives.peak();
            p.arrives = {};
        }
        peak_ = on.load() / system_.load();
        always_on_ =
            std::make_unique<loss_curve>(s, all, std::move(on), seed_ + 500009, interrupt_);
    }
    input_ = input_for(s, all, system_, kinds_);
    input_load_ = input_.load();
    if (!input_.table.takes_over) return;
    // Closing entries that give way hardly count.
    double open = 0;
    for (const auto& stream : input_.streams) {
        double stay = stream.hold();
        const auto& causes = all.plans[system_.nat].design.reuse.take_over;
        for (const auto& phase : stream.closing)
            if (std::find(causes.begin(), causes.end(), phase.cause) != causes.end())
                stay -= phase.share * phase.seconds;
        open += stream.rate * stay;
    }
    crowding_ = input_load_ / open;
}

double loss_curve::sure_bound(double load) const {
    if (!poisson_) {
        double out = bursts_bound(load);
        if (!always_on_) return out;
        const double on = load * peak_;
        out = std::min(out, always_on_->sure_bound(on));
        if (always_on_->exact()) return std::min(out, always_on_->worst(on).log);
        for (const auto& p : always_on_->points())
            if (const auto here = worst_of(p); p.load >= on && here.seen)
                out = std::min(out, here.log + 1.96 * here.error);
        return out;
    }
    return load < least_busy_ ? std::min(0.0, log_erlang_b(least_busy_, load) -
                                                  std::log1p(-load / (least_busy_ + 1)))
                              : 0;
}

// Chernoff's bound of so many live without refusals, as an arrival finds them with those of its own
// batch that came before. Of batches of mean b, each with a hold of any law, log E z^n is at most
// a (z - 1) / (1 - (b - 1)(z - 1)): what constant holds have, for it is convex in the share of
// those still there. An on-off stream has at most what it had if on all the time.
double loss_curve::bursts_bound(double load) const {
    double largest = 1;
    for (const auto& p : system_.parts) largest = std::max(largest, p.arrives.batch);
    const double scale = load / system_.load();
    double out = 0;
    for (int i = 0; i < 200; ++i) {
        const double u = (largest > 1 ? 1 / (largest - 1) : 1e3) * std::exp(-i / 10.0) * 0.999;
        double log = -std::log1p(-(largest - 1) * u) - least_busy_ * std::log1p(u);
        for (const auto& p : system_.parts)
            log += p.load() * scale * p.arrives.peak() * u / (1 - (p.arrives.batch - 1) * u);
        out = std::min(out, log);
    }
    return out;
}

double loss_curve::overflow(double load) const {
    const double room = ports_ * crowding_;
    return exact() || sharing_ || load <= room ? never : std::log1p(-room / load);
}

bool loss_curve::look_always_on(double load) {
    if (!always_on_) return false;
    if (always_on_->exact()) return true;
    const double on = load * peak_;
    always_on_->look(on, 1, 0.01, good_enough);
    // the lowest load above at which anything is seen
    for (const double more : {1.0, 1.1, 1.2, 1.35, 1.5, 1.7, 2.0, 2.5}) {
        if (more > 1) always_on_->look(on * more, 1, 0.02);
        if (std::any_of(always_on_->points_.begin(), always_on_->points_.end(),
                        [&](const auto& p) { return p.load >= on && sees(p); }))
            break;
    }
    return true;
}

std::string loss_curve::explained() const { return why_; }

double loss_curve::exact_log(double load) const {
    if (method_ == loss_method::erlang_b) return log_erlang_b(ports_, load);
    if (method_ == loss_method::batches || method_ == loss_method::modulated) {
        const auto [it, fresh] = known_.try_emplace(load, never);
        if (fresh) it->second = log_burst_refusal(ports_, load, {arrives_, hold_});
        return it->second;
    }
    if (method_ == loss_method::paired) {
        const auto [it, fresh] = known_.try_emplace(load, never);
        if (fresh) it->second = log_paired_refusal(detail::pool_of(*system_.paired, load, ports_));
        return it->second;
    }
    if (method_ == loss_method::attempts)
        return log_refusal_probability(static_cast<std::uint64_t>(ports_),
                                       static_cast<std::uint64_t>(tries_), load);
    return never;
}

std::optional<double> loss_curve::badly_dealt(double epsilon) const {
    if (method_ != loss_method::paired) return std::nullopt;
    return detail::load_if_badly_dealt(*system_.paired, ports_, epsilon);
}

// Where connections meet on mappings: by the law of the busy sockets, or between what is refused if
// none did and if those that meet one had not come.
log_odds loss_curve::at(double load, std::size_t kind) const {
    log_odds out = alone_at(load, kind);
    if (!sharing_ || !out.seen) return out;
    if (method_ == loss_method::erlang_b) {
        const auto [it, fresh] = known_.try_emplace(load, never);
        if (fresh) it->second = sharing_->log_refused(ports_, load);
        return {std::min(it->second, out.log), sharing_->error(it->second), it->second > never};
    }
    const double less = load * (1 - sharing_->meeting(std::min(load, ports_)));
    const log_odds low = less > 0 ? alone_at(less, kind) : log_odds{never, 0, false};
    if (!low.seen) return out;
    const double off = (out.log - low.log) / 2;
    return {out.log - off, std::hypot(out.error, off / 1.96), true};
}

// A line through the points in log load and log probability; near points count most, and the slope
// between far ones is what a single near one is given. Beyond the highest one that saw anything it
// goes on from there: what the others would each come to so far away fits no longer together, and
// need not grow with the load.
log_odds loss_curve::alone_at(double load, std::size_t kind) const {
    if (exact())
        return {exact_log(load), 0,
                method_ != loss_method::nothing_refuses && method_ != loss_method::dealt_blocks};
    double highest = 0;
    for (const auto& p : points_)
        if (p.kinds[kind].seen) highest = std::max(highest, p.load);
    if (highest == 0) return {never, 0, false};
    const double last = std::min(load, highest), x = std::log(last), beyond = std::log(load / last);
    const auto [steep, steep_error] = growth_at(last, kind);
    double sum = 0, weighted = 0, variance = 0, aside = 0;
    for (const auto& p : points_) {
        const auto& y = p.kinds[kind];
        if (!y.seen) continue;
        const double away = x - std::log(p.load);
        const double bend = 60 * away * away;  // what a straight line may miss over that distance
        const double off = std::hypot(y.error, missed(p, kind));
        const double weight = 1 / (off * off + bend * bend + 1e-8);
        sum += weight;
        weighted += weight * (y.log + steep * away);
        aside += weight * away;
        variance += weight * weight * off * off;
    }
    const double error =
        std::hypot(std::sqrt(variance) / sum, steep_error * (aside / sum + beyond));
    return {std::min(0.0, weighted / sum + steep * beyond), error, true, steep};
}

bool loss_curve::measured(double load, std::size_t kind) const {
    if (exact()) return true;
    double below = std::numeric_limits<double>::infinity(), above = below;  // how far away
    for (const auto& p : points_) {
        if (!p.kinds[kind].seen || p.kinds[kind].error >= 0.7) continue;
        const double away = std::log(p.load / load);
        double& side = away < 0 ? below : above;
        side = std::min(side, std::fabs(away));
    }
    return std::min(below, above) < 0.02 || below + above < 0.05;
}

std::pair<double, double> loss_curve::growth_at(double load, std::size_t kind) const {
    if (exact()) {
        const double step = 1e-4;
        return {(exact_log(load * (1 + step)) - exact_log(load * (1 - step))) / (2 * step), 0};
    }
    // weighted least squares, held near what the states of each point have, or near a guess, where
    // points lie so close that their errors hide the slope between them; beyond them as at the last
    // one
    double lowest = std::numeric_limits<double>::infinity(), highest = 0;
    for (const auto& p : points_) {
        if (!p.kinds[kind].seen) continue;
        lowest = std::min(lowest, p.load);
        highest = std::max(highest, p.load);
    }
    const double x = std::log(highest > 0 ? std::clamp(load, lowest, highest) : load);
    double s0 = 0, s1 = 0, s2 = 0, t0 = 0, t1 = 0, known = 0, grown = 0;
    for (const auto& p : points_) {
        const auto& y = p.kinds[kind];
        if (!y.seen) continue;
        const double away = std::log(p.load) - x;
        const double bend = 60 * away * away;
        const double off = std::hypot(y.error, missed(p, kind));
        const double w = 1 / (off * off + bend * bend + 1e-4);
        s0 += w;
        s1 += w * away;
        s2 += w * away * away;
        t0 += w * y.log;
        t1 += w * away * y.log;
        if (y.growth > 0) {
            known += w;
            grown += w * y.growth;
        }
    }
    double guess = 60, guess_error = 40;
    if (known > 0) {
        guess = grown / known;
        guess_error = growth_error * guess;
    }
    const double prior = 1 / (guess_error * guess_error);
    if (s0 == 0) return {guess, guess_error};
    const double spread = s2 - s1 * s1 / s0;
    const double found = (t1 - s1 * t0 / s0 + prior * guess) / (spread + prior);
    return {std::clamp(found, 1.0, steepest(load)), 1 / std::sqrt(spread + prior)};
}

// The number of live flows n is Poisson, but for what refusals take away. So the growth of the
// logarithm of E f(n) with that of the load is the mean n of where f refuses, less the load: at
// most the ports less it. (The root: what refusals take away, in Erlang's formula near full.)
double loss_curve::steepest(double load) const {
    constexpr double most = 1000;
    if (!poisson_ || crowding_ > 1) return most;  // of other laws
    return std::clamp(ports_ - load + std::sqrt(ports_), 1.0, most);
}

// What is rare was missed at a point that lies lower than the growth up to a higher one allows: by
// so much, whatever its own error says of what it saw.
double loss_curve::missed(const curve_point& p, std::size_t kind) const {
    if (!poisson_ || crowding_ > 1) return 0;
    const double most = std::max(1.0, ports_ - p.load + std::sqrt(ports_));
    double out = 0;
    for (const auto& q : points_) {
        const auto& y = q.kinds[kind];
        if (!y.seen || q.load <= p.load) continue;
        const double least = y.log - y.error - most * std::log(q.load / p.load);
        out = std::max(out, least - p.kinds[kind].log);
    }
    return out;
}

log_odds loss_curve::worst(double load) const {
    log_odds most{never, 0, false};
    for (std::size_t k = 0; k < kinds_.size(); ++k) {
        const log_odds here = at(load, k);
        if (here.seen && (!most.seen || here.log > most.log)) most = here;
    }
    return most;
}

}  // namespace natbound::calculator
