#pragma once
// Between two packets of an open connection three things compete: the next packet (at rate 1/gap,
// or the keep-alive), its end (at rate 1/life), and the cut after W = min(T, idle_timeout). All
// begin anew at each packet, as the laws have no memory.
#include <algorithm>
#include <array>
#include <boost/math/quadrature/gauss.hpp>
#include <cmath>
#include <cstddef>
#include <natbound/calculator/eviction.hpp>
#include <utility>
#include <vector>

#include "poisson.hpp"

namespace natbound::calculator::detail {

// What comes after a packet, if an idle entry goes after `patience`; just then with chance `share`
// where a keep-alive is due at that very time.
struct outcome {
    double cut = 0, end = 0;  // chances; else a packet
    double time = 0;          // mean until any of them
};

inline outcome after_packet(const connection_kind& kind, double patience, double share) {
    outcome out;
    const double rate = 1 / kind.gap + 1 / kind.life;
    const double limit = std::min(patience, kind.keep_alive);
    const double passed = std::isinf(limit) ? 1 : -std::expm1(-limit * rate);
    out.time = passed / rate;
    out.end = out.time / kind.life;
    if (kind.keep_alive >= patience && !std::isinf(patience)) {
        out.cut = std::exp(-patience * rate) * (kind.keep_alive == patience ? share : 1);
    }
    return out;
}

inline outcome after_packet_at(const connection_kind& kind, double time, double share) {
    // The idle timeout leaves nothing to chance: a keep-alive that is due with it is in time.
    return kind.idle_timeout <= time ? after_packet(kind, kind.idle_timeout, 0)
                                     : after_packet(kind, time, share);
}

// How often a connection's entry begins to idle, if an entry goes after `time`.
inline double intervals(const connection_kind& kind, double time, double share) {
    const auto next = after_packet_at(kind, time, share);
    return 1 / (next.cut + next.end);
}

// Mean time that an entry spends in the table having been touched within the last `recent`.
inline double stay(const connection_kind& kind, double time, double share, double recent) {
    const auto next = after_packet_at(kind, time, share);
    const double open = recent < time ? after_packet_at(kind, recent, 1).time : next.time;
    const double closed = std::min({recent, time, kind.closed_timeout});
    return intervals(kind, time, share) * (open + (next.end > 0 ? next.end * closed : 0));
}

// Of a kind whose entries go as a profile says: what was touched, and is open, by its age.
class kind_by_age {
  public:
    kind_by_age(const connection_kind& kind, double time, double share)
        : rate_(1 / kind.gap + 1 / kind.life),
          quiet_(std::min(kind.keep_alive, kind.idle_timeout)),
          idle_(kind.idle_timeout),
          closed_(kind.closed_timeout) {
        const auto next = after_packet_at(kind, time, share);
        begin_ = kind.rate / (next.cut + next.end);
        ends_ = next.end;
    }
    struct both {
        double touched, open;  // entries within an age; the rate at which open ones reach it
    };
    both at(double age) const {
        const double far = std::min(age, quiet_) * rate_;
        const double kept = std::exp(-far);
        const double passed = far < 0.5 ? -std::expm1(-far) : 1 - kept;
        return {begin_ * (passed / rate_ + ends_ * std::min(age, closed_)),
                age < quiet_ ? begin_ * kept : 0};
    }
    // How many close in a unit of time, and come to that age, or have gone by the idle timeout.
    double rises(double age) const {
        return begin_ * ends_ + at(std::min(age, idle_ * (1 - 0x1p-52))).open;
    }

  private:
    double rate_, quiet_, idle_, closed_, begin_, ends_;
};

// The density, by the mean of what was touched, of an n-th touch: Gamma's.
class density_of_touch {
  public:
    explicit density_of_touch(double n)
        : n_(n), factor_(std::sqrt(n / two_pi) * std::exp(-stirling_error(n))) {}
    double at(double mean) const { return factor_ * std::exp(-deviance_alone(n_, mean)) / mean; }

  private:
    double n_, factor_;
};

inline double chance_cut(const outcome& next) { return next.cut / (next.cut + next.end); }

// Where f, which rises, reaches y within low .. high; high where it does not.
template <class F>
double reaches(double low, double high, double y, const F& f) {
    if (f(high) <= y) return high;
    for (int i = 0; i < 70 && high - low > 1e-15 * high; ++i) {
        const bool wide = low > 0 && high > 4 * low;
        const double middle = wide ? std::sqrt(low) * std::sqrt(high) : low + (high - low) / 2;
        (f(middle) < y ? low : high) = middle;
    }
    return high;
}

// What was touched, and is open, of all kinds.
class kinds_by_age {
  public:
    kinds_by_age(const std::vector<connection_kind>& kinds, double time, double share) {
        for (const auto& kind : kinds) all_.emplace_back(kind, time, share);
    }
    kind_by_age::both at(double age) const {
        kind_by_age::both sum{0, 0};
        for (const auto& kind : all_) {
            const auto here = kind.at(age);
            sum.touched += here.touched;
            sum.open += here.open;
        }
        return sum;
    }
    double touched(double age) const { return at(age).touched; }
    double rises(double age) const {
        double sum = 0;
        for (const auto& kind : all_) sum += kind.rises(age);
        return sum;
    }

  private:
    std::vector<kind_by_age> all_;
};

// The places and weights of an integral from first to last, by Gauss.
inline std::array<std::pair<double, double>, 20> places(double first, double last) {
    using gauss = boost::math::quadrature::gauss<double, 20>;
    std::array<std::pair<double, double>, 20> out;
    const double half = (last - first) / 2;
    std::size_t i = 0;
    for (std::size_t j = 0; j < gauss::abscissa().size(); ++j)
        for (const int side : {-1, 1})
            out[i++] = {first + half * (1 + side * gauss::abscissa()[j]),
                        half * gauss::weights()[j]};
    return out;
}

}  // namespace natbound::calculator::detail
