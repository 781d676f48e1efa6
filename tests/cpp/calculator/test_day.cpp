// The day's occupancy against Eick, Massey and Whitt's formulas for a sine, a plain integral, and
// the published chain; refusals against the chain.
#include <boost/math/quadrature/gauss.hpp>
#include <cmath>
#include <cstdint>
#include <natbound/calculator/day.hpp>
#include <natbound/calculator/day_chain.hpp>
#include <natbound/calculator/erlang.hpp>
#include <natbound/model/error.hpp>
#include <vector>

#include "catch.hpp"
#include "reference.hpp"

using namespace natbound::calculator;
using reference::relative_error;

namespace {

constexpr double turn = 6.283185307179586477, seconds = 86400;

// mean x (1 + a sin) in live flows, sampled and joined by lines.
day_rates sine(double mean, double a, double hold, std::size_t samples) {
    std::vector<double> rates;
    for (std::size_t i = 0; i < samples; ++i) {
        const double phase = turn * static_cast<double>(i) / static_cast<double>(samples);
        rates.push_back(mean * (1 + a * std::sin(phase)) / hold);
    }
    return day_rates::even(std::move(rates), day_rates::shape::linear, seconds);
}

// m(t) = integral of rate(t - u) P(hold > u), hour by hour, each in 16 parts.
double by_integral(const day& d, const hold_time& hold, double t, double reach) {
    double sum = 0, u = 0, next = std::fmod(t, 3600);
    while (u < reach) {
        const double part = (next - u) / 16;
        for (int i = 0; i < 16 && part > 0; ++i) {
            sum += boost::math::quadrature::gauss<double, 15>::integrate(
                [&](double x) { return d.rate(t - x) * hold.survival(x); }, u + i * part,
                u + (i + 1) * part);
        }
        u = next;
        next += 3600;
    }
    return sum;
}

}  // namespace

TEST_CASE("a sine: amplitude and lag of Eick, Massey and Whitt") {
    for (double hold : {120.0, 240.0, 7440.0, 14400.0}) {
        const double gh = turn / seconds * hold;
        const auto rates = sine(1000, 0.5, hold, 2160);
        CAPTURE(hold);
        const day constant(rates, hold_time::constant(hold));
        CHECK(std::abs(constant.peak_live().value - 1000 - 500 * std::sin(gh / 2) / (gh / 2)) <
              2e-3);
        CHECK(std::abs(constant.lag() - hold / 2) < 0.5);
        const day exponential(rates, hold_time::exponential(hold));
        CHECK(std::abs(exponential.peak_live().value - 1000 - 500 / std::sqrt(1 + gh * gh)) < 2e-3);
        CHECK(std::abs(exponential.lag() - std::atan(gh) / turn * seconds) < 1.5);
        CHECK(relative_error(exponential.mean_rate() * hold, 1000) < 1e-12);
    }
}

TEST_CASE("any law of holds, against the plain integral") {
    const std::vector<double> hours{2,  1,  1,  0.5, 0.5, 1,  3,  6,  9,  11, 12, 12,
                                    11, 12, 13, 12,  11,  12, 15, 17, 16, 12, 7,  4};
    const struct {
        hold_time hold;
        double reach;
    } laws[] = {{hold_time::exponential(900), 4e4},
                {hold_time::lognormal(900, 1.5), 3e6},
                {hold_time::gamma(900, 0.4), 2e4},
                {hold_time::gamma(5000, 0.7), 2e5},
                {hold_time::hyperexponential({0.9, 0.1}, {60, 9000}), 3.6e5},
                // of days, and far narrower than one: nearly a jump
                {hold_time::gamma(2.6e5, 0.004), 5e5},
                {hold_time::lognormal(2.2e5, 0.005), 5e5}};
    for (const auto form : {day_rates::shape::linear, day_rates::shape::constant}) {
        const auto rates = day_rates::even(hours, form);
        for (const auto& x : laws) {
            const day d(rates, x.hold);
            for (double t : {0.0, 1800.0, 30000.0, 70001.0}) {
                CAPTURE(t, x.hold.mean(), x.reach);
                const double want = by_integral(d, x.hold, t, x.reach);
                CHECK(relative_error(d.live(t), want) < 1e-8);
            }
        }
        const day d(rates, hold_time::constant(7200));  // two hours: the last two rates
        const double want = form == day_rates::shape::constant
                                ? 3600 * (hours[3] + hours[4])
                                : 3600 * (hours[3] / 2 + hours[4] + hours[5] / 2);
        CHECK(relative_error(d.live(5 * 3600), want) < 1e-12);
    }
}

