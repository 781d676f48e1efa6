// How large a table must be, and how much it takes, so that few connections are cut: with more
// entries, or fewer opened, an entry stays longer without a packet.
//
// Of one kind without keep-alives the target says the age at which entries go (after_packet). So a
// size, or a rate, need not be solved for the age first: it meets the target where of as many
// packets as that age leaves no more are cut than at that age.
#include <algorithm>
#include <cmath>
#include <natbound/calculator/erlang.hpp>
#include <natbound/calculator/eviction.hpp>
#include <vector>

#include "eviction_ages.hpp"
#include "monotone.hpp"

namespace natbound::calculator {

class cuts_of_one_kind {
  public:
    cuts_of_one_kind(double size, const connection_kind& kind, double target)
        : kind_(kind), target_(target) {
        const auto table = without_cuts(size, kind.rate);  // refuses a bad one
        needed_ = table.demand_ / kind.rate;
        if (std::isfinite(table.young_))
            young_ = table.entries(table.young_, 1, table.young_) / kind.rate;
        const double fast = 1 / kind.gap + 1 / kind.life;
        age_ = std::log1p((1 - target) * fast * kind.life / target) / fast;
        constexpr double rare = 1e-280;  // the last digits of logarithms
        constexpr double hair = 1e-9;    // where an idle timeout makes a step
        known_ =
            std::isinf(kind.keep_alive) && target > rare && age_ < kind.idle_timeout * (1 - hair);
        demand_ = kind.life + std::fmin(kind.closed_timeout, 1e100);
    }

    // Not above 0 where the target is met: by the age; by the cuts themselves where that is not
    // known, and where it is within its last digits and they matter.
    double over(double size, double rate, bool last_digits) const {
        const double nearly = last_digits ? digits(size) : enough(size);
        if (known_) {
            auto table = without_cuts(size, rate);
            if (std::isfinite(table.young_)) table.find_time();
            const double by_age = table.over_at_age(age_);
            if (std::abs(by_age) > (last_digits ? 100 * nearly : nearly)) return by_age;
            if (!last_digits) return 0;
        }
        auto kind = kind_;
        kind.rate = rate;
        const double cut = evicting_table(size, {kind}).cut(0);
        return detail::above(std::log(cut), target_, [&] { return cut; });
    }

    // What is as good as 0 of over(): where most are cut, a rate hardly changes how many.
    double enough(double size) const { return digits(size) * (1 - target_); }

    // At a mean demand as large as the table, and some deviations from it, and where entries go
    // just as they time out, more may be cut than at a demand a little larger. Keep-alives that
    // come just in time, or too late, may do likewise anywhere.
    std::vector<double> doubtful_rates(double size, double below) const {
        std::vector<double> out;
        for (const double deviations : {-1.0, -0.5, 0.0, 0.5})
            out.push_back(size / needed_ * (1 + deviations / std::sqrt(size)));
        out.push_back(size / young_);
        constexpr double apart = 1.1;
        if (std::isfinite(kind_.keep_alive))
            for (int i = 1; i <= 24; ++i) out.push_back(below / std::pow(apart, i));
        std::erase_if(out, [&](double rate) { return !(rate > 1e-100 && rate < below); });
        std::sort(out.begin(), out.end());
        return out;
    }
    std::vector<std::uint64_t> doubtful_sizes(double rate, double above) const {
        std::vector<double> sizes;
        const double full = rate * needed_;
        for (const double deviations : {1.0, 0.5, 0.0, -0.5})
            sizes.push_back(full + deviations * std::sqrt(full));
        sizes.push_back(std::floor(rate * young_));
        sizes.push_back(std::ceil(rate * young_));
        constexpr double apart = 1.1, most = 1e12;
        if (std::isfinite(kind_.keep_alive))
            for (int i = 1; i <= 24; ++i) sizes.push_back(above * std::pow(apart, i));
        std::vector<std::uint64_t> out;
        for (const double size : sizes)
            if (size > above && size < most) out.push_back(static_cast<std::uint64_t>(size));
        std::sort(out.rbegin(), out.rend());
        return out;
    }

    // Tables that run empty of room before an entry is so old: where the mean of what an age's law
    // cuts is the target, that law taken for normal. Others: where they are full so often.
    double size_about(double rate) const {
        if (!by_age())
            return static_cast<double>(ports_for(std::fmin(rate * demand_, 1e12), full()));
        const auto [per_rate, slope] = of_age(age_);
        return rate * of_age(age_ + shift(rate * per_rate, rate * slope)).first;
    }
    double rate_about(double size) const {
        if (!by_age()) return load_for(size, full()) / demand_;
        const auto [per_rate, slope] = of_age(age_);
        return size / of_age(age_ + shift(size, size / per_rate * slope)).first;
    }

