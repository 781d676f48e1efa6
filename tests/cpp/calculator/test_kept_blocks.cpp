// The blocks that one subscriber keeps, stepped, against the chain of all states.
#include "../../../calculator/src/kept_blocks.hpp"

#include <cmath>
#include <map>
#include <tuple>
#include <vector>

#include "../../../calculator/src/kept_laws.hpp"
#include "../../../calculator/src/remembered_blocks.hpp"
#include "catch.hpp"

using namespace natbound::calculator;

namespace {

// The number of flows in each block that is held, the oldest first; the chain of all such states,
// by iteration.
std::vector<double> by_all_states(std::uint32_t block, std::size_t most, std::uint32_t own,
                                  double load) {
    using state = std::vector<std::uint32_t>;  // own ports, then blocks
    std::map<state, double> now{{state{0}, 1}};
    const double fastest = load + own + block * static_cast<double>(most);
    for (int round = 0; round < 6000; ++round) {
        std::map<state, double> next;
        for (const auto& [s, p] : now) {
            double stays = 1;
            state more = s;
            std::size_t k = 0;
            while (k < more.size() && more[k] >= (k == 0 ? own : block)) ++k;
            if (k == more.size()) more.push_back(0);
            if (k <= most) {
                ++more[k];
                next[more] += p * load / fastest;
                stays -= load / fastest;
            }
            for (std::size_t i = 0; i < s.size(); ++i) {
                if (s[i] == 0) continue;
                state less = s;
                if (--less[i] == 0 && i > 0) less.erase(less.begin() + static_cast<long>(i));
                next[less] += p * s[i] / fastest;
                stays -= s[i] / fastest;
            }
            next[s] += p * stays;
        }
        now = std::move(next);
    }
    std::vector<double> out(most + 1, 0);
    for (const auto& [s, p] : now) out[s.size() - 1] += p;
    return out;
}

}  // namespace

TEST_CASE("blocks that one subscriber keeps, against all states") {
    struct row {
        std::uint32_t block;
        std::size_t most;
        std::uint32_t own;
        double load;
    };
    for (const auto& [block, most, own, load] :
         {row{2, 3, 0, 3}, row{4, 2, 0, 4.5}, row{3, 3, 2, 5}, row{1, 4, 0, 2},
          row{20, 2, 0, 25}}) {
        block_dealing what{block, most, 1000, {{1, {{load, 1}}}}, own};
        const auto truth = by_all_states(block, most, own, load);
        const auto seen = detail::blocks_kept(what, what.kinds[0], 4'000'000).held;
        for (std::size_t j = 0; j <= most; ++j) {
            INFO(block << " " << j);
            CHECK(seen[j] == Approx(truth[j]).margin(2e-3));
        }
    }
}

TEST_CASE("one scope by itself is stepped as beside another in which nothing arrives") {
    // by other steps: with blocks that are always held, without such, and with ports besides
    for (const auto& [block, most, own, load] :
         {std::tuple{2U, 3U, 0U, 4.0}, std::tuple{3U, 5U, 2U, 12.0}, std::tuple{16U, 4U, 0U, 45.0},
          std::tuple{8U, 5U, 60U, 75.0}}) {
        const block_dealing alone{block, most, 1000, {{1, {{load, 1}}}}, own};
        const block_dealing beside{block, most, 1000, {{1, {{load, 1}, {1e-300, 1}}}}, own};
        const auto one = detail::blocks_kept(alone, alone.kinds[0], 2'000'000);
        const auto two = detail::blocks_kept(beside, beside.kinds[0], 2'000'000);
        double mean_one = 0, mean_two = 0;
        for (std::size_t j = 0; j < one.held.size(); ++j) {
            mean_one += static_cast<double>(j) * one.held[j];
            mean_two += static_cast<double>(j) * two.held[j];
        }
        INFO(block << " " << load);
        CHECK(std::fabs(mean_one - mean_two) < 3.5 * std::hypot(one.error, two.error));
        CHECK(one.error == Approx(two.error).epsilon(0.6));
    }
}

