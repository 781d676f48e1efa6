#pragma once
// One coefficient of a power series P(z) k(z) with positive terms: a chance, or a sum of chances
// next to each other, of a whole number whose generating function is known in closed form, without
// the states below it. On the circle through the saddle point (H. E. Daniels 1954) the integrand is
// a narrow hill; the trapezoid rule with M points gives
//
//     sum over whole j of the coefficient of z^(c + jM) times r^(jM)      (Abate, Whitt 1992),
//
// so M is taken so large that Chernoff's bound puts all but j = 0 below a double's last bit. Points
// where the integrand is smaller than that are stepped over: for a compound Poisson law (or a sum
// of n like terms) the root of the exponent by which |P| falls along the circle is Lipschitz with
// the deviation over the root of 2. What is left, some dozen points, is all the work, also for
// 2^26 ports.
//
// A law has: at(theta), log P less theta times its mean, and the first two derivatives of log P;
// mean(); most(), beyond which theta it is infinite; and
// after to(theta): node(t, fall, phase), P on the circle over P at theta is exp(-fall + i (phase +
// first t)), sure(fall), what of that is sure to change no faster than said, and clear(t), to where
// from t on it is sure to stay above lattice_last_bit, at least t. A kernel k has at(theta),
// least(), most() and, after to(theta), node(t), its ratio.
#include <algorithm>
#include <cmath>
#include <complex>
#include <limits>
#include <optional>

namespace natbound::calculator::detail {

struct tilted {
    double value, first, second;
};

struct coefficient {
    double log = 0;       // natural logarithm
    double growth = 0;    // of it, by the logarithm of a factor on log P
    double theta = 0;     // the saddle: a step of c takes about as much off the logarithm
    double doubt = 1;     // what was summed, signs left out, over the sum: how many digits are lost
    bool smooth = false;  // one hill only: no ripples
};

inline constexpr double lattice_last_bit = 38;  // e^-38 counts for nothing

// Where log P(e^theta) k(e^theta) - c theta is least, roughly; from a guess.
template <class Law, class Kernel>
double saddle(const Law& law, const Kernel& kernel, double c, double theta) {
    double least = kernel.least(), most = std::min(law.most(), kernel.most());
    for (int i = 0; i < 200; ++i) {
        const tilted p = law.at(theta), k = kernel.at(theta);
        const double mean = p.first + k.first, spread = p.second + k.second;
        // K' is convex: from above Newton's steps fall short, from below those of log K' fall less
        // far beyond.
        const double change =
            (mean > c || !(mean > 0) ? c - mean : std::log(c / mean) * mean) / spread;
        if (!(std::abs(change) * std::sqrt(spread) > 0.02)) break;
        (mean > c ? most : least) = theta;
        const double next = theta + change;
        theta = next >= most    ? theta + (most - theta) / 2
                : next <= least ? theta + (least - theta) / 2
                                : next;
    }
    return theta;
}

// Nothing where that takes more than `dearest` points; with none, the hill taken for a normal
// law's: some per cent off.
template <class Law, class Kernel>
std::optional<coefficient> coefficient_at(Law& law, Kernel& kernel, double c, double theta,
                                          double dearest) {
    const tilted p = law.at(theta), k = kernel.at(theta);
    const double shift = law.mean() - c;
    const auto exponent = [&](double x) {
        return law.at(x).value + kernel.at(x).value + shift * x;
    };
    const double height = p.value + k.value + shift * theta;
    coefficient out;
    out.theta = theta;
    const double deviation = std::sqrt(p.second + k.second);
    const double whole = p.value + law.mean() * theta;  // log P
    if (dearest == 0) {
        out.log = height - std::log(deviation * 2.5066282746310002);
        out.growth = whole;
        out.smooth = true;
        return out;
    }
    const double enough = lattice_last_bit + 2 + std::log1p(deviation);
    // Chernoff's bound for c + M and c - M, for some tilts
    double many = 2;
    for (const double sign : {1.0, -1.0}) {
        const double room =
            sign > 0 ? std::min(law.most(), kernel.most()) - theta : theta - kernel.least();
        double best = std::numeric_limits<double>::infinity();
        for (double tilt = 8.8 / deviation, i = 0; i < 6; ++i, tilt /= 2) {
            const double by = std::min(tilt, 0.95 * room);
            const double reach = (exponent(theta + sign * by) - height + enough) / by;
            if (reach < best)
                best = reach;
            else
                break;
        }
        many = std::max(many, best);
    }
    if (!(many < 1e9)) return {};
    const double points = std::ceil(many), step = 2 * 3.14159265358979323846 / points;
    law.to(theta);
    kernel.to(theta);
    const double lipschitz = std::sqrt(p.second / 2);
    double sum = 0, moment = 0, size_sum = 0, asked = 0;
    bool fell = false, again = false;
    for (double j = 0; 2 * j <= points; ++j) {
        const double t = j * step;
        double fall = 0, phase = 0;
        law.node(t, fall, phase);
        if (++asked > dearest) return {};
        if (fall > lattice_last_bit) {
            fell = true;
            const double skip =
                (std::sqrt(law.sure(fall)) - std::sqrt(lattice_last_bit)) / lipschitz;
            j += std::floor(std::max(skip, law.clear(t) - t) / step * (1 - 1e-9));
            continue;
        }
        if (fell) again = true;
        const double twice = j == 0 || 2 * j == points ? 1 : 2;
        const std::complex<double> ratio = kernel.node(t);
        const double angle = phase + (p.first - c) * t, size = twice * std::exp(-fall);
        const double cosine = std::cos(angle), sine = std::sin(angle);
        const double real = size * (cosine * ratio.real() - sine * ratio.imag());
        const double imaginary = size * (cosine * ratio.imag() + sine * ratio.real());
        sum += real;
        size_sum += size * std::abs(ratio);
        moment += real * (whole - fall) - imaginary * (phase + p.first * t);
    }
    if (!(sum > 0)) return {};
    out.doubt = size_sum / sum;
    out.log = height + std::log(sum / points);
    out.growth = moment / sum;
    out.smooth = fell && !again;
    return out;
}

template <class Law, class Kernel>
std::optional<coefficient> coefficient_of(Law& law, Kernel& kernel, double c, double guess,
                                          double dearest) {
    return coefficient_at(law, kernel, c, saddle(law, kernel, c, guess), dearest);
}

// (e^x - 1) of a complex x = a + ib, with its digits.
inline std::complex<double> complex_expm1(double a, double b) {
    const double half = std::sin(b / 2), up = std::expm1(a);
    return {up - 2 * half * half * (1 + up), (1 + up) * std::sin(b)};
}

}  // namespace natbound::calculator::detail
