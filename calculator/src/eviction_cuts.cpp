// How often connections are cut by a full table: eviction.cpp says how.
#include <algorithm>
#include <boost/math/special_functions/gamma.hpp>
#include <cmath>
#include <natbound/calculator/erlang.hpp>
#include <natbound/calculator/eviction.hpp>

#include "argument.hpp"
#include "eviction_ages.hpp"
#include "monotone.hpp"

namespace natbound::calculator {
namespace {

using detail::after_packet_at;
using detail::chance_cut;
using detail::density_of_touch;
using detail::kind_by_age;
using detail::places;
using detail::reaches;

constexpr double deviations = 9;  // beyond, a Poisson number is not

}  // namespace

// Of a unit of time, the connections of all kinds that are cut, were all entries to go at that age.
double evicting_table::cut_at(const profile& as) const {
    double total = 0;
    for (const auto& kind : kinds_)
        total += kind.rate * chance_cut(after_packet_at(kind, as.time, as.share));
    return total;
}

// Those cut at an age up to L, and the ages between which A varies, up to L.
struct evicting_table::young_ages {
    young_ages(const evicting_table& table, const profile& as)
        : table_(table), time_(as.time), kinds_(table.kinds_, as.time, as.share) {}

    double touched(double age) const { return kinds_.touched(age); }

    std::pair<double, double> range() const {
        const double size = table_.size_;
        const double width = deviations * std::sqrt(size) + (deviations * deviations) / 2;
        const auto mean = [&](double idle) { return touched(idle); };
        double most = table_.young_;
        if (std::isinf(most))
            for (most = std::fmin(time_, 1e100); mean(most) < size + width && most < 1e150;)
                most *= 2;
        const double centre = std::min(size, mean(most));
        const double first = reaches(0, most, std::max(0.0, centre - width), mean);
        return {first, reaches(first, most, size + width, mean)};
    }

    double cut() const {
        auto [first, last] = range();
        double slowest = 0;
        for (const auto& kind : table_.kinds_)
            slowest = std::max(slowest, 1 / (1 / kind.gap + 1 / kind.life));
        last = std::min(last, first + 50 * slowest);  // beyond, none is open
        const density_of_touch density(table_.size_);
        double sum = 0, from = first;
        for (const double part : {1.0 / 64, 1.0 / 16, 0.25, 0.5, 0.75, 1.0}) {
            const double to = first + part * (last - first);
            for (const auto& [age, weight] : places(from, to)) {
                const auto all = kinds_.at(age);
                if (all.touched > 0) sum += weight * density.at(all.touched) * all.open;
            }
            from = to;
        }
        return sum * table_.rate_;
    }

