// Inverses of Engset, Kaufman and Roberts, batches and the finite queue: what they give meets the
// target by the forward formula, the next does not; targets that nothing meets are errors.
#include <algorithm>
#include <cmath>
#include <natbound/calculator/batches.hpp>
#include <natbound/calculator/engset.hpp>
#include <natbound/calculator/finite_queue.hpp>
#include <natbound/calculator/kaufman_roberts.hpp>
#include <natbound/model/error.hpp>
#include <random>

#include "catch.hpp"
#include "reference.hpp"

using namespace natbound::calculator;

namespace {

struct chance {
    std::mt19937_64 random{11};

    double unit() { return std::uniform_real_distribution<double>(0, 1)(random); }
    double log_between(double low, double high) { return low * std::pow(high / low, unit()); }
    // Half of them rare, half common, some next to 1.
    double target() {
        const double x = unit();
        if (x < 0.5) return log_between(1e-200, 1e-3);
        return x < 0.9 ? 0.999 * unit() : 1 - log_between(1e-12, 1e-2);
    }
    std::uint64_t count(double most) { return static_cast<std::uint64_t>(log_between(1, most)); }
};

double engset(std::uint64_t n, std::uint64_t c, double alpha, congestion of) {
    return of == congestion::call ? engset_call_congestion(n, c, alpha)
                                  : engset_time_congestion(n, c, alpha);
}

double worst(std::uint64_t ports, const std::vector<size_class>& classes) {
    const auto found = kaufman_roberts(ports, classes).refusal;
    return *std::max_element(found.begin(), found.end());
}

}  // namespace

TEST_CASE("Engset's inverses: the result meets the target, the next does not") {
    chance any;
    for (int i = 0; i < 3000; ++i) {
        const auto of = i % 2 ? congestion::call : congestion::time;
        const std::uint64_t sources = any.count(i % 20 ? 3000 : 1e7);
        const double alpha = any.log_between(1e-4, 30), target = any.target();
        const std::uint64_t ports = ports_for_engset(sources, alpha, target, of);
        CAPTURE(i, sources, alpha, target, ports);
        REQUIRE(engset(sources, ports, alpha, of) <= target);
        REQUIRE(ports > 0);
        REQUIRE(engset(sources, ports - 1, alpha, of) > target);
        if (ports < sources + (of == congestion::time ? 1 : 0)) {
            const double most = load_for_engset(sources, ports, target, of);
            CAPTURE(most);
            REQUIRE(most >= alpha * (1 - 1e-12));
            if (target >= 1e-300) {
                REQUIRE(engset(sources, ports, most, of) <= target * (1 + 1e-13));
                const double more = engset(sources, ports, most * (1 + 1e-10), of);
                // Next to 1 a double has no digits left for the difference.
                if (target < 0.99) REQUIRE(more > target);
            }
        }
        try {
            const std::uint64_t many = sources_for_engset(ports, alpha, target, of);
            CAPTURE(many);
            REQUIRE(many >= sources);
            REQUIRE(engset(many, ports, alpha, of) <= target);
            REQUIRE(engset(many + 1, ports, alpha, of) > target);
        } catch (const natbound::domain_error&) {
            REQUIRE(engset(10000000, ports, alpha, of) <= target);
        }
    }
}

