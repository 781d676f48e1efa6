// Laws by their generating functions, and rows of exponentials, against plain sums.
#include <cmath>
#include <numbers>
#include <random>

#include "../../../calculator/src/exponentials.hpp"
#include "../../../calculator/src/lattice_laws.hpp"
#include "../../../calculator/src/loss_ratio.hpp"
#include "catch.hpp"
#include "reference.hpp"

#include <boost/math/special_functions/gamma.hpp>

using namespace natbound::calculator::detail;

TEST_CASE("jumps of many sizes, by power sums where they are small") {
    std::mt19937_64 random(8);
    std::uniform_real_distribution<double> unit(0, 1);
    for (int i = 0; i < 200; ++i) {
        const double about = std::pow(10, 2 + 5 * unit(random));
        std::vector<jumps::jump> all;
        for (const double size : {1.0, 2.0, 5.0, 13.0, 64.0, 300.0})
            if (unit(random) < 0.7 || size == 1) all.push_back({about * unit(random) / size, size});
        jumps law(all);
        long double variance = 0;
        for (const auto& j : all) variance += j.rate * j.size * j.size;
        const double deviation = std::sqrt(static_cast<double>(variance));
        const double theta = (8 * unit(random) - 4) / deviation;
        const double t = std::min(10 * unit(random) / deviation, std::numbers::pi);
        law.to(theta);
        long double value = 0, first = 0, second = 0, down = 0, turn = 0;
        for (const auto& j : all) {
            const long double size = j.size, x = theta * size, y = t * size;
            const long double up = std::expm1(x) - x, tilted = j.rate * std::exp(x);
            value += j.rate *
                     (std::abs(x) < 1e-4L ? x * x / 2 + x * x * x / 6 + x * x * x * x / 24 : up);
            first += tilted * size;
            second += tilted * size * size;
            down += 2 * tilted * std::sin(y / 2) * std::sin(y / 2);
            turn += tilted * (std::sin(y) - y);
        }
        const auto found = law.at(theta);
        double fall = 0, phase = 0;
        law.node(t, fall, phase);
        CAPTURE(i, theta, t, about);
        CHECK(found.value == Approx(static_cast<double>(value)).epsilon(1e-12));
        CHECK(found.first == Approx(static_cast<double>(first)).epsilon(1e-14));
        CHECK(found.second == Approx(static_cast<double>(second)).epsilon(1e-14));
        CHECK(fall == Approx(static_cast<double>(down)).epsilon(1e-13).margin(1e-14));
        CHECK(phase == Approx(static_cast<double>(turn)).epsilon(1e-11).margin(1e-11));
    }
}

TEST_CASE("where a law's hill has surely not begun again") {
    std::mt19937_64 random(5);
    std::uniform_real_distribution<double> unit(0, 1);
    const auto check = [&](auto& law) {
        int clear = 0;
        for (double t = 0.02; t < std::numbers::pi; t *= 1.3) {
            double fall = 0, phase = 0;
            law.node(t, fall, phase);
            const double end = std::min(law.clear(t), std::numbers::pi);
            if (fall <= lattice_last_bit || end <= t) continue;
            ++clear;
            for (int i = 0; i <= 200; ++i) {
                double there = 0;
                law.node(t + (end - t) * i / 200, there = 0, phase);
                CAPTURE(t, end, i);
                REQUIRE(there > lattice_last_bit);
            }
        }
        return clear;
    };
    int clear = 0;
    for (int i = 0; i < 20; ++i) {
        const double about = std::pow(10, 2 + 4 * unit(random));
        jumps sizes({{about, 3}, {about * unit(random), 8}, {about / 10, 50}});
        sizes.to(0.01);
        clear += check(sizes);
        batch_jumps batches(about, 7);
        batches.to(-0.02);
        clear += check(batches);
        negative_binomial geometric(about, 4);
        geometric.to(0.02);
        clear += check(geometric);
    }
    CHECK(clear > 200);
}

TEST_CASE("exponentials of a row") {
    std::vector<double> row, wanted;
    for (double x = -699.9; x < 699.9; x += 0.0917) {
        row.push_back(x);
        wanted.push_back(std::exp(x));
    }
    row.insert(row.end(), {0, -1e9, 1e9});
    wanted.insert(wanted.end(), {1, std::exp(-700.0), std::exp(700.0)});
    to_exponentials(row);
    for (std::size_t i = 0; i < row.size(); ++i) {
        CAPTURE(i, wanted[i]);
        REQUIRE(reference::relative_error(row[i], wanted[i]) < 1e-15);
    }
}

TEST_CASE("how likely a Poisson number is n or more, on both sides of its mean") {
    std::mt19937_64 random(6);
    std::uniform_real_distribution<double> unit(0, 1);
    for (int i = 0; i < 3000; ++i) {
        const double n = std::exp(unit(random) * std::log(1e6)), root = std::sqrt(n);
        const double mean = std::max(n / 100, n + (16 * unit(random) - 8) * root);
        const auto wanted = static_cast<double>(
            boost::math::gamma_p(static_cast<long double>(n), static_cast<long double>(mean)));
        CAPTURE(n, mean, wanted);
        CHECK(reference::relative_error(at_least(n, mean), wanted) < 5e-14);
    }
}
