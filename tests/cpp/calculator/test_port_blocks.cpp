// Port blocks against the whole chain of two or three subscribers, solved with nothing assumed of
// its form, and against Erlang's formula where there is one limit.
#include <cmath>
#include <cstdint>
#include <map>
#include <natbound/calculator/erlang.hpp>
#include <natbound/calculator/port_blocks.hpp>
#include <natbound/model/error.hpp>
#include <vector>

#include "catch.hpp"
#include "reference.hpp"

using namespace natbound::calculator;
using reference::relative_error;

namespace {

using state = std::vector<unsigned>;

struct brute {
    double quota = 0, pool = 0, exhausted = 0, blocks = 0;
};

// The stationary law by Gauss-Seidel's iteration over all states, from the rates alone.
brute by_chain(const block_pool& x) {
    const auto blocks = [&](const state& s) {
        std::uint64_t total = 0;
        for (unsigned n : s) total += (n + x.block - 1) / x.block;
        return total;
    };
    std::map<state, double> p;
    std::vector<state> open{state(x.subscribers, 0)};
    p[open[0]] = 1;
    // 0: admitted, 1: quota, 2: pool
    const auto fate = [&](const state& s, std::size_t i) {
        if (s[i] == x.block * x.most) return 1;
        return s[i] % x.block == 0 && blocks(s) == x.pool ? 2 : 0;
    };
    while (!open.empty()) {
        const state s = open.back();
        open.pop_back();
        for (std::size_t i = 0; i < s.size(); ++i) {
            if (fate(s, i) != 0) continue;
            state next = s;
            ++next[i];
            if (p.emplace(next, 1).second) open.push_back(next);
        }
    }
    for (int round = 0; round < 4000; ++round) {
        double total = 0, change = 0;
        for (auto& [s, chance] : p) {
            double in = 0, out = 0;
            for (std::size_t i = 0; i < s.size(); ++i) {
                if (fate(s, i) == 0) {
                    out += x.load;
                    state above = s;
                    ++above[i];
                    in += p.at(above) * above[i];
                }
                out += s[i];
                if (s[i] > 0) {
                    state below = s;
                    --below[i];
                    const auto from = p.find(below);
                    if (from != p.end() && fate(below, i) == 0) in += from->second * x.load;
                }
            }
            change = std::max(change, std::abs(in / out - chance));
            chance = in / out;
            total += chance;
        }
        for (auto& [s, chance] : p) chance /= total;
        if (change < 1e-17) break;
    }
    brute out;
    for (const auto& [s, chance] : p) {
        out.exhausted += blocks(s) == x.pool ? chance : 0;
        out.blocks += static_cast<double>(blocks(s)) * chance;
        const int end = fate(s, 0);
        if (end == 1) out.quota += chance;
        if (end == 2) out.pool += chance;
    }
    return out;
}

}  // namespace

TEST_CASE("blocks of two and three subscribers against their whole chain") {
    const block_pool cases[] = {{2, 2, 3, 2, 1.5}, {3, 2, 2, 2, 2.0}, {1, 4, 5, 2, 2.0},
                                {2, 3, 4, 3, 1.0}, {4, 1, 2, 3, 2.5}, {2, 5, 3, 2, 0.7},
                                {5, 2, 4, 2, 6.0}, {2, 2, 10, 3, 2.0}};
    for (const auto& x : cases) {
        CAPTURE(x.block, x.most, x.pool, x.subscribers, x.load);
        const auto want = by_chain(x);
        const auto got = blocks_refused(x);
        CHECK(std::abs(got.by_quota - want.quota) < 1e-11);
        CHECK(std::abs(got.by_pool - want.pool) < 1e-11);
        CHECK(std::abs(got.pool_exhausted - want.exhausted) < 1e-11);
        CHECK(std::abs(got.mean_blocks - want.blocks) < 1e-10);
        CHECK(got.refusal == got.by_quota + got.by_pool);
    }
}

TEST_CASE("where one limit alone can bind, Erlang's formula") {
    // The pool is never short.
    const auto quota = blocks_refused({64, 2, 20, 10, 100});
    CHECK(relative_error(quota.by_quota, erlang_b(128, 100)) < 1e-13);
    CHECK(quota.by_pool == 0);
    // Blocks of one port and no quota below the pool: the address is one Erlang system.
    const auto pool = blocks_refused({1, 100, 100, 9, 10});
    CHECK(relative_error(pool.refusal, erlang_b(100, 90)) < 1e-12);
    CHECK(relative_error(pool.pool_exhausted, erlang_b(100, 90)) < 1e-12);
    CHECK(relative_error(blocks_refused({64, 2, 20, 10, 1}).refusal, erlang_b(128, 1)) < 1e-12);
}

TEST_CASE("Poisson tails and blocks for a target") {
    const struct {
        double ports, load, tail;
    } published[] = {{64, 40, 1.72634917e-4},   {256, 200, 6.21351079e-5},
                     {512, 400, 3.40472817e-8}, {1024, 900, 2.40284332e-5},
                     {400, 300, 1.63944298e-8}, {1000, 700, 7.0877e-27}};
    for (const auto& x : published) {
        CHECK(relative_error(poisson_tail(x.ports, x.load), x.tail) <
              (x.ports == 1000 ? 1e-4 : 1e-8));
    }
    CHECK(poisson_tail(0, 0) == 0);
    CHECK(relative_error(poisson_tail(0, 0.5), -std::expm1(-0.5)) < 1e-15);
    const auto blocks = blocks_for(64, 100, 1e-6);
    CHECK(blocks == 3);
    CHECK(erlang_b(64 * 3, 100) <= 1e-6);
    CHECK(erlang_b(64 * 2, 100) > 1e-6);
}

TEST_CASE("subscribers that share an address") {
    block_pool x{128, 8, 504, 0, 150};  // 64,512 ports in blocks of 128
    const auto most = subscribers_for(x, 1e-6);
    x.subscribers = most;
    CHECK(blocks_refused(x).refusal <= 1e-6);
    x.subscribers = most + 1;
    CHECK(blocks_refused(x).refusal > 1e-6);
    CHECK(most > 504 / 8);
    CHECK(most < 504);
    x.load = 1024;
    CHECK(subscribers_for(x, 1e-6) == 0);
}

TEST_CASE("bad arguments of port blocks") {
    CHECK_THROWS_AS(blocks_refused({0, 1, 1, 1, 1}), natbound::domain_error);
    CHECK_THROWS_AS(blocks_refused({1, 0, 1, 1, 1}), natbound::domain_error);
    CHECK_THROWS_AS(blocks_refused({1, 1, 0, 1, 1}), natbound::domain_error);
    CHECK_THROWS_AS(blocks_refused({1, 1, 1, 0, 1}), natbound::domain_error);
    CHECK_THROWS_AS(blocks_refused({1, 1, 1, 1, std::nan("")}), natbound::domain_error);
    CHECK_THROWS_AS(blocks_refused({65536, 65, 1, 1, 1}), natbound::domain_error);
    CHECK_THROWS_AS(subscribers_for({1, 1, 1, 1, 1}, 0), natbound::domain_error);
    CHECK_THROWS_AS(poisson_tail(-1, 1), natbound::domain_error);
    CHECK_THROWS_AS(poisson_tail(1, std::nan("")), natbound::domain_error);
    CHECK_THROWS_AS(blocks_for(0, 1, 0.5), natbound::domain_error);
}
