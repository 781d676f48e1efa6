// What competes between two packets: eviction_ages.hpp.
//
// T is a mean: the age A of the entry that is next to go varies with the number of entries touched
// within x, which is nearly Poisson, of mean mu(x). Up to L, the shortest timeout, what was touched
// is still there, so that P(A < x) = P(Poisson(mu(x)) >= size), and the rate of cuts is an integral
// over A. Where fewer were touched within L, those that go are older and open, and then the balance
// of entries that come and go is Erlang's: table full with chance B(size, mean demand), where Che
// has its limit 1 - size/demand, or 0. That of the balance with all that go open is also the most.
#include <algorithm>
#include <boost/math/special_functions/erf.hpp>
#include <cmath>
#include <natbound/calculator/eviction.hpp>
#include <utility>

#include "argument.hpp"
#include "eviction_ages.hpp"
#include "loss_ratio.hpp"
#include "monotone.hpp"

namespace natbound::calculator {
namespace {

using detail::density_of_touch;
using detail::kinds_by_age;
using detail::places;
using detail::reaches;
using detail::stay;

constexpr const char* name = "evicting_table";

}  // namespace

evicting_table::evicting_table(double size, std::vector<connection_kind> kinds)
    : evicting_table(size, std::move(kinds), without_cuts{}) {
    find_time();
    find_cuts();
}

evicting_table::evicting_table(double size, std::vector<connection_kind> kinds, without_cuts)
    : size_(size), kinds_(std::move(kinds)), time_(never) {
    detail::require(size >= 1 && size <= 1e12, name, "size", size,
                    "must be at least 1 and at most 1e12");
    detail::require(!kinds_.empty(), name, "kinds", 0, "must be at least one");
    const auto positive = [](const char* argument, double x, bool or_never) {
        // of shorter times the rates, of smaller rates the times, leave what a double holds
        detail::require(x >= 1e-100 && (x <= 1e100 || (or_never && std::isinf(x))), name, argument,
                        x,
                        or_never ? "must be at least 1e-100, and at most 1e100 or infinite"
                                 : "must be at least 1e-100 and at most 1e100");
    };
    for (const auto& kind : kinds_) {
        positive("rate", kind.rate, false);
        positive("life", kind.life, false);
        positive("gap", kind.gap, false);
        positive("keep_alive", kind.keep_alive, true);
        positive("idle_timeout", kind.idle_timeout, true);
        positive("closed_timeout", kind.closed_timeout, true);
    }
    for (const auto& kind : kinds_) {
        rate_ += kind.rate;
        young_ = std::min({young_, kind.closed_timeout, kind.idle_timeout});
    }
    demand_ = entries(never, 1, never);
}

void evicting_table::find_time() {
    if (!(demand_ > size_)) return;
    // The entries grow with the time, nearly with its logarithm.
    const auto short_of = [&](double log_time) {
        const double time = std::exp(log_time);
        return std::log(size_) - std::log(entries(time, 1, time));
    };
    double low = std::log(size_ / rate_), high = low;
    while (short_of(high) > 0) high += 1;
    while (short_of(low) <= 0) low -= 1;
    time_ = std::exp(detail::falls_through(low, high, short_of, 0));
    // They jump where a keep-alive comes just in time. Within the jump, some come in time.
    for (const auto& kind : kinds_) {
        if (std::abs(kind.keep_alive - time_) > 1e-12 * time_) continue;
        time_ = kind.keep_alive;
        double few = 0, many = 1;
        for (int i = 0; i < 60; ++i) {
            share_ = 0.5 * (few + many);
            (entries(time_, share_, time_) > size_ ? few : many) = share_;
        }
        break;
    }
}

double evicting_table::entries(double time, double share, double recent) const {
    double total = 0;
    for (const auto& kind : kinds_) total += kind.rate * stay(kind, time, share, recent);
    return total;
}

double evicting_table::touched_within(double recent) const {
    detail::require(recent >= 0, name, "recent", recent, "must be at least 0");
    return recent == 0 ? 0 : entries(time_, share_, std::min(recent, time_));
}

// From L on entries that were touched go too, and their number may reach the size again and again:
// at most so often as it comes to it from below.
double evicting_table::evicted_after(double idle) const {
    detail::require(idle >= 0, name, "idle", idle, "must be at least 0");
    if (idle == 0) return 0;
    if (std::isinf(idle)) return 1;
    const kinds_by_age ages(kinds_, time_, share_);
    double sum = detail::at_least(size_, ages.touched(std::min(idle, young_)));
    if (idle <= young_) return sum;
    std::vector<double> ends;
    const auto mean = [&](double age) { return ages.touched(age); };
    for (int i = -5; i <= 5; ++i)
        ends.push_back(reaches(young_, idle, size_ + 2 * i * std::sqrt(size_), mean));
    for (const auto& kind : kinds_) {
        for (const double end : {kind.keep_alive, kind.idle_timeout, kind.closed_timeout})
            ends.push_back(end);
        for (double far = 0.25; far < 100; far *= 2)
            ends.push_back(young_ + far / (1 / kind.gap + 1 / kind.life));
    }
    for (double& end : ends) end = std::clamp(end, young_, idle);
    ends.push_back(idle);
    std::sort(ends.begin(), ends.end());
    const density_of_touch density(size_);
    double from = young_;
    for (const double to : ends) {
        if (to <= from) continue;
        for (const auto& [age, weight] : places(from, to))
            sum += weight * ages.rises(age) * density.at(ages.touched(age));
        from = to;
    }
    return std::min(sum, 1.0);
}

double keep_alive_for(double size, const connection_kind& kind, double target) {
    evicting_table table(size, {kind}, evicting_table::without_cuts{});
    table.find_time();
    return table.keep_alive_for(target);
}

// Around the silence in which so many are touched that a Poisson number of that mean fills the
// table with this chance (E. B. Wilson, M. M. Hilferty, Proc. Nat. Acad. Sci. 17 (1931) 684): up to
// L.
std::pair<double, double> evicting_table::about_silence(double target) const {
    const double z = -std::sqrt(2.0) * boost::math::erfc_inv(2 * target);
    const double middle = std::cbrt(size_) * (1 - 1 / (9 * size_) + z / (3 * std::sqrt(size_)));
    const double mean = middle * middle * middle, wide = 0.02 * std::sqrt(mean) + 1e-9 * mean;
    const kinds_by_age ages(kinds_, time_, share_);
    const auto touched = [&](double age) { return ages.touched(age); };
    double far = std::fmin(young_, kinds_.front().gap);
    while (far < young_ && far < 1e100 && touched(far) < mean + wide) far *= 2;
    far = std::fmin(far, young_);
    return {reaches(0, far, mean - wide, touched), reaches(0, far, mean + wide, touched)};
}

double evicting_table::keep_alive_for(double target) const {
    detail::require(target > 0 && target < 1, name, "target", target,
                    "must be above 0 and below 1");
    const auto above = [&](double idle) {
        return std::log(target) - std::log(evicted_after(idle));
    };
    auto [low, high] = about_silence(target);
    if (!(low < high && above(low) >= 0 && above(high) < 0)) {
        low = 0;
        high = std::isinf(time_) ? kinds_.front().gap : time_;
        for (; evicted_after(high) <= target; high *= 2)
            if (high > 1e100) return never;
    }
    const double silence = detail::falls_through(low, high, above);
    return detail::a_hair_less(silence, [&](double x) { return evicted_after(x) <= target; });
}

}  // namespace natbound::calculator