TEST_CASE("Engset's inverses invert") {
    CHECK(ports_for_engset(1000, 0.05, 3.5e-3) == 64);  // table 4.3: 3.488e-3
    CHECK(ports_for_engset(1000, 0.05, 3.48e-3) == 65);
    CHECK(load_for_engset(3, 2, 25.0 / 144) == Approx(5.0 / 7).epsilon(1e-12));
    CHECK(rate_for_engset(3, 2, 10, 25.0 / 144) == Approx(1.0 / 14).epsilon(1e-12));
    CHECK(hold_for_engset(3, 2, 1, 25.0 / 144) == Approx(5.0 / 7).epsilon(1e-12));
    CHECK(sources_for_engset(64, 0.05, 3.488217e-3) == 1000);
    CHECK(load_for_engset(3, 0, 0.5) == 0);
    CHECK(ports_for_engset(7, 0, 0.5) == 1);
    CHECK_THROWS_AS(load_for_engset(3, 3, 0.1), natbound::domain_error);
    CHECK_NOTHROW(load_for_engset(3, 3, 0.1, congestion::time));
    CHECK_THROWS_AS(load_for_engset(3, 4, 0.1, congestion::time), natbound::domain_error);
    CHECK_THROWS_AS(sources_for_engset(0, 1, 0.1), natbound::domain_error);
    CHECK_THROWS_AS(sources_for_engset(5, 0, 0.1), natbound::domain_error);
    CHECK_THROWS_AS(ports_for_engset(5, 1, 0), natbound::domain_error);
    CHECK_THROWS_AS(ports_for_engset(5, 1, 1), natbound::domain_error);
    CHECK_THROWS_AS(ports_for_engset(5, std::nan(""), 0.1), natbound::domain_error);
}

TEST_CASE("several sizes: the least ports of all, the most scale") {
    chance any;
    for (int i = 0; i < 300; ++i) {
        std::vector<size_class> classes(1 + any.count(4));
        for (auto& c : classes) {
            c.load = any.log_between(0.01, 20);
            c.size = 1 + any.count(12);
            if (i % 5 == 0) c.reserved = any.count(6) - 1;
        }
        const double target = any.target();
        CAPTURE(i, target, classes.size());
        const std::uint64_t ports = ports_for_sizes(classes, target);
        CAPTURE(ports);
        REQUIRE(worst(ports, classes) <= target);
        REQUIRE(worst(ports - 1, classes) > target);
        if (i % 5 != 0)  // no smaller number does
            for (std::uint64_t n = 0; n < ports; ++n) REQUIRE(worst(n, classes) > target);
        const double scale = scale_for_sizes(ports, classes, target);
        const auto lost_at = [&](double factor) {
            auto scaled = classes;
            for (auto& c : scaled) c.load *= factor;
            return worst(ports, scaled);
        };
        CAPTURE(scale);
        REQUIRE(lost_at(scale) <= target);
        if (target < 0.9) {
            REQUIRE(scale >= 1 - 1e-9);
            REQUIRE(lost_at(scale * (1 + 1e-9)) > target);
        }
    }
    CHECK_THROWS_AS(ports_for_sizes({{1e11, 1}}, 1e-3), natbound::domain_error);
    CHECK_THROWS_AS(ports_for_sizes({}, 1e-3), natbound::domain_error);
    CHECK_THROWS_AS(scale_for_sizes(5, {{1, 6}}, 1e-3), natbound::domain_error);
    CHECK_THROWS_AS(scale_for_sizes(5, {{0, 1}}, 1e-3), natbound::domain_error);
}

