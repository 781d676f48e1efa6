// Open times as they are drawn, against their laws' formulas; what a glance finds left, against the
// residual law (Feller II, XI.4) and against glances at open times laid end to end.
#include "../../../calculator/src/exponential_gaps.hpp"

#include <algorithm>
#include <cmath>
#include <natbound/calculator/hold_time.hpp>
#include <natbound/calculator/open_time_draws.hpp>
#include <vector>

#include "catch.hpp"

using namespace natbound;
using calculator::open_time;
using calculator::open_time_draws;

namespace {

constexpr int many = 200'000;
constexpr double most_off = 4.5;  // standard deviations

std::vector<open_time> laws() {
    return {{hold_law::exponential, 60},
            {hold_law::constant, 60},
            {hold_law::lognormal, 60, 1.5},
            {hold_law::gamma, 60, 0.3},
            {hold_law::gamma, 60, 1},
            {hold_law::gamma, 60, 2.5},
            {hold_law::mixture, 60, 0, {10, 210}, {3, 1}},
            {hold_law::mixture, 60, 0, {40, 80}, {}},
            {hold_law::histogram, 60, 0, {0, 40, 160}, {1, 1}},
            {hold_law::histogram, 62.5, 0, {20, 30, 50, 150}, {1, 0, 1}},
            {hold_law::empirical, 60, 0, {20, 100}, {}},
            {hold_law::empirical, 72, 0, {0, 300, 30}, {2, 1, 2}}};
}

// Standard deviations between a share of `many` draws and its chance.
double off(double share, double chance) {
    return std::abs(share - chance) / std::sqrt(std::max(chance * (1 - chance), 1.0 / many) / many);
}

double share_above(const std::vector<double>& all, double x) {
    return static_cast<double>(
               std::count_if(all.begin(), all.end(), [&](double one) { return one > x; })) /
           static_cast<double>(all.size());
}

const std::vector<double> at{1e-9, 0.5, 5,  12,  19.9, 25,  33,  41,
                             59.9, 61,  75, 110, 155,  200, 299, 900};

// What is drawn of each law lies above each x as often as the formula says.
template <class Draw, class Chance>
void follows(std::uint64_t seed, const Draw& draw, const Chance& chance) {
    for (const auto& law : laws()) {
        CAPTURE(law.law, law.cv, law.samples);
        const open_time_draws draws(law);
        const auto formula = calculator::law_of(law);
        random_bits random(seed);
        std::vector<double> found;
        for (int i = 0; i < many; ++i) found.push_back(draw(draws, random));
        for (const double x : at) {
            CAPTURE(x);
            CHECK(off(share_above(found, x), chance(formula, x)) < most_off);
        }
    }
}

}  // namespace

TEST_CASE("open times are drawn by their law") {
    follows(
        7, [](const auto& draws, auto& random) { return draws.whole(random); },
        [](const auto& formula, double x) { return formula.survival(x); });
}

TEST_CASE("a glance finds the residual law") {
    follows(
        8, [](const auto& draws, auto& random) { return draws.left(random); },
        [](const auto& formula, double x) { return formula.excess(x) / formula.mean(); });
}

TEST_CASE("a glance finds what is left of open times laid end to end") {
    for (const auto& law : laws()) {
        CAPTURE(law.law, law.cv, law.samples);
        const open_time_draws draws(law);
        const auto formula = calculator::law_of(law);
        random_bits random(9);
        std::vector<double> ends{0};
        for (int i = 0; i < many; ++i) ends.push_back(ends.back() + draws.whole(random));
        std::vector<double> looked, drawn;
        for (int i = 0; i < many; ++i) {
            const double moment = random.unit() * ends.back();
            looked.push_back(*std::upper_bound(ends.begin(), ends.end(), moment) - moment);
            drawn.push_back(draws.left(random));
        }
        for (const double x : at) {
            CAPTURE(x);
            const double share = share_above(drawn, x);
            // of what is left beyond x and of all, as far as the open times themselves spread
            const double times =
                2 * (formula.half_square(x) + share * share * formula.half_square(0));
            const double variance =
                times / (law.mean * law.mean) + std::max(2 * share * (1 - share), 1.0 / many);
            CHECK(std::abs(share_above(looked, x) - share) < most_off * std::sqrt(variance / many));
        }
    }
}

TEST_CASE("gaps by strips are exponential, up to the far tail and within each strip") {
    random_bits random(5);
    const auto& gaps = calculator::detail::exponential_gaps::shared();
    std::vector<double> found;
    for (int i = 0; i < 40 * many; ++i) found.push_back(gaps.draw(random));
    std::sort(found.begin(), found.end());
    const auto all = static_cast<double>(found.size());
    double sum = 0, squares = 0;
    for (const double x : found) {
        sum += x;
        squares += x * x;
    }
    CHECK(std::abs(sum / all - 1) * std::sqrt(all) < most_off);
    CHECK(std::abs(squares / all - 2) * std::sqrt(all / 20) < most_off);  // Var(X^2) = 20
    // Kolmogorov and Smirnov; beyond 2 once in 1,500 samples
    double most = 0;
    for (std::size_t i = 0; i < found.size(); ++i)
        most =
            std::max(most, std::abs(-std::expm1(-found[i]) - (static_cast<double>(i) + 0.5) / all));
    CHECK(most * std::sqrt(all) < 2);
    for (const double x : {7.6, 7.7, 9.0, 12.0, 14.0}) {
        CAPTURE(x);
        const double above =
            static_cast<double>(found.end() - std::lower_bound(found.begin(), found.end(), x));
        CHECK(std::abs(above - all * std::exp(-x)) < 5 * std::sqrt(all * std::exp(-x)) + 3);
    }
}
