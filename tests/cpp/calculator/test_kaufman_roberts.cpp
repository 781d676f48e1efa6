// Kaufman and Roberts' recursion against published tables, against the product form summed state
// by state, and against Erlang's formula; reservation against the chain itself.
#include <cmath>
#include <limits>
#include <natbound/calculator/erlang.hpp>
#include <natbound/calculator/kaufman_roberts.hpp>
#include <natbound/model/error.hpp>
#include <string>

#include "catch.hpp"
#include "elimination.hpp"
#include "reference.hpp"

using namespace natbound::calculator;
using reference::relative_error;
using classes = std::vector<size_class>;

namespace {

void agrees(std::uint64_t ports, const classes& offered, const std::vector<double>& want,
            double error) {
    const auto got = kaufman_roberts(ports, offered);
    for (std::size_t k = 0; k < want.size(); ++k) {
        CAPTURE(ports, k);
        CHECK(relative_error(got.refusal[k], want[k]) <= error);
        CHECK(relative_error(got.log_refusal[k], std::log(want[k])) <= error * 10);
    }
}

// Two classes: the product form a^i/i! b^j/j! over all states that fit.
std::vector<double> product_form(int ports, const classes& offered) {
    double total = 0, refused[2] = {0, 0};
    double first = 1;
    const int b0 = static_cast<int>(offered[0].size), b1 = static_cast<int>(offered[1].size);
    for (int i = 0; i * b0 <= ports; ++i, first *= offered[0].load / i) {
        double weight = first;
        for (int j = 0; i * b0 + j * b1 <= ports; ++j, weight *= offered[1].load / j) {
            total += weight;
            const int left = ports - i * b0 - j * b1;
            if (left < b0) refused[0] += weight;
            if (left < b1) refused[1] += weight;
        }
    }
    return {refused[0] / total, refused[1] / total};
}

}  // namespace

TEST_CASE("published and recomputed tables of Kaufman-Roberts") {
    agrees(5, {{2, 1}, {1, 2}}, {.172185430464, .381898454746}, 1e-11);
    agrees(4, {{2, 1}, {1, 2}}, {.253333333333, .52}, 1e-11);
    agrees(10, {{1, 4}, {2, 3}, {3, 2}, {4, 1}},
           {.819482894266, .699570271338, .529007588752, .298356499868}, 1e-11);
    agrees(10, {{3, 1}, {1.5, 2}, {1, 3}}, {.1266412, .2646684, .4079468}, 5e-7);
    agrees(12, {{3, 1}, {1.5, 2}, {1, 3}}, {.0779775, .1702896, .2753651}, 1e-6);
    agrees(63, {{20, 1}, {5, 4}, {1, 16}}, {.0251490078599, .105197254688, .472924918298}, 1e-11);
    agrees(64512, {{20000, 1}, {300, 64}, {40, 512}},
           {4.54874543514e-5, 2.94743950636e-3, 2.57122037613e-2}, 1e-10);
}

TEST_CASE("reservation: the published table, said to be an approximation") {
    const classes reserved = {{2, 1, 1}, {1, 2, 0}};
    agrees(5, reserved, {.3253012, .3253012}, 3e-7);
    CHECK_FALSE(kaufman_roberts(5, reserved).exact);
    CHECK(kaufman_roberts(5, {{2, 1}, {1, 2}}).exact);
}

// The chain itself: states (first class live, second class live).
std::vector<double> with_reservation(int ports, const classes& offered) {
    const int b0 = static_cast<int>(offered[0].size), b1 = static_cast<int>(offered[1].size);
    const int rows = ports / b0 + 1, columns = ports / b1 + 1;
    small_chain chain(rows * columns);
    const auto admits = [&](int k, int i, int j) {
        const auto& c = offered[static_cast<std::size_t>(k)];
        return ports - i * b0 - j * b1 >= static_cast<int>(c.size + c.reserved);
    };
    for (int i = 0; i < rows; ++i) {
        for (int j = 0; j < columns; ++j) {
            const int at = i * columns + j;
            // States that do not fit, too, find their way down; nothing leads to them.
            if (i > 0) chain.rate(at, at - columns) = i;
            if (j > 0) chain.rate(at, at - 1) = j;
            if (admits(0, i, j)) chain.rate(at, at + columns) = offered[0].load;
            if (admits(1, i, j)) chain.rate(at, at + 1) = offered[1].load;
        }
    }
    const auto p = chain.law();
    std::vector<double> refused(2);
    for (int i = 0; i < rows; ++i)
        for (int j = 0; j < columns; ++j)
            for (int k = 0; k < 2; ++k)
                if (!admits(k, i, j))
                    refused[static_cast<std::size_t>(k)] +=
                        p[static_cast<std::size_t>(i * columns + j)];
    return refused;
}

