// First passages against a 50-digit table, published values, and a plain linear solve.
#include <cmath>
#include <cstdint>
#include <limits>
#include <natbound/calculator/erlang.hpp>
#include <natbound/calculator/first_passage.hpp>
#include <natbound/model/error.hpp>
#include <random>
#include <utility>
#include <vector>

#include "catch.hpp"
#include "reference.hpp"

using namespace natbound::calculator;
using reference::relative_error;

namespace {

// Gauss's elimination with pivots: nothing in common with the recursion under test.
std::vector<double> solve(std::vector<std::vector<double>> m) {
    const std::size_t size = m.size();
    for (std::size_t k = 0; k < size; ++k) {
        std::size_t best = k;
        for (std::size_t i = k; i < size; ++i) {
            if (std::abs(m[i][k]) > std::abs(m[best][k])) best = i;
        }
        std::swap(m[k], m[best]);
        for (std::size_t i = 0; i < size; ++i) {
            if (i == k) continue;
            const double by = m[i][k] / m[k][k];
            for (std::size_t j = k; j <= size; ++j) m[i][j] -= by * m[k][j];
        }
    }
    std::vector<double> x(size);
    for (std::size_t k = 0; k < size; ++k) x[k] = m[k][size] / m[k][k];
    return x;
}

// Mean time from 0 to the first refusal (or, without it, to `ports`).
double by_equations(std::uint64_t ports, double load, const std::vector<double>& r, bool refused) {
    const std::size_t states = static_cast<std::size_t>(ports) + (refused ? 1 : 0);
    std::vector<std::vector<double>> m(states, std::vector<double>(states + 1));
    for (std::size_t n = 0; n < states; ++n) {
        const double q = n < ports ? r[n] : 1, deaths = static_cast<double>(n);
        const double birth = load * (1 - q);
        m[n][n] = (refused ? load : birth) + deaths;
        if (n > 0) m[n][n - 1] = -deaths;
        if (n + 1 < states) m[n][n + 1] -= birth;
        m[n][states] = 1;
    }
    return solve(m)[0];
}

}  // namespace

TEST_CASE("mean first passages of Erlang's system agree with the table") {
    int compared = 0;
    for (const auto& row : reference::table("first_passage.csv")) {
        const auto ports = static_cast<std::uint64_t>(row.number("ports"));
        const double load = row.number("load");
        CAPTURE(ports, load);
        const auto full = time_to_full(ports, load), refused = time_to_first_refusal(ports, load);
        const double log_full = row.number("log_full");
        const double log_refused = row.number("log_first_refusal");
        CHECK(std::abs(full.log_mean - log_full) <= 1e-12 * std::max(1.0, std::abs(log_full)));
        CHECK(std::abs(refused.log_mean - log_refused) <=
              1e-12 * std::max(1.0, std::abs(log_refused)));
        if (log_refused < 700) CHECK(relative_error(refused.mean, std::exp(log_refused)) < 1e-12);
        if (log_refused > 710) CHECK(refused.mean == std::numeric_limits<double>::infinity());
        ++compared;
    }
    CHECK(compared >= 40);
}

TEST_CASE("published first passages") {
    CHECK(relative_error(time_to_full(1, 1).mean, 1) < 1e-15);
    CHECK(relative_error(time_to_first_refusal(2, 1).mean, 8) < 1e-15);
    CHECK(relative_error(time_to_full(28232, 27000).mean, 3.69405060107e11) < 1e-11);
    CHECK(relative_error(time_to_first_refusal(28232, 27000).mean, 3.85948979617e11) < 1e-11);
    CHECK(relative_error(time_to_full(64512, 64000).mean, 17.0120766914) < 1e-11);
    CHECK(time_to_full(64512, 1000).log_mean > 205295);
}

TEST_CASE("with a refusal in each state, against the chain's linear equations") {
    std::mt19937_64 random(3);
    std::uniform_real_distribution<double> unit(0, 1);
    for (int i = 0; i < 300; ++i) {
        const std::uint64_t ports = 1 + random() % 7;
        const double load = 2 + 15 * unit(random);  // or the equations are ill-conditioned
        std::vector<double> r(ports);
        for (auto& x : r) x = i % 3 == 0 ? unit(random) : unit(random) * unit(random) * 0.05;
        const auto law = [&](std::uint64_t n) { return r[n]; };
        CAPTURE(ports, load);
        CHECK(relative_error(time_to_full(ports, load, law).mean,
                             by_equations(ports, load, r, false)) < 1e-8);
        CHECK(relative_error(time_to_first_refusal(ports, load, law).mean,
                             by_equations(ports, load, r, true)) < 1e-8);
    }
}

TEST_CASE("edges and bad arguments of first passages") {
    const auto blocked = [](std::uint64_t n) { return n == 2 ? 1.0 : 0.0; };
    CHECK(time_to_full(0, 4).mean == 0);
    CHECK(time_to_first_refusal(0, 4).mean == 0.25);
    CHECK(time_to_full(5, 1, blocked).mean == std::numeric_limits<double>::infinity());
    CHECK(relative_error(time_to_first_refusal(5, 1, blocked).mean,
                         time_to_first_refusal(2, 1).mean) < 1e-15);
    for (double bad : {0.0, -1.0, std::nan(""), std::numeric_limits<double>::infinity()}) {
        CHECK_THROWS_AS(time_to_full(3, bad), natbound::domain_error);
        CHECK_THROWS_AS(time_to_first_refusal(3, bad), natbound::domain_error);
    }
    CHECK_THROWS_AS(time_to_full(3, 1, [](std::uint64_t) { return -0.5; }), natbound::domain_error);
}