TEST_CASE("holds that were measured are a mixture of constant ones") {
    // the longest is a day and a bit, so that days before count
    const auto measured = hold_time::empirical({1500, 0, 90000, 400}, {3, 2, 1, 4});
    CHECK(relative_error(measured.mean(), (3 * 1500 + 90000 + 4 * 400) / 10.0) < 1e-14);
    CHECK(relative_error(measured.survival(400), 0.4) < 1e-14);
    CHECK(relative_error(measured.excess(400), (3 * 1100 + 89600) / 10.0) < 1e-12);
    CHECK(measured.survival(90000) == 0);
    const auto rates = day_rates::even({5, 1, 8}, day_rates::shape::linear);
    const day d(rates, measured);
    for (double t : {0.0, 1234.0, 50000.0}) {
        const double want = (3 * day(rates, hold_time::constant(1500)).live(t) +
                             day(rates, hold_time::constant(90000)).live(t) +
                             4 * day(rates, hold_time::constant(400)).live(t)) /
                            10;
        CHECK(relative_error(d.live(t), want) < 1e-11);
    }
}

TEST_CASE("a histogram is even within each bin: many samples in each are near it") {
    // the first bin begins above 0, the second has none, the last is longer than a day
    const std::vector<double> edges{300, 1500, 4000, 100000}, weights{2, 0, 3};
    const auto bins = hold_time::histogram(edges, weights);
    const int parts = 20000;
    std::vector<double> samples, shares;
    for (const std::size_t i : {std::size_t{0}, std::size_t{2}})
        for (int k = 0; k < parts; ++k) {
            samples.push_back(edges[i] + (edges[i + 1] - edges[i]) * (k + 0.5) / parts);
            shares.push_back(weights[i]);
        }
    const auto fine = hold_time::empirical(samples, shares);
    CHECK(relative_error(bins.mean(), (2 * 900 + 3 * 52000) / 5.0) < 1e-14);
    for (double x : {0.0, 299.0, 800.0, 2000.0, 4000.0, 60000.0, 99000.0}) {
        CAPTURE(x);
        CHECK(std::abs(bins.survival(x) - fine.survival(x)) < 1.0 / parts);
        CHECK(std::abs(bins.excess(x) - fine.excess(x)) < 1e-8 * bins.mean());
        CHECK(std::abs(bins.half_square(x) - fine.half_square(x)) < 1e-8 * bins.half_square(0));
    }
    CHECK(bins.survival(100000) == 0);
    CHECK(bins.excess(100000) == 0);
    const auto rates = day_rates::even({5, 1, 8}, day_rates::shape::linear);
    for (double t : {0.0, 1234.0, 50000.0})
        CHECK(relative_error(day(rates, bins).live(t), day(rates, fine).live(t)) < 1e-7);
    CHECK_THROWS(hold_time::histogram({0, 1, 1}, {1, 1}));
    CHECK_THROWS(hold_time::histogram({0, 1}, {1, 1}));
    CHECK_THROWS(hold_time::histogram({0, 1}, {0}));
}

TEST_CASE("what is kept after the close is open time before it, and then a constant hold") {
    const auto rates = day_rates::even({5, 1, 8}, day_rates::shape::linear);
    const hold_part parts[] = {{3, hold_time::exponential(900), 120},
                               {1, hold_time::gamma(5000, 0.7), 250000},
                               {2, hold_time::empirical({10, 4000}), 0},
                               {0, hold_time::constant(70), 10}};
    const auto hold = hold_time::of_parts({std::begin(parts), std::end(parts)});
    CHECK(relative_error(hold.mean(), (3 * 1020 + 255000 + 2 * 2005) / 6.0) < 1e-14);
    CHECK(relative_error(hold.excess(0), hold.mean()) < 1e-14);
    const day d(rates, hold);
    for (double t : {0.0, 1234.0, 50000.0}) {
        double want = 0;
        for (const auto& p : parts) {
            want += p.weight / 6 * day(rates, p.open).live(t - p.kept);
            if (p.kept > 0) want += p.weight / 6 * day(rates, hold_time::constant(p.kept)).live(t);
        }
        CHECK(relative_error(d.live(t), want) < 1e-11);
    }
    CHECK_THROWS_AS(hold_time::of_parts({}), natbound::domain_error);
    CHECK_THROWS_AS(hold_time::of_parts({{-1, hold_time::constant(70)}}), natbound::domain_error);
    CHECK_THROWS_AS(hold_time::of_parts({{1, hold_time::constant(70), -1}}),
                    natbound::domain_error);
}