TEST_CASE("what was stepped for one pool is not stepped again for another") {
    const block_dealing few{4, 3, 10, {{5, {{6, 1}}}}, 0}, many{4, 3, 99, {{7, {{6, 1}}}}, 0};
    const auto one = detail::remembered_blocks(few, few.kinds[0], 20'000);
    CHECK(detail::remembered_blocks(many, many.kinds[0], 20'000) == one);
    CHECK(one->held == detail::blocks_kept(few, few.kinds[0], 20'000).held);
    // anything that is stepped makes another
    block_dealing other = few;
    other.kinds[0].scopes[0].load = 6.5;
    CHECK(detail::remembered_blocks(other, other.kinds[0], 20'000) != one);
    other = few;
    other.own = 1;
    CHECK(detail::remembered_blocks(other, other.kinds[0], 20'000) != one);
    CHECK(detail::remembered_blocks(few, few.kinds[0], 20'001) != one);
    // one whose load was scaled up and down again is the same, whatever rounding left of it
    const auto held = [](double load) {
        detail::kept_laws laws;
        block_dealing what{4, 3, 10, {{5, {{load, 1}}}}, 0};
        what.stepped = 100'000;
        return laws.held(what, 0);
    };
    const double load = 6.1, rounded = load * 1.1 / 1.1 / 3 * 3;
    CHECK(held(std::nextafter(load, 7)).error == Approx(held(rounded).error).epsilon(1e-9));
}

TEST_CASE("laws of kept blocks between loads that were stepped, against all states") {
    detail::kept_laws laws;
    const auto at = [&](double load) {
        block_dealing what{2, 3, 1000, {{1, {{load, 1}}}}};
        what.stepped = 4'000'000;
        return laws.held(what, 0);
    };
    for (const double load : {0.3, 2.9, 3.1, 3.3, 3.6, 6.0}) {
        const auto truth = by_all_states(2, 3, 0, load);
        const auto found = at(load);
        for (std::size_t j = 0; j < truth.size(); ++j) {
            INFO(load << " " << j);
            CHECK(std::exp(found.held[j] - found.all) == Approx(truth[j]).margin(3e-3));
        }
        // and no noise between neighbours: a search for a load would go astray in it
        const auto next = at(load * (1 + 1e-9));
        for (std::size_t j = 0; j < truth.size(); ++j)
            CHECK(next.held[j] - next.all == Approx(found.held[j] - found.all).margin(1e-6));
        CHECK(found.error > 0);
        CHECK(found.error < 3e-3);
    }
}

TEST_CASE("where no other number of blocks would be seen none is stepped") {
    detail::kept_laws laws;
    for (const auto& [own, load] : {std::pair{0, 5.0}, {60, 5.0}, {0, 350.0}}) {
        block_dealing what{64, 4, 1000, {{1, {{load, 1}}}}, static_cast<std::uint64_t>(own)};
        what.stepped = 1'000'000;
        const auto found = laws.held(what, 0);
        const auto needed = detail::needed_by_one(what, what.kinds[0]);
        const auto seen = detail::blocks_kept(what, what.kinds[0], what.stepped).held;
        CHECK(found.error == 0);
        for (std::size_t j = 0; j < seen.size(); ++j) {
            INFO(own << " " << load << " " << j);
            CHECK(found.held[j] == Approx(needed.held[j] - needed.all).margin(1e-12));
            CHECK(std::exp(found.held[j]) == Approx(seen[j]).margin(2e-3));
        }
    }
}

TEST_CASE("mappings that connections to several destinations share keep blocks as ports do") {
    // so many sockets that two connections hardly ever meet: as many mappings as connections
    block_dealing apart{8, 4, 1000, {{1, {{10, 1}}}}, 0};
    block_dealing shared{8, 4, 1000, {{1, {{10, 1, 60000, true, {{5, 2}}}}}}, 0};
    const auto a = detail::blocks_kept(apart, apart.kinds[0], 2'000'000).held;
    const auto b = detail::blocks_kept(shared, shared.kinds[0], 2'000'000).held;
    for (std::size_t j = 0; j < a.size(); ++j) CHECK(a[j] == Approx(b[j]).margin(4e-3));
    // one socket for all of them: one port, one block
    block_dealing one{8, 4, 1000, {{1, {{10, 1, 1, true, {{5, 2}}}}}}, 0};
    const auto c = detail::blocks_kept(one, one.kinds[0], 200'000).held;
    CHECK(c[0] + c[1] == Approx(1));
    CHECK(detail::can_step(one, one.kinds[0]));
    one.kinds[0].quota = 3;
    CHECK(!detail::can_step(one, one.kinds[0]));
}
