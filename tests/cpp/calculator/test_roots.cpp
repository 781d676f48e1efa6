// Searches that ask little: what they give is right, and how often they ask.
#include <cmath>
#include <random>

#include "../../../calculator/src/monotone.hpp"
#include "catch.hpp"

using natbound::calculator::detail::falling_root_near;
using natbound::calculator::detail::least_near;

TEST_CASE("the least near a guess is the least of all, whatever the guess and the slope") {
    std::mt19937_64 random(3);
    std::uniform_real_distribution<double> unit(0, 1);
    for (int i = 0; i < 2000; ++i) {
        const auto many = static_cast<std::uint64_t>(2 + 1e6 * std::pow(unit(random), 4));
        const double root = unit(random) * static_cast<double>(many), steep = 1e-3 + unit(random);
        const auto above = [&](std::uint64_t n) {
            const double x = root - static_cast<double>(n);
            return steep * (x + x * std::abs(x) * 1e-6);
        };
        const double guess = i % 2 ? root + unit(random) * 4 - 2 : unit(random) * 2e6 - 5e5;
        const double slope = steep * (i % 3 ? 1 : 1 + 20 * unit(random));
        const auto wanted = static_cast<std::uint64_t>(std::max(1.0, std::ceil(root)));
        CAPTURE(i, many, root, guess, slope);
        CHECK(least_near(1, many, guess, slope, above) == std::min(wanted, many));
    }
    int asked = 0;
    CHECK(least_near(1, 1000000, 777.1, 0.5, [&](std::uint64_t n) {
              ++asked;
              return 0.5 * (777.3 - static_cast<double>(n));
          }) == 778);
    CHECK(asked == 2);
    CHECK(least_near(1, 9, 5, 1, [](std::uint64_t) { return 1.0; }) == 9);  // none: the last
}

TEST_CASE("a root by secants is right to what was asked for, and its last step is not asked") {
    for (const double root : {0.01, 0.03, -0.05})
        for (const double bend : {0.0, 0.3, -2.0}) {
            int asked = 0;
            const auto f = [&](double x) {
                ++asked;
                const double off = root - x;
                return 3 * (off + bend * off * off);
            };
            const auto found = falling_root_near(0, -3.1, f, 1e-12);
            CAPTURE(root, bend, asked);
            REQUIRE(found);
            CHECK(std::abs(f(*found)) < 1e-12);
            CHECK(asked <= 6);
        }
    CHECK(!falling_root_near(
        0, -1, [](double) { return 5.0; }, 1e-12));
}
