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

struct pool {
    double ports, tries, load;

    double refused(double x) const { return std::exp(tries * std::log(x / ports)); }
    double log_taken(double x) const { return std::log1p(-refused(x)); }
    // d log(1 - r)/dx.
    double slope(double x) const {
        const double r = refused(x);
        return -tries / x * r / (1 - r);
    }
    // The Poisson weight of n, without constants.
    double poisson(double n) const {
        return -(deviance(n, load).high + stirling_error(n) + 0.5 * std::log(n));
    }
    // sum of log(1 - r(k)) for k from `from` to `to` - 1.
    double taken_between(double from, double to) const {
        const double centre = (from + to) / 2, half = (to - from) / 2;
        double integral = weight[0] * log_taken(centre);
        for (std::size_t i = 1; i < node.size(); ++i)
            integral += weight[i] *
                        (log_taken(centre - half * node[i]) + log_taken(centre + half * node[i]));
        return half * integral - (log_taken(to) - log_taken(from)) / 2 +
               (slope(to) - slope(from)) / 12;
    }
    // Of the weights around x.
    double deviation(double x) const {
        const double r = refused(x);
        return std::sqrt(x / (1 + tries * r / (1 - r)));
    }
    // load (1 - r) = x: the left side less the right falls and is concave, so Newton's steps come
    // down from above.
    double mode() const {
        double x = std::fmin(load, ports * (1 - 1e-9));
        for (int i = 0; i < 60; ++i) {
            const double r = refused(x);
            const double step = (load * (1 - r) - x) / (load * tries * r / x + 1);
            x += step;
            if (std::abs(step) < 1e-6 * x) break;
        }
        return x;
    }
    bool smooth_at(double x) const {
        return x < ports && refused(x) < 0.5 && tries / (ports * (1 - refused(x))) < 5e-3;
    }
};

}  // namespace

std::optional<double> smooth_log_refusal(double ports, double tries, double load) {
    const pool p{ports, tries, load};
    const double start = p.mode();
    if (!(start > 1000) || !p.smooth_at(start)) return {};
    const double step = p.deviation(start) / 3;
    const double base = p.poisson(start);
    double all = 1, refused = 1, narrowest = 3 * step;
    constexpr double negligible = 1e-17;
    for (const double sign : {1.0, -1.0}) {
        double at = start, taken = 0, most = 1;
        for (int i = 0; i < 4000; ++i) {
            const double next = at + sign * step;
            if (!(next > 100) || !p.smooth_at(next)) return {};
            taken += sign > 0 ? p.taken_between(at, next) : -p.taken_between(next, at);
            at = next;
            const double log_weight = p.poisson(at) - base + taken;
            const double log_refused = log_weight + tries * std::log(at / start);
            if (log_refused > 600) return {};
            const double one = std::exp(log_weight), two = std::exp(log_refused);
            all += one;
            refused += two;
            if (two >= most) {
                most = two;
                narrowest = std::fmin(narrowest, p.deviation(at));
            }
            if (one < negligible * all && two < negligible * refused && two < most) break;
        }
    }
    if (step > narrowest / 1.7) return {};
    return tries * std::log(start / ports) + std::log(refused / all);
}

}  // namespace natbound::calculator::detail
