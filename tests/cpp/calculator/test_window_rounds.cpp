// The moments of runs against the sums that they stand for, run by run.
#include <cmath>
#include <random>
#include <vector>

#include "../../../calculator/src/window_rounds.hpp"
#include "catch.hpp"

using natbound::calculator::detail::window_rounds;

TEST_CASE("draws of several rounds that end in one run, and its mean length") {
    std::mt19937_64 random(41);
    std::uniform_real_distribution<double> unit(0, 1);
    const std::vector<std::vector<std::uint64_t>> all = {
        {8}, {128, 64, 32, 16, 8}, {64, 64, 64, 64}, {100, 50, 50, 20, 1, 1}, {9, 8}};
    for (const auto& windows : all)
        for (const double falls : {0.5, 0.9, 0.99}) {
            // runs of any lengths: what is busy so far on falls, convexly
            std::vector<double> runs(8 * windows[0] + 1);
            for (std::size_t k = 1; k < runs.size(); ++k)
                runs[k] = std::pow(falls, static_cast<double>(k)) * unit(random);
            std::vector<double> full(runs.size());
            double longer = 0, slope = 0;
            for (std::size_t k = runs.size(); k-- > 0;) {
                slope += runs[k];
                longer += slope;
                full[k] = longer;
            }
            const auto found = window_rounds(windows).among(full);
            for (std::size_t set = 1; set < std::size_t{1} << windows.size(); ++set) {
                double share = 0, length = 0;
                for (std::size_t k = 1; k < runs.size(); ++k) {
                    double starts = runs[k];
                    for (std::size_t i = 0; i < windows.size(); ++i)
                        if (set >> i & 1U)
                            starts *= std::max(
                                0.0, static_cast<double>(k + 1) - static_cast<double>(windows[i]));
                    share += starts;
                    length += starts * static_cast<double>(k);
                }
                CAPTURE(windows, falls, set);
                CHECK(found.shares[set] == Approx(share).epsilon(1e-11));
                CHECK(found.means[set] == Approx(length / share).epsilon(1e-11));
            }
        }
}
