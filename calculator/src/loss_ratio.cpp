// Four ways to R(c,a), each where it is both right and quick:
//
//   c < 64                     R(k) = (k/a)(1 + R(k-1)), all terms positive, from R at the fraction
//   of c a > c + 5 sqrt(c)          Legendre's continued fraction of Gamma(c,a), DLMF 8.9.2 near
//   the diagonal          Temme's uniform expansion, DLMF 8.12.7, in the form that has no exp(-D):
//                              R = Gamma*(c) (sqrt(pi c/2) e^D erfc(+-sqrt(D)) + sum c_k(eta) c^-k)
//   a < c, D > 40              Gamma(c,a) = Gamma(c) to a double, for P(Gamma_c < a) <= e^-D
//   (Chernoff)
//
// with the deviance D of poisson.hpp.
#include "loss_ratio.hpp"

#include <algorithm>
#include <array>
#include <boost/math/special_functions/gamma.hpp>
#include <cmath>

#include "poisson.hpp"
#include "temme_coefficients.hpp"

namespace natbound::calculator::detail {
namespace {

constexpr double pi = 3.14159265358979323846;
constexpr double whole_gamma = 40;  // e^-40 is below half an ulp
constexpr double too_large = 1e280;

template <std::size_t n>
double polynomial(const std::array<double, n>& coefficients, double x) {
    double sum = coefficients[n - 1];
    for (std::size_t k = n - 1; k-- > 0;) sum = sum * x + coefficients[k];
    return sum;
}

loss_ratio whole(double c, double_double d) {
    const double star =
        c < temme_least_ports ? std::exp(stirling_error(c)) : polynomial(gamma_star_series, 1 / c);
    return {std::sqrt(two_pi * c) * star, d};
}

double temme_sum(double eta, double c) {
    const double x = 1 / c;
    if (c > 1e5) {
        return polynomial(temme_0, eta) +
               x * (polynomial(temme_1, eta) +
                    x * (polynomial(temme_2, eta) + x * polynomial(temme_3, eta)));
    }
    const double high = polynomial(temme_4, eta) +
                        x * (polynomial(temme_5, eta) +
                             x * (polynomial(temme_6, eta) + x * polynomial(temme_7, eta)));
    return polynomial(temme_0, eta) +
           x * (polynomial(temme_1, eta) +
                x * (polynomial(temme_2, eta) + x * (polynomial(temme_3, eta) + x * high)));
}

double near_diagonal(double c, double a, double_double d) {
    const double sign = a < c ? -1 : 1;
    const double y = sign * std::sqrt(d.high);
    const double eta = y * std::sqrt(2 / c);
    const double half = std::sqrt(pi * c / 2) * std::exp(d.high) * std::erfc(y);
    return polynomial(gamma_star_series, 1 / c) * (half + temme_sum(eta, c));
}

// R(f,a) for 0 < f < 1 and a <= 1: f e^a a^-f Gamma(f,a), where
// f Gamma(f,a) = (Gamma(1+f) - 1) - (a^f - 1) - f a^f sum_{n>=1} (-a)^n / (n! (n+f)).
double fraction_ratio(double f, double a) {
    using namespace boost::math::policies;
    const double log_power = f * std::log(a);
    double term = 1, sum = 0;
    for (int n = 1; n < 40 && std::abs(term) > 1e-18; ++n) {
        term *= -a / n;
        sum += term / (n + f);
    }
    const double power = std::exp(log_power);
    const double gamma = boost::math::tgamma1pm1(f, make_policy(promote_double<false>()));
    return std::exp(a) / power * (gamma - std::expm1(log_power) - f * power * sum);
}

}  // namespace

bool legendre_applies(double c, double a) { return a >= 1 && a > c + 5 * std::sqrt(c); }

double legendre_tail(double c, double a) {
    // T = n_1/(b_1 + n_2/(b_2 + ...)), n_k = k (c-k), b_k = a - c + 1 + 2k. The number of terms for
    // 1e-17 was measured; the end is closed with the fixed point of its last step, and the fraction
    // is run backwards as a quotient p/q, scaled by h so that nothing overflows.
    const double start = a - c + 1;
    const double z = start / std::sqrt(c < 1 ? 1 : c);
    if (z > 1e8) return (c - 1) / (start + 2);
    const int terms = z > 1e4 ? 4 : static_cast<int>(6 + 60 / z + 160 / (z * z));
    const double last = start + 2 * terms;
    const double next = (terms + 1) * (c - terms - 1);
    const double root = start < 1e150 ? std::sqrt(last * last + 4 * std::max(next, 0.0))
                                      : std::hypot(last, 2 * std::sqrt(next));
    const double end = 0.5 * (last + root);
    const double h = 1 / end;
    double p = end, q = 1;
    for (int k = terms; k > 1; --k) {
        const double step = k * (c - k) * h;
        const double before = p * h;
        p = (start + 2 * (k - 1)) * before + step * q;
        q = before;
    }
    return (c - 1) * (q / p);
}

loss_ratio loss_ratio_of(double c, double a) {
    if (c < temme_least_ports) {
        const double whole_ports = std::floor(c);
        const double f = c - whole_ports;
        double ratio = 0;
        if (f > 0) ratio = a > 1 ? f / (a - f + 1 + legendre_tail(f, a)) : fraction_ratio(f, a);
        const double per_load = 1 / a;
        for (double k = f > 0 ? f + 1 : 1; k <= c; ++k) {
            const double step = k * per_load;
            ratio = step + step * ratio;
        }
        if (!(ratio < too_large)) return whole(c, deviance(c, a));
        return {ratio};
    }
    if (legendre_applies(c, a)) return {c / (a - c + 1 + legendre_tail(c, a))};
    const double_double d = deviance(c, a);
    if (d.high > whole_gamma) return whole(c, d);  // a < c: above, the fraction has taken it
    return {near_diagonal(c, a, d)};
}

double at_least(double n, double mean) {
    namespace policies = boost::math::policies;
    constexpr policies::policy<policies::promote_double<false>> in_doubles;
    if (n < temme_least_ports) return boost::math::gamma_p(n, mean, in_doubles);
    const double d = deviance(n, mean).high;
    if (d > whole_gamma) return mean > n ? 1 : boost::math::gamma_p(n, mean, in_doubles);
    const double y = mean < n ? -std::sqrt(d) : std::sqrt(d), eta = y * std::sqrt(2 / n);
    return std::erfc(-y) / 2 - temme_sum(eta, n) * std::exp(-d) / std::sqrt(two_pi * n);
}

double log_of(const loss_ratio& r) { return r.exponent.high + std::log(r.factor); }

double steepness(double c, double a, const loss_ratio& r) {
    if (legendre_applies(c, a)) return 1 + legendre_tail(c, a);
    return c - a + c / r.factor * std::exp(-r.exponent.high);
}

}  // namespace natbound::calculator::detail
