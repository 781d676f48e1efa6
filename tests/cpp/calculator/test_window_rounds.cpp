// The moments of runs against the sums that they stand for, run by run.
#include <cmath>
#include <random>
#include <vector>

#include "../../../calculator/src/window_rounds.hpp"
#include "catch.hpp"

using natbound::calculator::detail::window_rounds;

namespace {

// The chance that all rounds find busy ports only, where each port is busy with chance u by itself:
// u to the number of ports that their windows cover together, averaged over all starts.
double all_busy(std::size_t ports, double u, const std::vector<std::uint64_t>& windows) {
    std::vector<int> covered(ports);
    const auto average = [&](const auto& self, std::size_t round, int ports_covered) -> double {
        if (round == windows.size()) return std::pow(u, ports_covered);
        double sum = 0;
        const std::size_t starts = round == 0 ? 1 : ports;  // round the ring all are alike
        for (std::size_t start = 0; start < starts; ++start) {
            int fresh = 0;
            for (std::size_t i = 0; i < windows[round]; ++i)
                fresh += covered[(start + i) % ports]++ == 0;
            sum += self(self, round + 1, ports_covered + fresh);
            for (std::size_t i = 0; i < windows[round]; ++i) --covered[(start + i) % ports];
        }
        return sum / static_cast<double>(starts);
    };
    return average(average, 0, 0);
}

}  // namespace

TEST_CASE("rounds that fail together where ports are busy independently") {
    for (const auto& windows : std::vector<std::vector<std::uint64_t>>{
             {8, 4, 2}, {8, 8, 8}, {8, 1, 1}, {16, 8}, {12, 3, 1}})
        for (const double u : {0.6, 0.8, 0.9}) {
            std::vector<double> full(1000);
            for (std::size_t k = 0; k < full.size(); ++k)
                full[k] = std::pow(u, static_cast<double>(k));
            const std::size_t ports = 400;
            const window_rounds rounds(windows);
            // a chance crowd makes rounds fail as if each looked at one port: as next to nothing
            const double none = 1;
            const double found =
                rounds.failing(static_cast<double>(ports), rounds.among({full, u / (1 - u), none}))
                    .share;
            CAPTURE(windows, u);
            CHECK(found == Approx(all_busy(ports, u, windows)).epsilon(0.02));
        }
}

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
            const auto found = window_rounds(windows).among({full, 0, 0});
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

TEST_CASE("runs longer than any that is given go on geometrically") {
    for (const double falls : {0.3, 0.9, 0.97}) {
        const std::size_t given = 33;
        std::vector<double> full(4000);
        for (std::size_t k = 0; k < full.size(); ++k)
            full[k] = k < given ? 1 / (1 + static_cast<double>(k)) : full[k - 1] * falls;
        const window_rounds rounds({16, 9, 2});
        const auto all = rounds.among({full, 0, 0});
        full.resize(given);
        const auto found = rounds.among({full, 0, 0, falls});
        for (std::size_t set = 1; set < 8; ++set) {
            CAPTURE(falls, set);
            CHECK(found.shares[set] == Approx(all.shares[set]).epsilon(1e-11));
            CHECK(found.means[set] == Approx(all.means[set]).epsilon(1e-11));
        }
    }
}