TEST_CASE("steady rates are a stationary system") {
    const day d(day_rates::even({0.7}, day_rates::shape::constant), hold_time::lognormal(100, 2));
    CHECK(relative_error(d.live(12345), 70) < 1e-12);
    const auto r = d.refused(80);
    for (double x : {r.share, r.at_peak, r.stationary_share, r.stationary_peak, r.mean_load}) {
        CHECK(relative_error(x, erlang_b(80, 70)) < 1e-11);
    }
    const auto chain = day_chain(day_rates::even({0.7}, day_rates::shape::constant), 100, 80, 1000);
    CHECK(relative_error(chain.share, erlang_b(80, 70)) < 1e-9);
}

TEST_CASE("published days: 64 ports, mean 40, half as much again at the peak") {
    const auto fast = sine(40, 0.5, 120, 1440), slow = sine(40, 0.5, 7440, 1440);
    const auto at_fast = day(fast, hold_time::exponential(120)).refused(64);
    CHECK(relative_error(at_fast.stationary_share, .01918652981) < 1e-4);
    CHECK(relative_error(at_fast.stationary_peak, .0603627382) < 1e-9);
    CHECK(relative_error(at_fast.mean_load, 1.1395102928579715654e-4) < 1e-9);
    const auto chain_fast = day_chain(fast, 120, 64, 4320);
    CHECK(relative_error(chain_fast.share, .019185104) < 1e-4);
    CHECK(relative_error(chain_fast.at_peak, .060361) < 1e-4);
    const auto chain_slow = day_chain(slow, 7440, 64, 1440);
    CHECK(relative_error(chain_slow.share, .014216408) < 1e-4);
    CHECK(relative_error(chain_slow.at_peak, .049660973) < 1e-4);
    CHECK(std::abs(chain_slow.peak_time - 26002) < 60);
    // The modified offered load knows of the delay, though not of what refusals relieve; the
    // stationary formula is a third too high.
    const auto at_slow = day(slow, hold_time::exponential(7440)).refused(64);
    CHECK(relative_error(at_slow.share, chain_slow.share) < 0.1);
    CHECK(relative_error(at_slow.at_peak, chain_slow.at_peak) < 0.15);
    CHECK(at_slow.stationary_share / chain_slow.share > 1.3);
    const auto large = day(sine(800, 0.25, 60, 1440), hold_time::constant(60)).refused(1024);
    CHECK(relative_error(large.stationary_share, 1.979579453e-3) < 1e-3);
}

TEST_CASE("the busiest time of a day of steps has its value, across corners too") {
    const day_rates steps{1000,
                          {86.12800773534579, 315.8962440270309, 502.1200067549313,
                           854.4489347392265, 974.692531175994},
                          {2.685861112034998, 0.5097286010459068, 0, 0, 0},
                          day_rates::shape::constant};
    for (const auto& law : {hold_time::lognormal(1.7252735541425652, 1), hold_time::constant(1.7),
                            hold_time::exponential(1.7)}) {
        const day d(steps, law);
        const auto mean_from = [&](double from) {
            double sum = 0;
            for (int i = 0; i < 4000; ++i) sum += d.live(from + 20 * (i + 0.5) / 4000);
            return sum / 4000;
        };
        const auto best = d.busiest(20);
        CHECK(best.value == Approx(mean_from(best.time)).epsilon(1e-5));
        for (double from = 290; from < 298; from += 0.25)
            CHECK(mean_from(from) < best.value * (1 + 1e-5));
    }
}

