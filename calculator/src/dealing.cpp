// The coefficient of x^K in U(x)^A and in V(x) U(x)^(A-1), where u_k = W(k) / k! and
// v_k = k B(k) u_k, W(k) that what k clients hold fits, and B(k) the chance asked about: by
// Cauchy's integral along the circle through the saddle, where nothing cancels and the sum over
// equally spaced points is right but for the coefficients a turn away. All of these are
// log-concave, and more so than a Poisson law (W is log-concave: the survival of a gamma law in its
// argument), so that a turn of 16 standard deviations and some is enough, and sums over k run from
// the largest term to both sides.
#include "dealing.hpp"

#include <algorithm>
#include <cmath>
#include <complex>
#include <limits>
#include <numbers>
#include <utility>

#include "logarithms.hpp"
#include "poisson.hpp"

namespace natbound::calculator::detail {
namespace {

constexpr double drop = 44;  // terms below e^-44 of the largest are left out

double& at(std::vector<double>& known, std::uint64_t k) {
    if (k >= known.size())
        known.resize(std::max<std::size_t>(k + 1, known.size() * 3 / 2),
                     std::numeric_limits<double>::quiet_NaN());
    return known[k];
}

// Sum of weights e^(i (k - centre) angle).
std::complex<double> transform(const dealing::terms& t, double angle) {
    constexpr std::size_t afresh = 128;  // steps that phases are multiplied up for
    const std::complex<double> turn = std::polar(1.0, angle);
    const auto begin = static_cast<double>(t.first) - static_cast<double>(t.centre);
    double real = 0, imaginary = 0;
    for (std::size_t i = 0; i < t.weights.size(); i += afresh) {
        const auto start = std::polar(1.0, (begin + static_cast<double>(i)) * angle);
        double x = start.real(), y = start.imag();
        const std::size_t end = std::min(t.weights.size(), i + afresh);
        for (std::size_t j = i; j < end; ++j) {
            real += t.weights[j] * x;
            imaginary += t.weights[j] * y;
            const double next = x * turn.real() - y * turn.imag();
            y = x * turn.imag() + y * turn.real();
            x = next;
        }
    }
    return {real, imaginary};
}

}  // namespace

dealing::dealing(std::uint64_t clients, std::uint64_t addresses,
                 std::function<double(std::uint64_t)> log_fits)
    : clients_(static_cast<double>(clients)),
      addresses_(static_cast<double>(addresses)),
      log_fits_(std::move(log_fits)),
      even_(even(clients, addresses)) {
    all_.last = even_;
    slope_ = fits(even_ - 1) - fits(even_);
    whole_ = at_saddle(nullptr, std::log(clients_ / addresses_));
}

double dealing::log_mean(const std::function<double(std::uint64_t)>& log_chance,
                         std::uint64_t least) {
    series with{&log_chance, least, std::max(least, even_), {}};
    const point some = at_saddle(&with, whole_.tilt);
    const double more = some.tilt - whole_.tilt, mean = std::exp(whole_.tilt);
    return std::log(addresses_ / clients_) + (some.log - whole_.log) +
           (addresses_ * mean * std::expm1(more) - clients_ * more);
}

double dealing::fits(std::uint64_t k) {
    double& known = at(fits_, k);
    if (std::isnan(known)) known = log_fits_(k);
    return known;
}

double dealing::log_term(series& of, std::uint64_t k, double mean) {
    const auto n = static_cast<double>(k);
    const double away = n - static_cast<double>(even_);
    const double out = log_poisson_weight(n, mean) + ((fits(k) - fits(even_)) + away * slope_);
    if (!of.chance) return out;
    double& known = at(of.known, k);
    if (std::isnan(known)) known = std::log(n) + (*of.chance)(k);
    return out + known;
}

// The k of the largest term, from where the last one was.
std::uint64_t dealing::largest(series& of, double mean) {
    const auto clients = static_cast<std::uint64_t>(clients_);
    const auto rises = [&](std::uint64_t k) {
        return log_term(of, k + 1, mean) > log_term(of, k, mean);
    };
    std::uint64_t low = std::clamp(of.last, of.least, clients), high = low, step = 1;
    for (; high < clients && rises(high); step *= 2) {
        low = high + 1;
        high = std::min(clients, high + step);
    }
    for (step = 1; low == high && low > of.least; step *= 2) {
        low = low - of.least > step ? low - step : of.least;
        if (rises(low)) break;
        high = low;
    }
    while (low < high) {
        const std::uint64_t middle = low + (high - low) / 2;
        if (rises(middle))
            low = middle + 1;
        else
            high = middle;
    }
    return of.last = low;
}

dealing::terms dealing::terms_at(series& of, double tilt) {
    const double mean = std::exp(tilt);
    const auto clients = static_cast<std::uint64_t>(clients_);
    const std::uint64_t low = largest(of, mean);
    const double top = log_term(of, low, mean);
    std::vector<double> below, above;
    for (std::uint64_t k = low; k > of.least; --k) {
        const double here = log_term(of, k - 1, mean) - top;
        if (here < -drop) break;
        below.push_back(std::exp(here));
    }
    for (std::uint64_t k = low; k < clients; ++k) {
        const double here = log_term(of, k + 1, mean) - top;
        if (here < -drop) break;
        above.push_back(std::exp(here));
    }
    terms out;
    out.first = low - below.size();
    out.centre = low;
    out.weights.assign(below.rbegin(), below.rend());
    out.weights.push_back(1);
    out.weights.insert(out.weights.end(), above.begin(), above.end());
    double sum = 0, moment = 0, square = 0;
    for (std::size_t i = 0; i < out.weights.size(); ++i) {
        const double away = static_cast<double>(i) - static_cast<double>(below.size());
        sum += out.weights[i];
        moment += away * out.weights[i];
        square += away * away * out.weights[i];
    }
    for (double& w : out.weights) w /= sum;
    out.log_sum = top + std::log(sum);
    out.mean = static_cast<double>(low) + moment / sum;
    out.variance = std::max(0.0, square / sum - moment / sum * (moment / sum));
    return out;
}

// Where the mean number of clients on all addresses is theirs: by Newton's method, as the mean
// grows with the tilt, kept between bounds. Near enough will do.
dealing::point dealing::at_saddle(series* with, double tilt) {
    constexpr int rounds = 200;
    double low = -std::numeric_limits<double>::infinity(), high = -low;
    for (int i = 0;; ++i) {
        const terms each = terms_at(all_, tilt);
        const terms one = with ? terms_at(*with, tilt) : each;
        const double others = addresses_ - 1;
        const double over = one.mean + others * each.mean - clients_;
        const double variance = one.variance + others * each.variance;
        if (std::fabs(over) <= std::max(0.1 * std::sqrt(variance), 1e-3) || i == rounds)
            return {tilt, one.log_sum + others * each.log_sum +
                              std::log(coefficient(one, each, variance))};
        (over > 0 ? high : low) = tilt;
        double step = variance > 0 ? -over / variance : 0;
        if (!(std::fabs(step) <= 2)) step = over > 0 ? -2 : 2;
        if (step == 0) step = over > 0 ? -1 : 1;
        tilt += step;
        if (tilt <= low || tilt >= high) tilt = (low + high) / 2;
    }
}

// The chance that one and the others, drawn by these weights, have all clients together.
double dealing::coefficient(const terms& one, const terms& each, double variance) const {
    constexpr double enough = 1e-19;
    const auto points = 2 * static_cast<std::int64_t>(8 * std::sqrt(variance) + 24);
    const auto others = static_cast<std::int64_t>(addresses_) - 1;
    const auto off = static_cast<std::int64_t>(clients_) - static_cast<std::int64_t>(one.centre) -
                     others * static_cast<std::int64_t>(each.centre);
    const bool same = one.first == each.first && one.weights == each.weights;
    double sum = 1;
    int small = 0;
    for (std::int64_t j = 1; j <= points / 2 && small < 6; ++j) {
        const double angle =
            2 * std::numbers::pi * static_cast<double>(j) / static_cast<double>(points);
        const auto shared = transform(each, angle);
        const auto own = same ? shared : transform(one, angle);
        // whole turns taken away before they cost digits
        const double turned = static_cast<double>(j * (off % points) % points);
        const double phase = std::arg(own) + static_cast<double>(others) * std::arg(shared) -
                             2 * std::numbers::pi * turned / static_cast<double>(points);
        const double size = std::exp(std::log(std::abs(own)) +
                                     static_cast<double>(others) * std::log(std::abs(shared)));
        small = size < enough ? small + 1 : 0;
        sum += (2 * j == points ? 1 : 2) * size * std::cos(phase);
    }
    return sum / static_cast<double>(points);
}

}  // namespace natbound::calculator::detail
