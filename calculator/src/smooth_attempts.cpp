#include "smooth_attempts.hpp"

#include <array>
#include <cmath>

#include "poisson.hpp"

namespace natbound::calculator::detail {
namespace {

// Gauss's rule of five points on [-1, 1].
constexpr std::array<double, 3> node = {0, 0.53846931010568309104, 0.90617984593866399280};
constexpr std::array<double, 3> weight = {0.56888888888888888889, 0.47862867049936646804,
                                          0.23692688505618908751};

// (1 - y) log(1 - y) + y
double gap(double y) {
    if (y > 0.05) return (1 - y) * std::log1p(-y) + y;
    double sum = 0;
    for (int k = 12; k >= 2; --k) sum = sum * y + 1.0 / (k * (k - 1));
    return sum * y * y;
}

class pool {
  public:
    pool(double ports, double tries, double load, draws how)
        : ports_(ports), tries_(tries), load_(load), again_(how == draws::with_replacement) {
        if (!again_) subsets_ = log_subsets(ports);
    }

    // log((n/N)^K), or log(C(n,K) / C(N,K))
    double log_refused(double x) const {
        const double power = tries_ * std::log(x / ports_);
        return again_ ? power : power + (log_subsets(x) - subsets_);
    }
    double refused(double x) const { return std::exp(log_refused(x)); }
    // Its derivative.
    double steepness(double x) const {
        return again_ ? tries_ / x : -std::log1p(-tries_ / (x + 0.5));
    }
    // sum of log(1 - r(k)) for k from `from` to `to` - 1.
    double taken_between(double from, double to) const {
        const double most = refused(to);
        if (most * (to - from) < 1e-18) return 0;
        const double centre = (from + to) / 2, half = (to - from) / 2;
        double integral = weight[0] * log_taken(centre);
        for (std::size_t i = 1; i < node.size(); ++i)
            integral += weight[i] *
                        (log_taken(centre - half * node[i]) + log_taken(centre + half * node[i]));
        const ends a = at(from), b = at(to);
        return half * integral - (b.value - a.value) / 2 + (b.first - a.first) / 12 -
               (b.third - a.third) / 720;
    }
    // Of the weights around x.
    double deviation(double x) const {
        const double r = refused(x);
        return std::sqrt(x / (1 + x * steepness(x) * r / (1 - r)));
    }
    // load (1 - r) = x: the left side less the right falls and is concave, so Newton's steps come
    // down from above.
    double mode() const {
        double x = std::fmin(load_, ports_ * (1 - 1e-9));
        for (int i = 0; i < 60; ++i) {
            if (!again_ && !(x > 2 * tries_)) return 0;
            const double r = refused(x);
            const double step = (load_ * (1 - r) - x) / (load_ * steepness(x) * r + 1);
            x += step;
            if (std::abs(step) < 1e-6 * x) break;
        }
        return x;
    }
    bool smooth_at(double x) const {
        if (!(x < ports_ && x > 4) || !(again_ || x > 2 * tries_)) return false;
        const double r = refused(x), g = steepness(x);
        // of what Euler and Maclaurin leave out
        return r < 0.5 && tries_ / (ports_ * (1 - r)) < 5e-3 &&
               std::sqrt(x) * r * g * g * g * g * g < 1e-9;
    }
    // The weight of n over that of `start` if all were taken.
    double poisson(double n, double start) const {
        return (n - start) * std::log(load_ / start) - deviance(n, start).high +
               (stirling_error(start) - stirling_error(n)) - 0.5 * std::log(n / start);
    }

  private:
    struct ends {
        double value, first, third;  // log(1 - r) and derivatives, r taken for an exponential
    };
    double log_taken(double x) const { return std::log1p(-refused(x)); }
    ends at(double x) const {
        const double r = refused(x), g = steepness(x), odds = r / (1 - r);
        return {std::log1p(-r), -g * odds, -g * g * g * odds * (1 + r) / ((1 - r) * (1 - r))};
    }
    // log(x! / (x - K)!) - K log x, by Stirling's formula
    double log_subsets(double x) const {
        const double y = tries_ / x;
        return -x * gap(y) - 0.5 * std::log1p(-y) +
               (stirling_error(x) - stirling_error(x - tries_));
    }

    double ports_, tries_, load_;
    bool again_;
    double subsets_ = 0;
};

}  // namespace

std::optional<smooth_answer> smooth_attempts(double ports, double tries, double load, draws how) {
    const pool p(ports, tries, load, how);
    const double start = p.mode();
    if (!(start > 400) || !p.smooth_at(start)) return {};
    const double step = p.deviation(start) / 3;
    const double at_start = p.log_refused(start);
    double all = 1, refused = 1, narrowest = 3 * step, moment = 0, refused_moment = 0;
    constexpr double negligible = 1e-17;
    for (const double sign : {1.0, -1.0}) {
        double at = start, taken = 0, most = 1;
        for (int i = 0; i < 4000; ++i) {
            const double next = at + sign * step;
            if (!p.smooth_at(next)) return {};
            taken += sign > 0 ? p.taken_between(at, next) : -p.taken_between(next, at);
            at = next;
            const double log_weight = p.poisson(at, start) + taken;
            const double log_refused = log_weight + (p.log_refused(at) - at_start);
            if (log_refused > 600) return {};
            const double one = std::exp(log_weight), two = std::exp(log_refused);
            all += one;
            refused += two;
            moment += one * (at - start);
            refused_moment += two * (at - start);
            if (two >= most) {
                most = two;
                narrowest = std::fmin(narrowest, p.deviation(at));
            }
            if (one < negligible * all && two < negligible * refused && two < most) break;
        }
    }
    if (step > narrowest / 1.7) return {};
    return smooth_answer{at_start + std::log(refused / all),
                         refused_moment / refused - moment / all};
}

}  // namespace natbound::calculator::detail