TEST_CASE("the busiest time of two that are nearly as busy") {
    // The rates have a time where the busiest window of the first pulse begins, which any grid
    // holds; none near that of the second, with a hundred-thousandth more.
    const auto linear = day_rates::shape::linear;
    const auto hold = hold_time::exponential(20);
    const auto first =
        day({86400, {0, 8600, 8640, 8680}, {0, 0, 100, 0}, linear}, hold).busiest(30);
    const double low = 8600, begins = first.time;
    REQUIRE(begins > low);
    REQUIRE(begins < 8640);
    const day both({86400,
                    {0, low, begins, 8640, 8680, 40040, 40080, 40120},
                    {0, 0, 100 * (begins - low) / 40, 100, 0, 0, 100.001, 0},
                    linear},
                   hold);
    const auto best = both.busiest(30);
    CHECK(best.time == Approx(begins + 31440).margin(1e-3));
    CHECK(relative_error(best.value, first.value * 1.00001) < 1e-12);
    // as many are live at its end as at its start
    CHECK(std::abs(both.live(best.time + 30) - both.live(best.time)) < 1e-12 * best.value);
}

TEST_CASE("the busiest minute lies about the peak") {
    const day d(sine(1000, 0.3, 300, 1440), hold_time::exponential(300));
    const auto peak = d.peak_live(), minute = d.busiest(60);
    CHECK(std::abs(minute.time + 30 - peak.time) < 1);
    CHECK(minute.value < peak.value);
    CHECK(minute.value > peak.value * (1 - 1e-5));
    const day steps(day_rates::even({1, 3}, day_rates::shape::constant), hold_time::constant(60));
    CHECK(steps.peak_rate().time == 64800);
    CHECK(steps.peak_rate().value == 3);
    CHECK(relative_error(steps.peak_live().value, 180) < 1e-12);
}

TEST_CASE("bad days") {
    const auto hold = hold_time::exponential(60);
    const auto linear = day_rates::shape::linear;
    CHECK_THROWS_AS(day(day_rates::even({}, linear), hold), natbound::domain_error);
    CHECK_THROWS_AS(day(day_rates::even({0, 0}, linear), hold), natbound::domain_error);
    CHECK_THROWS_AS(day(day_rates::even({1, -1}, linear), hold), natbound::domain_error);
    CHECK_THROWS_AS(day(day_rates::even({1, std::nan("")}, linear), hold), natbound::domain_error);
    CHECK_THROWS_AS(day(day_rates{10, {5, 5}, {1, 1}, linear}, hold), natbound::domain_error);
    CHECK_THROWS_AS(day(day_rates{10, {1, 11}, {1, 1}, linear}, hold), natbound::domain_error);
    CHECK_THROWS_AS(day(day_rates::even({1}, linear, 1), hold), natbound::domain_error);
    CHECK_THROWS_AS(hold_time::exponential(0), natbound::domain_error);
    CHECK_THROWS_AS(hold_time::lognormal(1, 0), natbound::domain_error);
    CHECK_THROWS_AS(hold_time::gamma(1, std::nan("")), natbound::domain_error);
    CHECK_THROWS_AS(hold_time::hyperexponential({1}, {1, 2}), natbound::domain_error);
    CHECK_THROWS_AS(hold_time::hyperexponential({0}, {1}), natbound::domain_error);
    CHECK_THROWS_AS(hold_time::empirical({}), natbound::domain_error);
    CHECK_THROWS_AS(hold_time::empirical({0}), natbound::domain_error);
    CHECK_THROWS_AS(hold_time::empirical({-1, 2}), natbound::domain_error);
    CHECK_THROWS_AS(hold_time::empirical({1, std::nan("")}), natbound::domain_error);
    CHECK_THROWS_AS(hold_time::empirical({1, 2}, {1}), natbound::domain_error);
    CHECK_THROWS_AS(hold_time::empirical({1, 2}, {0, 0}), natbound::domain_error);
    CHECK_THROWS_AS(day_chain(day_rates::even({1}, linear), 60, 0), natbound::domain_error);
    CHECK_THROWS_AS(day(day_rates::even({1}, linear), hold).busiest(0), natbound::domain_error);
}
