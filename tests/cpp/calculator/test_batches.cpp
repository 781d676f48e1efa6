// Batches against recomputed tables, against the chain solved by elimination, and in their limits.
#include <cmath>
#include <limits>
#include <natbound/calculator/batches.hpp>
#include <natbound/calculator/erlang.hpp>
#include <natbound/calculator/hayward.hpp>
#include <natbound/model/error.hpp>
#include <vector>

#include "catch.hpp"
#include "elimination.hpp"
#include "reference.hpp"

using namespace natbound::calculator;
using reference::relative_error;

namespace {

struct expected {
    double refusal, batch_refusal, mean;
};

// The chain's generator written out, its law by Gauss's elimination without subtractions, and the
// losses by their definition.
expected by_elimination(int ports, double load, double mean, batch_law law, batch_loss loss) {
    const auto size = [&](int k) {
        if (law == batch_law::fixed) return k == mean ? 1.0 : 0.0;
        return std::pow(1 - 1 / mean, k - 1) / mean;
    };
    const int most = law == batch_law::fixed ? static_cast<int>(mean) : 4000;
    small_chain chain(ports + 1);
    for (int n = 0; n <= ports; ++n) {
        if (n > 0) chain.rate(n, n - 1) = n;
        for (int k = 1; k <= most; ++k) {
            const int to = n + k <= ports ? n + k : loss == batch_loss::partial ? ports : n;
            if (to != n) chain.rate(n, to) += load / mean * size(k);
        }
    }
    const auto p = chain.law();
    expected out{};
    for (int n = 0; n <= ports; ++n) {
        const double share = p[static_cast<std::size_t>(n)];
        out.mean += share * n;
        for (int k = 1; k <= most; ++k) {
            const int over = n + k - ports;
            if (over <= 0) continue;
            out.batch_refusal += share * size(k);
            out.refusal += share * size(k) * (loss == batch_loss::whole ? k : over) / mean;
        }
    }
    return out;
}

}  // namespace

TEST_CASE("the recomputed table of fixed batches, and how far Hayward is from it") {
    CHECK(relative_error(batches(1024, 900, 5).refusal, .001532328532) < 1e-9);
    CHECK(relative_error(batches(64512, 60000, 10).refusal, 3.91122602e-16) < 1e-8);
    CHECK(relative_error(batches(64512, 60000, 100).refusal, 4.497574061e-4) < 1e-9);
    CHECK(relative_error(batches(64, 50, 3).refusal, .03361877238) < 1e-9);
    CHECK(relative_error(hayward(1024, 900, batch_peakedness(5)), 1.42771474852e-3) < 1e-11);
    CHECK(relative_error(hayward(64512, 60000, batch_peakedness(10)), 3.1179918892e-16) < 1e-10);
    CHECK(relative_error(hayward(64512, 60000, batch_peakedness(100)), 4.22800069478e-4) < 1e-11);
    CHECK(relative_error(hayward(64, 50, batch_peakedness(3)), .0308137113107) < 1e-11);
}

TEST_CASE("the chain solved by elimination") {
    for (const batch_law law : {batch_law::fixed, batch_law::geometric}) {
        for (const batch_loss loss : {batch_loss::partial, batch_loss::whole}) {
            for (const double mean : {1.0, 2.0, 3.0, 7.0, 30.0}) {
                for (const int ports : {1, 2, 5, 13, 28}) {
                    for (const double load : {0.01, 3.0, 12.0, 200.0}) {
                        const auto want = by_elimination(ports, load, mean, law, loss);
                        const auto got =
                            batches(static_cast<std::uint64_t>(ports), load, mean, law, loss);
                        CAPTURE(static_cast<int>(law), static_cast<int>(loss), mean, ports, load);
                        CHECK(got.refusal == Approx(want.refusal).epsilon(1e-11));
                        CHECK(got.batch_refusal == Approx(want.batch_refusal).epsilon(1e-11));
                        CHECK(got.mean == Approx(want.mean).epsilon(1e-11));
                        CHECK(got.log_refusal == Approx(std::log(want.refusal)).epsilon(1e-10));
                        // What is let in is what is live.
                        CHECK(load * (1 - got.refusal) == Approx(got.mean).epsilon(1e-9));
                    }
                }
            }
        }
    }
}

TEST_CASE("batches of one are Erlang's, in deep tails too") {
    for (const double load : {1000.0, 60000.0, 64512.0, 70000.0}) {
        for (const batch_law law : {batch_law::fixed, batch_law::geometric}) {
            const auto got = batches(64512, load, 1, law);
            CHECK(relative_error(got.log_refusal, log_erlang_b(64512, load)) < 1e-10);
        }
    }
    const auto deep = batches(64512, 1e-100, 10, batch_law::geometric);
    // One batch that is larger than all the ports: r^c, and each lost share is that of its excess.
    CHECK(relative_error(deep.log_refusal, 64512 * std::log(0.9)) < 1e-10);
    CHECK(deep.refusal == 0);
}

TEST_CASE("peakedness of batches, and the ends of the domain") {
    CHECK(batch_peakedness(5) == 3);
    CHECK(batch_peakedness(5, batch_law::geometric) == 5);
    CHECK(batches(0, 1, 3).refusal == 1);
    CHECK(batches(5, 0, 3).mean == 0);
    CHECK(batches(5, 0, 6, batch_law::fixed, batch_loss::whole).refusal == 1);
    CHECK(batches(5, 2, 6, batch_law::fixed, batch_loss::whole).refusal == 1);
    CHECK(batches(5, 2, 6).refusal < 1);
    for (const double bad : {std::nan(""), -1.0, std::numeric_limits<double>::infinity(), 1e-200}) {
        CHECK_THROWS_AS(batches(5, bad, 3), natbound::domain_error);
        CHECK_THROWS_AS(batches(5, 1, bad), natbound::domain_error);
    }
    CHECK_THROWS_AS(batches(5, 1, 2.5), natbound::domain_error);
    CHECK_NOTHROW(batches(5, 1, 2.5, batch_law::geometric));
    CHECK_THROWS_AS(batches(1ULL << 40, 1, 2), natbound::domain_error);
}
