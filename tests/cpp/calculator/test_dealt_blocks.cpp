// Blocks on demand against the sums over all states, and against the formulas for one scope.
#include <algorithm>
#include <cmath>
#include <natbound/calculator/dealt_blocks.hpp>
#include <natbound/calculator/limits_in_sequence.hpp>
#include <natbound/calculator/port_blocks.hpp>
#include <random>
#include <vector>

#include "catch.hpp"
#include "reference.hpp"

using namespace natbound::calculator;
using reference::relative_error;

namespace {

bool close(double log, double truth, double epsilon) {
    return truth < 1e-280 ? log < std::log(1e-270) : relative_error(std::exp(log), truth) < epsilon;
}

// Every subscriber by itself, every scope by itself: all states that fit, with their weights.
class all_states {
  public:
    explicit all_states(const block_dealing& what) : what_(what) {
        for (std::size_t k = 0; k < what.kinds.size(); ++k)
            for (std::uint64_t i = 0; i < what.kinds[k].count; ++i)
                for (std::size_t s = 0; s < what.kinds[k].scopes.size(); ++s)
                    for (double c = 0; c < what.kinds[k].scopes[s].copies; ++c)
                        places_.push_back({k, i, s, what.kinds[k].scopes[s].load});
        live_.resize(places_.size());
        quota_.resize(places_.size());
        pool_.resize(places_.size());
        visit(0, 1);
    }
    double by_quota(std::size_t k, std::size_t s) const { return of(quota_, k, s); }
    double by_pool(std::size_t k, std::size_t s) const { return of(pool_, k, s); }

  private:
    struct place {
        std::size_t kind;
        std::uint64_t who;
        std::size_t scope;
        double load;
    };

    double of(const std::vector<double>& sums, std::size_t k, std::size_t s) const {
        for (std::size_t i = 0; i < places_.size(); ++i)
            if (places_[i].kind == k && places_[i].scope == s) return sums[i] / all_;
        return -1;
    }

    std::uint64_t blocks(std::size_t of) const {
        std::uint64_t most = 0;
        for (std::size_t i = 0; i < places_.size(); ++i)
            if (places_[i].kind == places_[of].kind && places_[i].who == places_[of].who)
                most = std::max(most, live_[i]);
        return (most + what_.block - 1) / what_.block;
    }

    std::uint64_t held() const {
        std::uint64_t out = 0;
        for (std::size_t i = 0; i < places_.size(); ++i)
            if (i == 0 || places_[i].kind != places_[i - 1].kind ||
                places_[i].who != places_[i - 1].who)
                out += blocks(i);
        return out;
    }

    void visit(std::size_t i, double weight) {
        if (i == places_.size()) {
            if (held() > what_.pool) return;
            all_ += weight;
            for (std::size_t p = 0; p < places_.size(); ++p) {
                const auto before = blocks(p);
                ++live_[p];
                const auto after = blocks(p);
                if (after > what_.most)
                    quota_[p] += weight;
                else if (held() > what_.pool && after > before)
                    pool_[p] += weight;
                --live_[p];
            }
            return;
        }
        for (std::uint64_t n = 0; n <= what_.block * what_.most; ++n) {
            live_[i] = n;
            visit(i + 1, weight);
            weight *= places_[i].load / static_cast<double>(n + 1);
        }
        live_[i] = 0;
    }

    const block_dealing& what_;
    std::vector<place> places_;
    std::vector<std::uint64_t> live_;
    std::vector<double> quota_, pool_;
    double all_ = 0;
};

}  // namespace

TEST_CASE("all states of small systems") {
    std::mt19937_64 random(7);
    const auto below = [&](std::uint64_t n) { return random() % n; };
    for (int round = 0; round < 60; ++round) {
        block_dealing what;
        what.block = 1 + below(3);
        what.most = 1 + below(2);
        what.pool = 1 + below(4);
        std::size_t places = 0;
        for (std::uint64_t k = 1 + below(2); k > 0; --k) {
            block_subscribers who{1 + below(2), {}};
            for (std::uint64_t s = 1 + below(2); s > 0; --s)
                who.scopes.push_back({std::exp(static_cast<double>(below(60)) / 10 - 3),
                                      static_cast<double>(1 + below(2))});
            for (const auto& s : who.scopes)
                places += static_cast<std::size_t>(s.copies) * who.count;
            what.kinds.push_back(who);
        }
        if (places > 6) continue;
        const all_states truth(what);
        const auto found = dealt_blocks(what).refused;
        for (std::size_t k = 0; k < found.size(); ++k)
            for (std::size_t s = 0; s < found[k].size(); ++s) {
                CAPTURE(round, k, s);
                CHECK(close(found[k][s].by_quota, truth.by_quota(k, s), 1e-10));
                CHECK(close(found[k][s].by_pool, truth.by_pool(k, s), 1e-10));
            }
    }
}

TEST_CASE("one scope, two kinds: what limits_in_sequence counts") {
    for (const double load : {10.0, 90.0, 150.0, 400.0}) {
        limit_sequence two;
        two.classes = {{30, load, 256, 1}, {20, 10, 256, 1}};
        two.block = 64;
        two.pool = 75;
        const auto known = limits_in_sequence(two);
        const auto found = dealt_blocks({64, 4, 75, {{30, {{load, 1}}}, {20, {{10, 1}}}}}).refused;
        for (std::size_t k = 0; k < 2; ++k) {
            CAPTURE(load, k);
            CHECK(close(found[k][0].by_quota, known.classes[k].by_quota, 1e-9));
            CHECK(close(found[k][0].by_pool, known.classes[k].by_pool, 1e-9));
        }
    }
}

TEST_CASE("more subscribers than blocks: none of them gets a second") {
    // each wants one block all the time, and 126 of 200 have it
    const auto found = blocks_refused({512, 8, 126, 200, 40});
    CHECK(relative_error(found.refusal, 74.0 / 200) < 1e-9);
    CHECK(relative_error(found.mean_blocks, 126) < 1e-9);
}