TEST_CASE("reservation: within a tenth of the chain itself") {
    double worst = 0;
    for (const double share : {0.6, 0.9, 1.2}) {
        for (const auto& [size, reserved] : {std::pair{2, 1}, std::pair{4, 3}, std::pair{5, 8}}) {
            const double load = 30 * share / 2;
            const classes offered = {{load, 1, static_cast<std::uint64_t>(reserved)},
                                     {load / size, static_cast<std::uint64_t>(size), 0}};
            const auto want = with_reservation(30, offered);
            const auto got = kaufman_roberts(30, offered);
            for (std::size_t k = 0; k < 2; ++k) {
                CAPTURE(share, size, reserved, k, got.refusal[k], want[k]);
                const double off = got.refusal[k] / want[k] - 1;
                CHECK(std::abs(off) < 0.1);
                worst = std::max(worst, std::abs(off));
            }
        }
    }
    CAPTURE(worst);
    CHECK(worst > 1e-3);  // an approximation
}

TEST_CASE("the recursion is the product form") {
    for (const int ports : {0, 1, 2, 7, 40, 97}) {
        for (const auto& offered :
             {classes{{3, 1}, {0.5, 4}}, classes{{8, 2}, {2, 6}}, classes{{1e-3, 3}, {20, 5}}}) {
            const auto want = product_form(ports, offered);
            const auto got = kaufman_roberts(static_cast<std::uint64_t>(ports), offered);
            CAPTURE(ports);
            CHECK(got.refusal[0] == Approx(want[0]).epsilon(1e-12));
            CHECK(got.refusal[1] == Approx(want[1]).epsilon(1e-12));
        }
    }
}

TEST_CASE("one class is Erlang's, in deep tails and overload too") {
    for (const double share : {1e-3, 0.5, 0.95, 1.0, 1.2, 100.0}) {
        for (const std::uint64_t size : {1ULL, 7ULL}) {
            const std::uint64_t ports = 64512;
            const auto blocks = static_cast<double>(ports / size);
            const auto got = kaufman_roberts(ports, {{blocks * share, size}});
            CAPTURE(share, size);
            CHECK(relative_error(got.log_refusal[0], log_erlang_b(blocks, blocks * share)) < 1e-11);
            const double b = erlang_b(blocks, blocks * share);
            CHECK(got.refusal[0] == Approx(b).epsilon(1e-11));
            CHECK(got.mean == Approx(static_cast<double>(size) * blocks * share * (1 - b)));
        }
    }
}

TEST_CASE("classes of loads that differ by hundreds of powers of ten") {
    // With ports odd, only the rare class of size 1 can fill the last one.
    const auto got = kaufman_roberts(5, {{1e-250, 1}, {1, 2}, {0, 3}});
    CHECK(relative_error(got.log_refusal[1], std::log(0.5 / 2.5)) < 1e-12);
    CHECK(relative_error(got.log_refusal[0], std::log(1e-250 * 0.5 / 2.5)) < 1e-12);
    const auto deep = kaufman_roberts(4000000, {{1000, 1}, {1e-6, 512}});
    CHECK(deep.refusal[0] == 0);
    CHECK(deep.log_refusal[0] < -1e5);
    CHECK(std::isfinite(deep.log_refusal[0]));
    CHECK(deep.log_refusal[1] > deep.log_refusal[0]);
}

TEST_CASE("a connection larger than the pool is always refused, and what is wrong is named") {
    const auto got = kaufman_roberts(5, {{1, 6}, {1, 2}, {1, 4, 2}});
    CHECK(got.refusal[0] == 1);
    CHECK(got.log_refusal[0] == 0);
    CHECK(got.refusal[2] == 1);
    CHECK(kaufman_roberts(0, {{1, 1}}).refusal[0] == 1);
    CHECK(kaufman_roberts(3, {{0, 1}}).refusal[0] == 0);
    CHECK(kaufman_roberts(3, {{0, 1}}).log_refusal[0] == -std::numeric_limits<double>::infinity());
    CHECK_THROWS_AS(kaufman_roberts(5, {}), natbound::domain_error);
    CHECK_THROWS_AS(kaufman_roberts(5, {{1, 0}}), natbound::domain_error);
    CHECK_THROWS_AS(kaufman_roberts(1ULL << 40, {{1, 1}}), natbound::domain_error);
    try {
        kaufman_roberts(5, {{1, 1}, {-1, 1}});
        FAIL("accepted");
    } catch (const natbound::domain_error& wrong) {
        CHECK(std::string(wrong.what()) ==
              "kaufman_roberts: classes[1].load = -1: must be at least 0 and at most 1e12");
    }
}