    // About how much more of them are cut, in logarithms, with a higher rate.
    double steepness() const {
        const auto [per_rate, slope] = of_age(age_);
        return (1 / kind_.gap + 1 / kind_.life) * per_rate / slope;
    }
    bool by_age() const { return known_ && age_ < kind_.closed_timeout; }

  private:
    static double digits(double size) { return 1e-13 + 1e-15 * std::sqrt(size); }
    evicting_table without_cuts(double size, double rate) const {
        auto kind = kind_;
        kind.rate = rate;
        return evicting_table(size, {kind}, evicting_table::without_cuts{});
    }
    double full() const { return std::fmin(target_, 0.5); }
    // How many are touched within an age, at rate 1, and how soon they grow.
    std::pair<double, double> of_age(double age) const {
        auto one = kind_;
        one.rate = 1;
        const detail::kind_by_age ages(one, age_, 1);
        return {ages.at(age).touched, ages.rises(age)};
    }
    double shift(double size, double slope) const {
        const double fast = 1 / kind_.gap + 1 / kind_.life;
        return std::fmin(fast * size / (slope * slope) / 2, age_ + 3 / fast);
    }

    connection_kind kind_;
    double target_, age_, demand_;
    // Entries for each connection a unit of time: were there room; where they go at the shortest
    // timeout.
    double needed_, young_ = HUGE_VAL;
    bool known_;
};

std::uint64_t size_for_cut(const connection_kind& kind, double target) {
    constexpr const char* function = "size_for_cut";
    detail::require_target(function, target);
    const cuts_of_one_kind cuts(1, kind, target);
    constexpr std::uint64_t most = 1000000000000;
    const double guess = std::ceil(cuts.size_about(kind.rate));
    const auto over = [&](std::uint64_t size) {
        return cuts.over(static_cast<double>(size), kind.rate, true);
    };
    const double step = 1 + std::floor(std::sqrt(guess) / 64);
    const std::uint64_t found = detail::least_crossing(0, most, guess, step, over);
    if (found == most && over(most) > 0)
        detail::refuse(function, "target", target,
                       "is not met by 1e12 entries: the idle timeout alone cuts more, or so many "
                       "are live");
    // from the largest: those beyond it meet
    std::uint64_t meets = most;
    for (const std::uint64_t size : cuts.doubtful_sizes(kind.rate, static_cast<double>(found))) {
        if (over(size) > 0)
            return detail::least_crossing(size, meets, static_cast<double>(size), step, over);
        meets = size;
    }
    return found;
}

namespace {

// Any rate that meets the target where a higher one does not.
double rate_that_meets(double size, const cuts_of_one_kind& cuts, double target) {
    const double about = cuts.rate_about(size);
    const auto over = [&](double rate) { return cuts.over(size, rate, false); };
    if (cuts.by_age() && about > 1e-90 && about < 1e90) {
        const auto falls = [&](double log_rate) { return -over(std::exp(log_rate)); };
        if (const auto near = detail::falling_root_near(std::log(about), -cuts.steepness(), falls,
                                                        cuts.enough(size)))
            return std::exp(*near);
    }
    return detail::most_real_to_meet("rate_for_cut", target, 1e-100, 1e100,
                                     about > 0 ? about : size, over);
}

}  // namespace

double rate_for_cut(double size, const connection_kind& kind, double target) {
    detail::require_target("rate_for_cut", target);
    auto one = kind;
    one.rate = 1;
    const cuts_of_one_kind cuts(size, one, target);
    const double found = rate_that_meets(size, cuts, target);
    const auto falls = [&](double log_rate) { return -cuts.over(size, std::exp(log_rate), false); };
    double meets = 0;
    for (const double rate : cuts.doubtful_rates(size, found)) {
        const double high = std::log(rate);
        if (falls(high) >= 0) {
            meets = rate;
            continue;
        }
        double low = meets > 0 ? std::log(meets) : high - 1;
        while (falls(low) < 0 && low > -230) low -= 1;
        return std::exp(detail::falls_through(low, high, falls, cuts.enough(size)));
    }
    return found;
}

}  // namespace natbound::calculator
