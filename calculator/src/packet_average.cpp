#include "packet_average.hpp"

#include <algorithm>
#include <cmath>
#include <limits>
#include <vector>

#include "live_places.hpp"
#include "logarithms.hpp"
#include "poisson.hpp"

namespace natbound::calculator::detail {
namespace {

// Of the variance of the number live, what is left of it in its mean over so many holds.
double left_after(double holds) {
    return holds < 1e-4 ? 1 - holds / 3 : 2 * (1 + std::expm1(-holds) / holds) / holds;
}

}  // namespace

packet_answer packet_average::at(double scale, bool with_delay) const {
    const double live = load_.live * scale;
    constexpr double absurd = 1e4;  // nearly all is lost, however many are live
    if (live <= 0 || load_.each <= 0) return of_mean(scale, with_delay);
    if (load_.hold > 0) {
        const double holds = holds_to_empty(scale);
        constexpr double nothing = 1e-12;  // of the spread of the number live: its mean is all
        return left_after(holds) < nothing ? of_mean(scale, with_delay)
                                           : changing(scale, holds, with_delay);
    }
    const double over = (load_.opening * scale + live * load_.each) / limit_;
    if (over > absurd) return {1 - 1 / over, std::log1p(-1 / over), 1 - 1 / over, depth_ / limit_};
    return staying(scale, with_delay);
}

// At the mean rate of those that get in.
packet_answer packet_average::of_mean(double scale, bool with_delay) const {
    const double opening = load_.opening * scale, sent = load_.live * scale * load_.each;
    const auto admitting = [&](double part) {
        const double rate = (opening + sent * part) / limit_, log = curve_->log_loss(rate);
        const double loss = std::exp(log), delay = with_delay ? curve_->delay(rate) : 0;
        return packet_answer{loss, log, loss, delay / limit_};
    };
    const packet_answer all = admitting(1);
    constexpr double little = 1e-9;  // changes nothing
    if (all.refusal < little || load_.hold <= 0) return all;
    return admitting(
        1 - self_thinned(all.refusal, 1e-9, [&](double q) { return admitting(1 - q).refusal; }));
}

// The number live moves by its own laws and those that are refused do not join: at each place the
// law of the number live is Poisson's times the chances of all who had to get in.
packet_answer packet_average::changing(double scale, double holds, bool with_delay) const {
    const double part = left_after(holds);
    const packet_load load{load_.opening * scale / limit_, load_.live * scale / part,
                           load_.each * part / limit_, 0};
    const live_places places = places_of(load, *curve_, most_places, true);
    const std::size_t size = places.n.size();
    struct place {
        double log, rate, log_loss;
    };
    std::vector<place> at(size);
    // From the most live, so that what is lost first is what counts; of fewer, where even M/M/1/K,
    // which loses more, loses next to nothing beside that, the curve is not asked.
    constexpr double nothing = -45;
    double thinned = 0, most = log_zero, most_lost = log_zero, before = 0;
    for (std::size_t k = size; k-- > 0;) {
        const double n = places.n[k], rate = load.opening + n * load.each;
        const double weight = log_poisson_weight(n, load.live), bound = depth_ * std::log(rate);
        const bool rare = bound < nothing && weight - thinned + bound < most_lost + nothing;
        const double log_loss = rare ? bound : curve_->log_loss(rate);
        const double in = log_loss < nothing ? -std::exp(log_loss)
                                             : std::log1p(-std::min(std::exp(log_loss), 1 - 1e-16));
        // the sum of `in` from this place to below the last
        if (k + 1 < size) thinned += ((places.stride + 1) * in + (places.stride - 1) * before) / 2;
        before = in;
        at[k] = {weight - thinned, rate, log_loss};
        most = std::max(most, at[k].log);
        most_lost = std::max(most_lost, at[k].log + log_loss);
    }
    double all = 0, packets = 0, refused = 0, lost = 0, in = 0, waited = 0;
    for (const place& here : at) {
        const double weight = std::exp(here.log - most);
        const double off = std::exp(here.log + here.log_loss - most_lost);
        all += weight;
        packets += weight * here.rate;
        refused += off;
        lost += off * here.rate;
        if (!with_delay) continue;
        const double kept = weight * here.rate * -std::expm1(here.log_loss);
        in += kept;
        waited += kept * curve_->delay(here.rate);
    }
    packet_answer out;
    const double level = most_lost - most;
    out.log_refusal = std::min(level + std::log(refused / all), 0.0);
    out.refusal = std::exp(out.log_refusal);
    out.loss = std::min(std::exp(level) * lost / packets, 1.0);
    out.delay = in > 0 ? waited / in / limit_ : depth_ / limit_;
    return out;
}

// All have got in, and the number live is Poisson's.
packet_answer packet_average::staying(double scale, bool with_delay) const {
    const double opening = load_.opening * scale, live = load_.live * scale;
    const auto [refused, lost] = smooth(live) ? integrated(live, opening) : summed(live, opening);
    packet_answer out;
    out.log_refusal = std::min(refused, 0.0);
    out.refusal = std::exp(out.log_refusal);
    out.loss = std::exp(std::min(lost, 0.0));
    if (!with_delay) return out;
    // the delay is an average over where the number live mostly is
    const double wide = std::sqrt(live), stride = std::max(1.0, std::ceil(wide / 20));
    double all = 0, waited = 0;
    for (double n = std::max(0.0, std::floor(live - 8 * wide)); n <= live + 8 * wide + 8;
         n += stride) {
        const double rate = opening + n * load_.each;
        const double weight = std::exp(log_poisson_weight(n, live)) * rate;
        all += weight;
        waited += weight * curve_->delay(rate / limit_);
    }
    out.delay = waited / all / limit_;
    return out;
}

// Whether the number live may be taken for a real one: its law, and how what is lost changes
// with it, are wide beside one.
bool packet_average::smooth(double live) const {
    return live >= 1e5 || (live >= 100 && limit_ / load_.each / curve_->depth() >= 4);
}

// The logarithms of the average loss of connections that open and of all packets: the integral
// over y = asinh(depth x log load), in which both the law of the number live and the loss are
// smooth, by the trapezoid rule from where most is lost to where nothing is.
std::pair<double, double> packet_average::integrated(double live, double opening) const {
    const double each = load_.each;
    constexpr double far = 40;  // e^-40 of the most counts for nothing
    const double deep = curve_->depth();
    struct place {
        double log, rate, n, slope, loss;
    };
    const auto at = [&](double y) -> place {
        const double up = std::exp(y), down = 1 / up;
        const double load = std::exp((up - down) / 2 / deep), rate = limit_ * load;
        const double n = (rate - opening) / each;
        if (!(n > 0)) return {log_zero, rate, 0, 0, 0};
        const double slope = rate / each * (up + down) / 2 / deep;  // of n by y
        const double loss = curve_->log_loss(y, load);
        return {log_poisson_weight(n, live) + loss + std::log(slope), rate, n, slope, loss};
    };
    const auto y_of = [&](double n) {
        const double load = std::max((opening + n * each) / limit_, 1e-12);
        return std::asinh(deep * std::log(load));
    };
    const double full = std::max(live, (limit_ - opening) / each);
    double low = y_of(std::max(0.0, live - 12 * std::sqrt(live)));
    double high = y_of(full + 12 * std::sqrt(full) + 40);
    if (!(high < HUGE_VAL)) return summed(live, opening);
    // golden sections
    constexpr double part = 0.6180339887498949;
    double a = high - part * (high - low), b = low + part * (high - low);
    double at_a = at(a).log, at_b = at(b).log;
    // how much the logarithm falls with the square of the distance from the most
    const auto steepness = [](const place& p) { return p.slope * p.slope / p.n - p.loss + 1; };
    // The sum may begin beside the most, by a deviation.
    const auto beside_the_most = [&] {
        constexpr double near = 0.03;
        const double apart = high - low;
        if (apart > near) return false;
        if (apart < 1e-13 * (1 + std::abs(low))) return true;
        const place middle = at((a + b) / 2);
        return middle.n > 0 && apart * apart * steepness(middle) < 1;
    };
    while (!beside_the_most()) {
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
    if (!std::isfinite(beside.log)) return summed(live, opening);
    const double steep = steepness(beside);
    // of the curve's places, where its cubics meet, so that the same is left out always
    const double parts = std::ceil(queue_curve::step / (0.4 / std::sqrt(steep)));
    const double step = queue_curve::step / parts;
    const double top = std::round((a + b) / 2 / step) * step;
    const place most = at(top);
    if (!std::isfinite(most.log)) return summed(live, opening);
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
std::pair<double, double> packet_average::summed(double live, double opening) const {
    const double each = load_.each;
    const auto rate = [&](double n) { return opening + n * each; };
    const auto weigh = [&](double n) {
        return log_poisson_weight(n, live) + curve_->log_loss(rate(n) / limit_);
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

// How many deviations of what comes lie between its mean and what a full bucket lasts for, and the
// time for which that is least: bounded, for at full load there is no such time.
packet_average::emptying packet_average::likeliest(double scale) const {
    const double live = load_.live * scale;
    const double over = load_.opening * scale + live * load_.each - limit_;
    const double wide = std::sqrt(live) * load_.each;
    const double longest = depth_ / (wide / 20 + std::max(0.0, over)) / load_.hold;
    const auto needs = [&](double holds) {
        const double t = load_.hold * holds, swing = wide * t;
        return (depth_ - over * t) /
               std::sqrt((limit_ + over) * t + swing * swing * left_after(holds));
    };
    if (over >= 0) return {longest, needs(longest)};
    // it falls, then rises
    static const double part = std::exp(0.25);
    double best = std::min(depth_ / -over / load_.hold, longest), least = needs(best);
    for (const double by : {part, 1 / part})
        for (double next = best * by; next <= longest; next *= by) {
            const double here = needs(next);
            if (!(here < least)) break;
            least = here;
            best = next;
        }
    return {best, least};
}

double packet_average::holds_to_empty(double scale) const { return likeliest(scale).holds; }

}  // namespace natbound::calculator::detail