  private:
    const evicting_table& table_;
    double time_;
    detail::kinds_by_age kinds_;
};

// How often the oldest entry of a full table is open and older than L: of that many entries with
// independent ages, it is the oldest.
double evicting_table::oldest_open() const {
    const auto mean = [&](double age) { return entries(never, 1, age); };
    double slowest = 0;
    for (const auto& each : kinds_)
        slowest = std::max({slowest, 1 / (1 / each.gap + 1 / each.life),
                            std::isinf(each.closed_timeout) ? 0 : each.closed_timeout});
    const double far = young_ + 100 * slowest;
    const double least = std::exp(size_ * std::log(std::min(1.0, mean(young_) / demand_)));
    if (least >= 1) return 0;
    double sum = 0;
    for (const auto& [of_all, weight] : places(least, 1)) {
        const double age = reaches(young_, far, demand_ * std::exp(std::log(of_all) / size_), mean);
        double open = 0, closed = 0;
        for (const auto& each : kinds_) {
            open += kind_by_age(each, never, 1).at(age).open;
            if (age < each.closed_timeout) closed += each.rate;
        }
        if (open > 0) sum += weight * open / (open + closed);
    }
    return sum;
}

evicting_table::cut_bounds evicting_table::bounds() const {
    cut_bounds out;
    const bool ends = std::isfinite(demand_);
    // far beyond the size nothing else is left of it
    const double full = !ends ? 1 : demand_ > 1e15 ? 1 - size_ / demand_ : erlang_b(size_, demand_);
    const double least = cut_at({never, 1});
    out.most = least + (rate_ - least) * full;
    if (std::isfinite(young_)) {
        const double excess = ends ? std::max(0.0, full - std::max(0.0, 1 - size_ / demand_)) : 0;
        out.old =
            cut_at({time_, share_}) + (excess > 0 ? (rate_ - least) * excess * oldest_open() : 0);
    }
    // No more are open than there are entries.
    const auto open = [&](double age) {
        double total = 0;
        for (const auto& kind : kinds_)
            total += kind.rate * kind.life * (1 - chance_cut(after_packet_at(kind, age, 1)));
        return total;
    };
    const double far = longest();
    out.floor =
        std::min(out.most, open(far) > size_ ? cut_at({reaches(0, far, size_, open), 1}) : least);
    // Keep-alives that would be late mend themselves: more is cut, so that the next come in time.
    for (const auto& kind : kinds_) {
        if (std::isinf(kind.keep_alive)) continue;
        const auto [first, last] = young_ages(*this, mean_time()).range();
        out.mended =
            out.mended || (last > first && kind.keep_alive >= first && kind.keep_alive <= last);
    }
    return out;
}

// In a unit of time, of as many packets as there are with entries that go at that age.
double evicting_table::cut_as(profile as, const cut_bounds& in) const {
    if (in.mended) as = mean_time();
    const young_ages ages(*this, as);
    // the chance that fewer than fill the table were touched within L
    const double fewer = std::isinf(young_) ? 0 : boost::math::gamma_q(size_, ages.touched(young_));
    const double young = fewer == 1 ? 0 : in.mended ? (1 - fewer) * cut_at(as) : ages.cut();
    return std::clamp(young + fewer * in.old, in.floor, in.most);
}

double evicting_table::over_at_age(double age) const {
    const profile as{age, 1};
    return std::log(std::max(cut_as(as, bounds()), 1e-300)) -
           std::log(std::max(cut_at(as), 1e-300));
}

// Beyond, next to none is open.
double evicting_table::longest() const {
    double out = 0;
    for (const auto& kind : kinds_) out = std::max(out, 800 / (1 / kind.gap + 1 / kind.life));
    return out;
}

// What is cut changes how many packets there are. So an age is sought at which as many would be cut
// as are by the law of A, given that so many are; and it says which.
void evicting_table::find_cuts() {
    const cut_bounds in = bounds();
    double shortest = never;
    for (const auto& kind : kinds_) shortest = std::min({shortest, kind.gap, kind.life});
    const double far = longest();
    // From the mean on, as next to no age all would be cut too, and be as many as are.
    const auto above = [&](double log_age) {
        const profile as{std::exp(log_age), 1};
        return std::log(std::max(cut_at(as), 1e-300)) - std::log(std::max(cut_as(as, in), 1e-300));
    };
    double few = std::log(std::min(time_, far)), many = few;
    while (above(few) <= 0 && few > std::log(shortest) - 40) few -= 0.5;
    while (above(many) > 0 && many < std::log(far) + 1) many += 0.5;
    // Within a hair, and between both sides of it the rest, where a keep-alive or a timeout makes a
    // step.
    const double log_age = detail::falls_through(few, many, above, 1e-14);
    const profile younger{std::exp(log_age - 1e-13), 1}, older{std::exp(log_age + 1e-13), 1};
    const double low = cut_at(older), high = cut_at(younger);
    const double wanted = cut_as({std::exp(log_age), 1}, in);
    const double part = high > low ? std::clamp((wanted - low) / (high - low), 0.0, 1.0) : 0;
    for (const auto& kind : kinds_) {
        const double least_cut = chance_cut(after_packet_at(kind, older.time, 1));
        const double most_cut = chance_cut(after_packet_at(kind, younger.time, 1));
        cuts_.push_back(least_cut + part * (most_cut - least_cut));
        timed_out_.push_back(chance_cut(after_packet_at(kind, never, 1)));
    }
}

double evicting_table::cut(std::size_t kind) const {
    detail::require(kind < kinds_.size(), "evicting_table", "kind", static_cast<double>(kind),
                    "must be below the number of kinds");
    return cuts_[kind];
}

// The idle timeout cuts those that come to it before they are evicted.
double evicting_table::cut_by_eviction(std::size_t kind) const {
    const double all = cut(kind), idle = kinds_[kind].idle_timeout;
    if (timed_out_[kind] == 0) return all;
    const double seen = detail::kinds_by_age(kinds_, time_, share_).touched(idle);
    return std::max(0.0, all - timed_out_[kind] * boost::math::gamma_q(size_, seen));
}

}  // namespace natbound::calculator