TEST_CASE("large pools: solved by generating functions, checked by the recursions") {
    chance any;
    for (int i = 0; i < 40; ++i) {
        const double ports_about = any.log_between(1000, 60000);
        const double target = any.log_between(1e-12, 0.3);
        std::vector<size_class> classes;
        for (const std::uint64_t size : {1U, 3U, 4U, 16U, 64U}) {
            if (any.unit() < 0.3 && size < 64) continue;
            const std::uint64_t unit = i % 3 == 0 ? 4 : 1;
            classes.push_back(
                {any.unit() * ports_about / 4 / static_cast<double>(size * unit), size * unit});
        }
        CAPTURE(i, target, ports_about, classes.size());
        const std::uint64_t ports = ports_for_sizes(classes, target);
        CAPTURE(ports);
        REQUIRE(worst(ports, classes) <= target);
        REQUIRE(worst(ports - 1, classes) > target);
        const double scale = scale_for_sizes(ports, classes, target);
        CAPTURE(scale);
        auto scaled = classes;
        for (auto& c : scaled) c.load *= scale;
        REQUIRE(worst(ports, scaled) <= target * (1 + 1e-11));
        for (auto& c : scaled) c.load *= 1 + 1e-11;
        REQUIRE(worst(ports, scaled) > target);
    }
    for (int i = 0; i < 60; ++i) {
        const auto law = i % 2 ? batch_law::fixed : batch_law::geometric;
        const auto loss = i % 4 < 2 ? batch_loss::partial : batch_loss::whole;
        double size = any.log_between(1, 60);
        if (law == batch_law::fixed) size = std::floor(size);
        const double load = any.log_between(500, 60000), target = any.log_between(1e-12, 0.3);
        const std::uint64_t ports = ports_for_batches(load, size, target, law, loss);
        CAPTURE(i, size, load, target, ports);
        REQUIRE(batches(ports, load, size, law, loss).refusal <= target);
        REQUIRE(batches(ports - 1, load, size, law, loss).refusal > target);
        const double most = load_for_batches(ports, size, target, law, loss);
        REQUIRE(batches(ports, most, size, law, loss).refusal <= target * (1 + 1e-11));
        REQUIRE(batches(ports, most * (1 + 1e-11), size, law, loss).refusal > target);
    }
    for (const double load : {0.3, 0.9, 0.99, 0.9999, 1.0, 1.0001, 1.2})
        for (const std::uint64_t room : {40U, 300U, 3000U}) {
            const double loss = finite_queue(service::constant, room, load).loss;
            if (!(loss > 1e-290)) continue;
            CAPTURE(load, room, loss);
            CHECK(reference::relative_error(load_for_room(service::constant, room, loss), load) <
                  1e-11);
            if (load <= 1) CHECK(room_for(service::constant, load, loss * (1 + 1e-6)) == room);
        }
}

TEST_CASE("batches: the least ports, the most load") {
    chance any;
    for (int i = 0; i < 400; ++i) {
        const auto law = i % 2 ? batch_law::fixed : batch_law::geometric;
        const auto loss = i % 4 < 2 ? batch_loss::partial : batch_loss::whole;
        double size = any.log_between(1, 30);
        if (law == batch_law::fixed) size = std::floor(size);
        const double load = any.log_between(0.1, 1000), target = any.target();
        const std::uint64_t ports = ports_for_batches(load, size, target, law, loss);
        CAPTURE(i, size, load, target, ports);
        REQUIRE(batches(ports, load, size, law, loss).refusal <= target);
        REQUIRE(ports > 0);
        REQUIRE(batches(ports - 1, load, size, law, loss).refusal > target);
        if (target > 0.99) continue;  // the load may be beyond 1e12
        const double most = load_for_batches(ports, size, target, law, loss);
        CAPTURE(most);
        REQUIRE(batches(ports, most, size, law, loss).refusal <= target);
        REQUIRE(batches(ports, most * (1 + 1e-9), size, law, loss).refusal > target);
    }
    CHECK(ports_for_batches(0, 3, 0.5) == 2);                              // of three 1/3 is lost
    CHECK_THROWS_AS(load_for_batches(2, 3, 0.3), natbound::domain_error);  // 1/3 at any load
    CHECK_THROWS_AS(load_for_batches(0, 3, 0.3), natbound::domain_error);
    CHECK_THROWS_AS(ports_for_batches(1e11, 3, 0.3), natbound::domain_error);
    CHECK_THROWS_AS(ports_for_batches(10, 2.5, 0.3), natbound::domain_error);
}

TEST_CASE("the finite queue: the most load") {
    chance any;
    for (int i = 0; i < 200; ++i) {
        const auto law = i % 2 ? service::exponential : service::constant;
        const std::uint64_t room = any.count(400);
        const double target = any.unit() < 0.5 ? any.log_between(1e-12, 1e-2) : 0.9 * any.unit();
        const double load = load_for_room(law, room, target);
        CAPTURE(i, room, target, load);
        REQUIRE(finite_queue(law, room, load).loss <= target * (1 + 1e-12));
        REQUIRE(finite_queue(law, room, load * (1 + 1e-9)).loss > target);
    }
    CHECK_THROWS_AS(load_for_room(service::constant, 5, 0.999), natbound::domain_error);
    CHECK_THROWS_AS(load_for_room(service::constant, 0, 0.1), natbound::domain_error);
}
