// Port blocks on demand under paired pooling: the product form against the chain of all states,
// solved by elimination, with and without another address that is tried; and against blocks without
// pairing, and pairing without blocks.
#include <algorithm>
#include <cmath>
#include <natbound/calculator/dealt_blocks.hpp>
#include <natbound/calculator/paired_pool.hpp>
#include <natbound/model/error.hpp>
#include <vector>

#include "catch.hpp"
#include "elimination.hpp"
#include "reference.hpp"

using namespace natbound::calculator;
using reference::relative_error;

namespace {

struct refusals {
    double by_quota = 0, by_pool = 0;
};

// Subscribers that are alike, each with its address (-1: idle) and its flows, as many blocks as
// these need.
struct small_nat {
    int clients = 3, addresses = 2, pool = 2, block = 1, most = 2;
    double load = 1;
    bool fallback = false;

    using state = std::vector<int>;  // by client: address, flows

    int held(const state& s, int address) const {
        int out = 0;
        for (std::size_t c = 0; c < s.size(); c += 2)
            if (s[c] == address) out += (s[c + 1] + block - 1) / block;
        return out;
    }
    // The addresses that a connection may be opened on, none with less chance than another; none:
    // refused.
    std::vector<int> drawn(const state& s, std::size_t c) const {
        if (s[c] >= 0) return {s[c]};
        std::vector<int> out, room;
        for (int a = 0; a < addresses; ++a) {
            out.push_back(a);
            if (held(s, a) < pool) room.push_back(a);
        }
        return fallback && !room.empty() ? room : out;
    }
    bool at_quota(const state& s, std::size_t c) const { return s[c + 1] == most * block; }
    bool no_block(const state& s, std::size_t c, int address) const {
        return s[c + 1] % block == 0 && held(s, address) == pool;
    }

    template <class Visit>
    void moves(const state& s, Visit&& visit) const {
        for (std::size_t c = 0; c < s.size(); c += 2) {
            const auto may = drawn(s, c);
            for (const int a : may) {
                if (at_quota(s, c) || no_block(s, c, a)) continue;
                state to = s;
                to[c] = a;
                ++to[c + 1];
                visit(to, load / static_cast<double>(may.size()));
            }
            if (s[c + 1] == 0) continue;
            state to = s;
            if (--to[c + 1] == 0) to[c] = -1;
            visit(to, s[c + 1]);
        }
    }

    refusals truth() const {
        state empty;
        for (int c = 0; c < clients; ++c) empty.insert(empty.end(), {-1, 0});
        refusals out;
        for (const auto& [now, share] :
             law_of_states(empty, [this](const state&s, auto&&visit) { moves(s, visit); })) {
            const auto may = drawn(now, 0);
            if (at_quota(now, 0))
                out.by_quota += share;
            else
                for (const int a : may)
                    if (no_block(now, 0, a)) out.by_pool += share / static_cast<double>(may.size());
        }
        return out;
    }

    refusals formula() const {
        block_dealing what;
        what.block = static_cast<std::uint64_t>(block);
        what.most = static_cast<std::uint64_t>(most);
        what.pool = static_cast<std::uint64_t>(pool);
        what.addresses = static_cast<std::uint64_t>(addresses);
        what.fallback = fallback;
        what.kinds = {{static_cast<std::uint64_t>(clients), {{load, 1}}}};
        const auto found = dealt_blocks(what).refused[0][0];
        return {std::exp(found.by_quota), std::exp(found.by_pool)};
    }
};

// 0 is 0.
double off(double found, double wanted) {
    return wanted == 0 ? found : relative_error(found, wanted);
}

}  // namespace

TEST_CASE("paired port blocks: all states of small systems") {
    int seen = 0;
    for (const double load : {1e-3, 0.3, 1.0, 5.0})
        for (const auto& [clients, addresses] :
             std::vector<std::pair<int, int>>{{2, 2}, {3, 2}, {2, 3}, {3, 3}, {4, 2}})
            for (const int pool : {1, 2, 3})
                for (const auto& [block, most] :
                     std::vector<std::pair<int, int>>{{1, 1}, {1, 2}, {1, 3}, {2, 1}, {2, 2}}) {
                    const small_nat x{clients, addresses, pool, block, most, load};
                    double states = 1;
                    for (int c = 0; c < clients; ++c) states *= 1 + addresses * block * most;
                    if (states > 500) continue;
                    CAPTURE(clients, addresses, pool, block, most, load);
                    const auto truth = x.truth(), found = x.formula();
                    CHECK(off(found.by_quota, truth.by_quota) < 1e-11);
                    CHECK(off(found.by_pool, truth.by_pool) < 1e-10);
                    seen += truth.by_pool > 0;
                }
    CHECK(seen > 100);
}

// Which address is tried instead is not in the product form: right to a factor of two where few are
// refused.
TEST_CASE("paired port blocks that go on to another address") {
    int seen = 0;
    for (const double load : {0.02, 0.1, 0.3, 1.0})
        for (const auto& [clients, addresses] :
             std::vector<std::pair<int, int>>{{3, 2}, {4, 2}, {5, 2}, {3, 3}, {4, 3}})
            for (const int pool : {2, 3})
                for (const int most : {2, 3}) {
                    small_nat x{clients, addresses, pool, 1, most, load, true};
                    double states = 1;
                    for (int c = 0; c < clients; ++c) states *= 1 + addresses * most;
                    if (states > 800) continue;
                    const auto truth = x.truth(), found = x.formula();
                    if (truth.by_pool > 0.1 || truth.by_pool == 0) continue;
                    CAPTURE(clients, addresses, pool, most, load, truth.by_pool, found.by_pool);
                    CHECK(found.by_pool < 2 * truth.by_pool);
                    CHECK(found.by_pool > truth.by_pool / 2);
                    ++seen;
                }
    CHECK(seen > 20);
}

TEST_CASE("paired port blocks: what they come to without blocks, without pairing, and at scale") {
    block_dealing what;
    what.block = 1;
    what.most = 64;
    what.pool = 64;
    what.addresses = 5;
    what.kinds = {{40, {{4.0, 1}}}};
    // blocks of one port, as many as there are: pairing alone
    const auto found = dealt_blocks(what).refused[0][0];
    const double both = std::exp(found.by_pool) + std::exp(found.by_quota);
    CHECK(relative_error(both, paired_refusal(64, 4.0, 40, 5)) < 1e-10);
    // enough on each address for whoever may come
    what.most = 1;
    const auto plenty = dealt_blocks(what).refused[0][0];
    CHECK(plenty.by_pool == -std::numeric_limits<double>::infinity());
    what.addresses = 1;
    CHECK(relative_error(plenty.by_quota, dealt_blocks(what).refused[0][0].by_quota) < 1e-13);
    // a carrier's: a million subscribers, 1,000 addresses of 126 blocks of 512 ports
    what = {512, 4, 126, {{1'000'000, {{2.0, 1}}}}, 0, 0, 1000, false};
    const auto large = dealt_blocks(what).refused[0][0];
    CHECK(std::exp(large.by_pool) > 0.8);  // 865 of 1,000 on an address are active
    what.kinds[0].scopes[0].load = 0.08;
    const auto light = dealt_blocks(what);
    CHECK(light.refused[0][0].by_pool < std::log(0.01));
    CHECK(light.refused[0][0].by_pool > std::log(1e-9));
    CHECK(relative_error(light.mean_blocks, 1e6 * -std::expm1(-0.08)) < 1e-3);
    what.kinds.push_back(what.kinds[0]);
    CHECK_THROWS_AS(dealt_blocks(what), natbound::domain_error);
}
