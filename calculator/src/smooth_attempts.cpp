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

// What a draw meets with x live: r, the chance that all tries fail, and how it changes.
struct meeting {
    double x, log_refused, refused;
    double slope;       // of log_refused
    double log_let_in;  // log(1 - r), and derivatives, r taken for an exponential
    double first, third;
};

class pool {
  public:
    pool(double ports, double tries, double load, draws how)
        : ports_(ports), tries_(tries), load_(load), again_(how == draws::with_replacement) {
        if (!again_) subsets_ = log_subsets(ports);
    }

    meeting at(double x) const {
        meeting out{x, log_refused(x), 0, steepness(x), 0, 0, 0};
        const double r = out.refused = std::exp(out.log_refused), g = out.slope;
        const double odds = r / (1 - r);
        out.log_let_in = std::log1p(-r);
        out.first = -g * odds;
        out.third = -g * g * g * odds * (1 + r) / ((1 - r) * (1 - r));
        return out;
    }
    // sum of log(1 - r(k)) for k from `from` to `to` - 1.
    double taken_between(const meeting& from, const meeting& to) const {
        if (to.refused * (to.x - from.x) < 1e-18) return 0;
        const double half = (to.x - from.x) / 2;
        const series around(*this, (from.x + to.x) / 2);
        double integral = weight[0] * std::log1p(-std::exp(around.log_refused));
        for (std::size_t i = 1; i < node.size(); ++i)
            integral += weight[i] * around.both_let_in(half * node[i]);
        return half * integral - (to.log_let_in - from.log_let_in) / 2 +
               (to.first - from.first) / 12 - (to.third - from.third) / 720;
    }
    // Of the weights around it.
    static double deviation(const meeting& m) {
        return std::sqrt(m.x / (1 + m.x * m.slope * m.refused / (1 - m.refused)));
    }
    // load (1 - r) = x: the left side less the right falls and is concave, so Newton's steps come
    // down from above.
    double mode() const {
        double x = std::fmin(load_, ports_ * (1 - 1e-9));
        for (int i = 0; i < 60; ++i) {
            if (!again_ && !(x > 2 * tries_)) return 0;
            const double r = std::exp(log_refused(x));
            const double step = (load_ * (1 - r) - x) / (load_ * steepness(x) * r + 1);
            x += step;
            if (std::abs(step) < 1e-6 * x) break;
        }
        return x;
    }
    bool inside(double x) const { return x < ports_ && x > 4 && (again_ || x > 2 * tries_); }
    bool smooth_at(const meeting& m) const {
        const double r = m.refused, g = m.slope;
        // of what Euler and Maclaurin leave out
        return r < 0.5 && tries_ / (ports_ * (1 - r)) < 5e-3 &&
               std::sqrt(m.x) * r * g * g * g * g * g < 1e-9;
    }
    // The weight of n over that of `start` if all were taken.
    double poisson(double n, double start) const {
        return (n - start) * std::log(load_ / start) - deviance(n, start).high +
               (stirling_error(start) - stirling_error(n)) - 0.5 * std::log(n / start);
    }

  private:
    // log r near x, a sum over the tries k of log(x - k): by Taylor's series, whose terms are sums
    // of (x - k)^-m; without replacement these are integrals with the ends of the midpoint rule.
    struct series {
        static constexpr int terms = 8;
        double log_refused;
        std::array<double, terms> sums;

        series(const pool& p, double x) : log_refused(p.log_refused(x)) {
            if (p.again_) {
                double power = p.tries_;
                for (double& s : sums) s = power /= x;
                return;
            }
            const double low = 1 / (x - p.tries_ + 0.5), high = 1 / (x + 0.5);
            double a = low, b = high;  // to the power m
            sums[0] = -std::log1p(-p.tries_ * high) - (a * a - b * b) / 24;
            for (int m = 2; m <= terms; ++m) {
                const double integral = (a - b) / (m - 1);
                a *= low;
                b *= high;
                sums[static_cast<std::size_t>(m - 1)] = integral - m * (a * low - b * high) / 24;
            }
        }
        // log(1 - r) at x + d and at x - d, added.
        double both_let_in(double d) const {
            double even = 0, odd = 0;
            for (int m = terms; m >= 2; m -= 2) {
                even = even * d * d - sums[static_cast<std::size_t>(m - 1)] / m;
                odd = odd * d * d + sums[static_cast<std::size_t>(m - 2)] / (m - 1);
            }
            const double middle = log_refused + even * d * d;
            const double above = std::exp(middle + odd * d), below = std::exp(middle - odd * d);
            return std::log1p(-(above + below - above * below));
        }
    };

    // log((n/N)^K), or log(C(n,K) / C(N,K))
    double log_refused(double x) const {
        const double power = tries_ * std::log(x / ports_);
        return again_ ? power : power + (log_subsets(x) - subsets_);
    }
    // Its derivative.
    double steepness(double x) const {
        return again_ ? tries_ / x : -std::log1p(-tries_ / (x + 0.5));
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
    if (!(start > 400) || !p.inside(start)) return {};
    const meeting middle = p.at(start);
    if (!p.smooth_at(middle)) return {};
    const double step = pool::deviation(middle) / 3;
    double all = 1, refused = 1, narrowest = 3 * step, moment = 0, refused_moment = 0;
    constexpr double negligible = 1e-17;
    for (const double sign : {1.0, -1.0}) {
        meeting at = middle;
        double taken = 0, most = 1;
        for (int i = 0; i < 4000; ++i) {
            if (!p.inside(at.x + sign * step)) return {};
            const meeting next = p.at(at.x + sign * step);
            if (!p.smooth_at(next)) return {};
            taken += sign > 0 ? p.taken_between(at, next) : -p.taken_between(next, at);
            at = next;
            const double log_weight = p.poisson(at.x, start) + taken;
            const double log_refused = log_weight + (at.log_refused - middle.log_refused);
            if (log_refused > 600) return {};
            const double one = std::exp(log_weight), two = std::exp(log_refused);
            all += one;
            refused += two;
            moment += one * (at.x - start);
            refused_moment += two * (at.x - start);
            if (two >= most) {
                most = two;
                narrowest = std::fmin(narrowest, pool::deviation(at));
            }
            if (one < negligible * all && two < negligible * refused && two < most) break;
        }
    }
    if (step > narrowest / 1.7) return {};
    return smooth_answer{middle.log_refused + std::log(refused / all),
                         refused_moment / refused - moment / all};
}

}  // namespace natbound::calculator::detail
