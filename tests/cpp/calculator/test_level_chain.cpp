// Chains of equal levels, against elimination of all their states.
#include "../../../calculator/src/level_chain.hpp"

#include <cmath>
#include <random>

#include "catch.hpp"
#include "elimination.hpp"

using natbound::calculator::detail::level_chain;
using natbound::calculator::detail::stationary;

namespace {

struct sums {
    std::vector<double> top, all, level;
};

// The same, all states at once.
sums by_elimination(const level_chain& chain) {
    const int states = static_cast<int>(chain.states()), levels = (1 << chain.doublings) + 1;
    small_chain all(states * levels);
    for (int x = 0; x < levels; ++x)
        for (int n = 0; n < states; ++n) {
            const auto at = static_cast<std::size_t>(n);
            const int here = x * states + n;
            const bool top = x == levels - 1;
            if (!top) all.rate(here, here + states) = chain.up[at];
            if (x > 0) all.rate(here, here - states) = chain.down[at];
            if (n + 1 < states)
                all.rate(here, here + 1) = (top ? chain.more_at_top : chain.more)[at];
            if (n > 0) all.rate(here, here - 1) = (top ? chain.fewer_at_top : chain.fewer)[at];
        }
    const auto law = all.law();
    sums out{std::vector<double>(chain.states()), std::vector<double>(chain.states()),
             std::vector<double>(chain.states())};
    for (int x = 0; x < levels; ++x)
        for (int n = 0; n < states; ++n) {
            const auto at = static_cast<std::size_t>(n);
            const double here = law[static_cast<std::size_t>(x * states + n)];
            out.all[at] += here;
            out.level[at] += x * here;
            if (x == levels - 1) out.top[at] = here;
        }
    return out;
}

}  // namespace

TEST_CASE("levels between two walls, with the digits of what is rare") {
    std::mt19937_64 bits(7);
    std::uniform_real_distribution<double> log_rate(-6, 6);
    // levels that mostly fall, mostly rise, and do either
    for (const double drift : {-8.0, 8.0, 0.0})
        for (const int doublings : {0, 1, 3, 4})
            for (const std::size_t states : {1U, 2U, 5U}) {
                level_chain chain;
                chain.doublings = doublings;
                for (auto* rates : {&chain.up, &chain.down, &chain.more, &chain.fewer,
                                    &chain.more_at_top, &chain.fewer_at_top})
                    for (std::size_t i = 0; i < states; ++i)
                        rates->push_back(std::exp(log_rate(bits)));
                for (double& rate : chain.up) rate *= std::exp(drift);
                const auto want = by_elimination(chain);
                const auto found = stationary(chain);
                for (std::size_t i = 0; i < states; ++i) {
                    REQUIRE(found.top[i] / found.sum == Approx(want.top[i]).epsilon(1e-12));
                    REQUIRE(found.all[i] / found.sum == Approx(want.all[i]).epsilon(1e-12));
                    REQUIRE(found.level[i] / found.sum == Approx(want.level[i]).epsilon(1e-12));
                }
            }
}
