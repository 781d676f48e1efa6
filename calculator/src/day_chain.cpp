#include <cmath>
#include <natbound/calculator/day_chain.hpp>
#include <natbound/calculator/occupancy.hpp>

#include "argument.hpp"

namespace natbound::calculator {
namespace {

constexpr const char* name = "day_chain";

// The chain's law p, and (I - h A) y = x and y = A x for its generator A at a given load (arrivals
// in a mean hold; departures at rate n).
struct chain {
    std::vector<double> p, middle, right, factor;

    explicit chain(std::vector<double> start)
        : p(std::move(start)), middle(p.size()), right(p.size()), factor(p.size()) {}

    double outflow(std::size_t n, double load) const {
        return (n + 1 < p.size() ? load : 0) + static_cast<double>(n);
    }
    // Thomas's elimination; the matrix is column-diagonally dominant, so it needs no pivots.
    void solve(double h, double load, std::vector<double>& x) {
        const std::size_t size = x.size();
        double diagonal = 1 + h * outflow(0, load);
        x[0] /= diagonal;
        for (std::size_t n = 1; n < size; ++n) {
            factor[n] = h * static_cast<double>(n) / diagonal;
            diagonal = 1 + h * outflow(n, load) - h * load * factor[n];
            x[n] = (x[n] + h * load * x[n - 1]) / diagonal;
        }
        for (std::size_t n = size - 1; n > 0; --n) x[n - 1] += factor[n] * x[n];
    }
    // One step of the trapezoidal rule to g h, then of the backward differentiation formula to h.
    void step(double h, double from, double between, double to) {
        constexpr double g = 0.58578643762690495120;  // 2 - sqrt 2
        const std::size_t size = p.size();
        for (std::size_t n = 0; n < size; ++n) {
            double flow = -outflow(n, from) * p[n];
            if (n > 0) flow += from * p[n - 1];
            if (n + 1 < size) flow += static_cast<double>(n + 1) * p[n + 1];
            middle[n] = p[n] + g * h / 2 * flow;
        }
        solve(g * h / 2, between, middle);
        for (std::size_t n = 0; n < size; ++n) {
            right[n] = (middle[n] - (1 - g) * (1 - g) * p[n]) / (g * (2 - g));
        }
        solve((1 - g) / (2 - g) * h, to, right);
        p.swap(right);
    }
};

}  // namespace

day_chain_answer day_chain(const day_rates& rates, double mean_hold, std::uint64_t ports,
                           int steps) {
    detail::require(ports >= 1 && ports <= 16384, name, "ports", static_cast<double>(ports),
                    "must be at least 1 and at most 16,384");
    detail::require(steps >= 100 && steps <= 10000000, name, "steps", steps,
                    "must be at least 100 and at most 1e7");
    const day checked(rates, hold_time::exponential(mean_hold));
    const std::size_t count = rates.times.size();
    const bool linear = rates.form == day_rates::shape::linear;
    chain c(stationary(ports, checked.rate(rates.times[0]) * mean_hold).chances);
    day_chain_answer out{};
    double before = -1;
    for (out.days = 1; out.days <= 200; ++out.days) {
        double refused = 0, peak = -1;
        for (std::size_t i = 0; i < count; ++i) {
            const double begin = rates.times[i];
            const double length =
                (i + 1 < count ? rates.times[i + 1] : rates.times[0] + rates.period) - begin;
            const double first = rates.rates[i];
            const double last = linear ? rates.rates[(i + 1) % count] : first;
            const double parts = std::ceil(length / rates.period * steps);
            for (double k = 0; k < parts; ++k) {
                const auto load = [&](double at) {
                    return (first + (last - first) * ((k + at) / parts)) * mean_hold;
                };
                const double full = c.p.back(), h = length / parts / mean_hold;
                c.step(h, load(0), load(0.58578643762690495120), load(1));
                refused += h * (load(0) * full + load(1) * c.p.back()) / 2;
                if (c.p.back() > peak) {
                    peak = c.p.back();
                    out.peak_time = std::fmod(begin + length * ((k + 1) / parts), rates.period);
                }
            }
        }
        out.share = refused / (checked.mean_rate() * rates.period);
        out.at_peak = peak;
        if (std::abs(out.share - before) <= 1e-12 + 1e-10 * out.share) break;
        before = out.share;
    }
    return out;
}

}  // namespace natbound::calculator
