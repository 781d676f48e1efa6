// Probabilities at a load: from formulas, or from points that are simulated.
#include "natbound/calculator/loss_curve.hpp"

#include <algorithm>
#include <cmath>
#include <limits>
#include <map>

#include "natbound/calculator/attempts.hpp"
#include "natbound/calculator/burst_limit.hpp"
#include "natbound/calculator/erlang.hpp"
#include "natbound/model/error.hpp"
#include "paired_systems.hpp"
#include "shared_sockets.hpp"
#include "state_average.hpp"

namespace natbound::calculator {
namespace {

constexpr double never = -std::numeric_limits<double>::infinity();
constexpr std::size_t time_batches = 20;   // of the averages over states
constexpr std::size_t enough_batches = 6;  // where nothing was seen to fail

constexpr int most_rounds = 3;        // as much again, for errors that stay large
constexpr double good_enough = 0.25;  // error of a logarithm that tells where to look next

// A rough look forgets where it began for so many holds only. Where holds are nearly constant that
// leaves the logarithm of a probability 0.14 too low (measured at 1e-5: docs/calculator.md), for
// which its error has this more.
constexpr double rough_holds = 6, rough_error = 0.3;

bool lighter(const curve_point& p, double load) { return p.load < load; }

// The worst kind at a point; unseen where none was seen.
log_odds worst_of(const curve_point& p) {
    log_odds most{never, 0, false};
    for (const auto& k : p.kinds)
        if (k.seen && (!most.seen || k.log > most.log)) most = k;
    return most;
}

bool sees(const curve_point& p) { return worst_of(p).seen; }

}  // namespace

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
// between far ones is what a single near one is given.
log_odds loss_curve::alone_at(double load, std::size_t kind) const {
    if (exact())
        return {exact_log(load), 0,
                method_ != loss_method::nothing_refuses && method_ != loss_method::dealt_blocks};
    const double x = std::log(load);
    const double steep = slope(load, kind);
    double sum = 0, weighted = 0, variance = 0;
    for (const auto& p : points_) {
        const auto& y = p.kinds[kind];
        if (!y.seen) continue;
        const double away = x - std::log(p.load);
        const double bend = 60 * away * away;  // what a straight line may miss over that distance
        const double off = std::hypot(y.error, missed(p, kind));
        const double weight = 1 / (off * off + bend * bend + 1e-8);
        sum += weight;
        weighted += weight * (y.log + steep * away);
        variance += weight * weight * off * off;
    }
    if (sum == 0) return {never, 0, false};
    return {std::min(0.0, weighted / sum), std::sqrt(variance) / sum, true};
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

double loss_curve::slope(double load, std::size_t kind) const {
    if (exact()) {
        const double step = 1e-4;
        return (exact_log(load * (1 + step)) - exact_log(load * (1 - step))) / (2 * step);
    }
    // weighted least squares, held near a guess where the points say little
    const double x = std::log(load);
    double s0 = 0, s1 = 0, s2 = 0, t0 = 0, t1 = 0;
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
    }
    constexpr double guess = 60, guess_error = 40;
    const double prior = 1 / (guess_error * guess_error);
    if (s0 == 0) return guess;
    const double spread = s2 - s1 * s1 / s0;
    const double found = (t1 - s1 * t0 / s0 + prior * guess) / (spread + prior);
    return std::clamp(found, 1.0, steepest(load));
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

void loss_curve::look(double load, double holds, double near, double precision, bool rough) {
    if (exact()) return;
    for (const auto& p : points_)
        if (std::fabs(std::log(p.load / load)) <= near && (p.effort >= holds || rough)) return;
    curve_point next = simulate(load, holds, precision, rough);
    const auto at = std::lower_bound(points_.begin(), points_.end(), next.load, lighter);
    points_.insert(at, std::move(next));
}

log_odds loss_curve::worst(double load) const {
    log_odds most{never, 0, false};
    for (std::size_t k = 0; k < kinds_.size(); ++k) {
        const log_odds here = at(load, k);
        if (here.seen && (!most.seen || here.log > most.log)) most = here;
    }
    return most;
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
            const double step = (target - at(load, kind).log) / slope(load, kind);
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

curve_point loss_curve::simulate(double load, double holds, double precision, bool rough) {
    const bool near = running_ && std::fabs(std::log(load / running_load_)) < 0.05;
    if (!near) {
        running_ = std::make_unique<simulation>(input_, seed_++);
        running_->scale(load / input_load_);
        running_->fill();
        if (!odds_) odds_ = std::make_unique<arrival_odds>(*running_);
    }
    running_->scale(load / input_load_);
    const double flows = std::min(load, 1.2 * ports_);  // about as many are ever live
    const bool shorter = rough && running_->memory() > rough_holds;
    const double memory = (shorter ? rough_holds : running_->memory()) * flows;
    if (!near) settled_ = 0;
    // a shorter look before this one may have left some of it to do
    double left = std::max(near && load != running_load_ ? memory / 2 : 0, memory - settled_);
    settled_ += std::max(left, 0.0);
    for (; left > 0; left -= 20000) {
        running_->advance(std::min(left, 20000.0));
        interrupt_();
    }
    running_load_ = load;
    bool closing = false;
    for (const auto& s : input_.streams) closing = closing || !s.closing.empty();
    // Windows with closing entries in them are looked at one by one.
    const bool costly = input_.table.takes_over && closing;
    const double spacing = std::max(flows / 200, 20.0) * (costly ? 8 : 1);
    // few flows are soon simulated: more holds of them
    const double arrivals = holds * std::max(flows, 50000.0);
    const auto states =
        static_cast<std::size_t>(std::ceil(std::max(2.0, arrivals / spacing / time_batches)));
    detail::state_average average(*running_, *odds_, load, ports_);
    curve_point out;
    out.load = load;
    out.effort = shorter ? 0 : holds;
    for (int round = 1;; ++round) {
        for (std::size_t b = 0; b < time_batches; ++b) {
            average.batch(states, spacing, interrupt_);
            settled_ += static_cast<double>(states) * spacing;
            // what the rest might still see would be too little to be measured by
            if (precision == 0 && b + 1 == enough_batches && average.nothing_fails()) break;
        }
        out.kinds = average.result();
        double worst = 0;
        for (const auto& k : out.kinds) worst = std::max(worst, k.seen ? k.error : 1);
        if (precision == 0 || worst < precision ||
            round == (precision == good_enough ? 4 : most_rounds))
            break;
    }
    for (auto& k : out.kinds)
        if (shorter && k.seen) k.error = std::hypot(k.error, rough_error);
    return out;
}

}  // namespace natbound::calculator
