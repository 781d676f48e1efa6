// How large a table must be, and how much it takes, so that few connections are cut: with more
// entries, or fewer opened, an entry stays longer without a packet.
//
// Of one kind without keep-alives the target says the age at which entries go (after_packet). So a
// size, or a rate, need not be solved for the age first: it meets the target where of as many
// packets as that age leaves no more are cut than at that age.
#include <cmath>
#include <natbound/calculator/erlang.hpp>
#include <natbound/calculator/eviction.hpp>

#include "eviction_ages.hpp"
#include "monotone.hpp"

namespace natbound::calculator {

class cuts_of_one_kind {
  public:
    cuts_of_one_kind(double size, const connection_kind& kind, double target)
        : kind_(kind), target_(target) {
        [[maybe_unused]] const auto refuses_a_bad_one = without_cuts(size, kind.rate);
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
        // where most are cut, a rate hardly changes how many
        const double nearly = (1e-13 + 1e-15 * std::sqrt(size)) * (last_digits ? 1 : 1 - target_);
        if (known_) {
            const double by_age = without_cuts(size, rate).over_at_age(age_);
            if (std::abs(by_age) > (last_digits ? 100 * nearly : nearly)) return by_age;
            if (!last_digits) return 0;
        }
        auto kind = kind_;
        kind.rate = rate;
        const double cut = evicting_table(size, {kind}).cut(0);
        return detail::above(std::log(cut), target_, [&] { return cut; });
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
    const std::uint64_t found =
        detail::least_crossing(0, most, guess, 1 + std::floor(std::sqrt(guess) / 64), over);
    if (found == most && over(most) > 0)
        detail::refuse(function, "target", target,
                       "is not met by 1e12 entries: the idle timeout alone cuts more, or so many "
                       "are live");
    return found;
}

double rate_for_cut(double size, const connection_kind& kind, double target) {
    constexpr const char* function = "rate_for_cut";
    detail::require_target(function, target);
    auto one = kind;
    one.rate = 1;
    const cuts_of_one_kind cuts(size, one, target);
    const double about = cuts.rate_about(size);
    const auto over = [&](double rate) { return cuts.over(size, rate, false); };
    if (cuts.by_age() && about > 1e-90 && about < 1e90) {
        const auto falls = [&](double log_rate) { return -over(std::exp(log_rate)); };
        constexpr double none = 1e-300;  // over() is 0 within its last digits
        if (const auto near =
                detail::falling_root_near(std::log(about), -cuts.steepness(), falls, none))
            return std::exp(*near);
    }
    return detail::most_real_to_meet(function, target, 1e-100, 1e100,
                                     about > 0 ? about : size / kind.life, over);
}

}  // namespace natbound::calculator
