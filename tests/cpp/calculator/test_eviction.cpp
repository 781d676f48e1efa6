// Che's approximation against the exact chain where the table is small, a plain simulation of a
// larger one, and closed forms; the chain against its one-entry solution.
#include <cmath>
#include <cstddef>
#include <list>
#include <natbound/calculator/erlang.hpp>
#include <natbound/calculator/eviction.hpp>
#include <natbound/model/error.hpp>
#include <queue>
#include <random>
#include <unordered_map>
#include <utility>
#include <vector>

#include "catch.hpp"
#include "reference.hpp"

using namespace natbound::calculator;
using reference::relative_error;

namespace {

// The table itself: a list by recency, events in time. Returns the share of connections cut.
double simulated(std::size_t size, const connection_kind& kind, std::size_t connections) {
    std::mt19937_64 random(5);
    std::exponential_distribution<double> unit(1);
    struct entry {
        std::size_t id;
        bool open;
    };
    std::list<entry> table;  // the most recent first
    std::unordered_map<std::size_t, std::pair<std::list<entry>::iterator, double>> live;
    using event = std::pair<double, std::size_t>;  // time, id; id 0 opens a connection
    std::priority_queue<event, std::vector<event>, std::greater<>> events;
    events.push({0, 0});
    std::size_t opened = 0, cut = 0, counted = 0;
    const auto plan = [&](double now, std::size_t id, double end) {
        const double next = now + std::min(unit(random) * kind.gap, kind.keep_alive);
        events.push({std::min(next, end), id});
    };
    while (opened < connections) {
        const auto [now, id] = events.top();
        events.pop();
        if (id == 0) {
            events.push({now + unit(random) / kind.rate, 0});
            ++opened;
            if (table.size() == size) {
                const auto last = table.back();
                if (last.open) live.erase(last.id);
                table.pop_back();
                if (opened > connections / 10) {
                    ++counted;
                    cut += last.open;
                }
            }
            table.push_front({opened, true});
            const double end = now + unit(random) * kind.life;
            live[opened] = {table.begin(), end};
            plan(now, opened, end);
        } else if (const auto found = live.find(id); found != live.end()) {
            const auto [at, end] = found->second;
            table.splice(table.begin(), table, at);
            if (now >= end) {
                at->open = false;
                live.erase(found);
            } else {
                plan(now, id, end);
            }
        }
    }
    return static_cast<double>(cut) / static_cast<double>(counted);
}

}  // namespace

TEST_CASE("the exact chain: one entry, and the simulation") {
    // A packet changes nothing: open until it ends or the next one comes.
    CHECK(relative_error(eviction_exact(1, 2, 5, 1), 2 / (2 + 1 / 5.0)) < 1e-12);
    // Times far apart: to 50 digits by elimination (tests/reference/make_limits.py).
    CHECK(relative_error(eviction_exact(2, 1e-4, 1e4, 0.05), 0.2000011999832002467) < 1e-13);
    CHECK(std::abs(eviction_exact(6, 1, 4, 1.5) - simulated(6, {1, 4, 1.5}, 400000)) < 4e-3);
}

TEST_CASE("the approximation nears the exact chain as the table grows") {
    for (const std::size_t size : {3U, 6U, 12U}) {
        const double rate = static_cast<double>(size) / 8;
        const double exact = eviction_exact(size, rate, 4, 1.5);
        const double error =
            std::abs(evicting_table(static_cast<double>(size), {{rate, 4, 1.5}}).cut(0) - exact);
        CAPTURE(size, exact, error);
        CHECK(error < 0.04 / std::sqrt(static_cast<double>(size)));
    }
}

TEST_CASE("Che's approximation against a simulated table") {
    const connection_kind plain{100, 20, 6}, kept{100, 20, 6, 2.5};
    const evicting_table table(2500, {plain});
    CHECK(std::abs(table.cut(0) - simulated(2500, plain, 300000)) < 4e-3);
    CHECK(relative_error(table.touched_within(table.characteristic_time()), 2500) < 1e-12);
    // Keep-alives well below T: nobody is cut.
    const evicting_table safe(2500, {kept});
    CHECK(relative_error(safe.characteristic_time(), 5) < 1e-12);  // 100 (20 + T) = 2500
    CHECK(safe.cut(0) == 0);
    CHECK(simulated(2500, kept, 100000) == 0);
    // Keep-alives that some would need sooner: T settles just there.
    const connection_kind late{100, 20, 6, 8.0};
    const evicting_table edge(2500, {late});
    CHECK(edge.characteristic_time() == 8);
    CHECK(relative_error(edge.touched_within(8), 2500) < 1e-12);
    CHECK(std::abs(edge.cut(0) - simulated(2500, late, 300000)) < 4e-3);
}

TEST_CASE("who idles is cut; who keeps alive is not; timeouts and room") {
    const evicting_table table(10000, {{20, 100, 2}, {20, 100, 60}, {20, 100, 60, 20.0}});
    const double t = table.characteristic_time();
    CHECK(t > 20);
    CHECK(table.cut(0) < 1e-6);
    CHECK(table.cut(1) > 0.1);
    CHECK(table.cut(2) == 0);
    CHECK(std::abs(table.evicted_after(t) - 0.5) < 0.01);
    CHECK(table.evicted_after(0.8 * t) < 1e-6);
    CHECK(table.evicted_after(1.2 * t) > 1 - 1e-6);
    const double keep = table.keep_alive_for(1e-6);
    CHECK(keep < t);
    CHECK(keep > 0.7 * t);
    CHECK(relative_error(table.evicted_after(keep), 1e-6) < 1e-6);
    // Room enough: no eviction, but the idle timeout cuts.
    const evicting_table roomy(1e6, {{50, 100, 60, never, 120, 30}});
    CHECK(std::isinf(roomy.characteristic_time()));
    CHECK(roomy.cut_by_eviction(0) == 0);
    const double rate = 1 / 60.0 + 1 / 100.0, beyond = std::exp(-120 * rate);
    CHECK(relative_error(roomy.cut(0), beyond / (beyond + (1 - beyond) / rate / 100)) < 1e-13);
    CHECK(roomy.evicted_after(1e9) == 0);
    // As much room as is needed on average: by chance there is none.
    const evicting_table even(2500, {{100, 15, 30, never, never, 10}});
    CHECK(std::isinf(even.characteristic_time()));
    CHECK(relative_error(even.cut(0), erlang_b(2500, 2500)) < 1e-9);
    CHECK(even.keep_alive_for(1e-3) < 25);
    CHECK(relative_error(even.evicted_after(even.keep_alive_for(1e-3)), 1e-3) < 1e-6);
}

TEST_CASE("bad arguments of evicting tables") {
    CHECK_THROWS_AS(evicting_table(0, {{1, 1, 1}}), natbound::domain_error);
    CHECK_THROWS_AS(evicting_table(10, {}), natbound::domain_error);
    CHECK_THROWS_AS(evicting_table(10, {{-1, 1, 1}}), natbound::domain_error);
    CHECK_THROWS_AS(evicting_table(10, {{1, std::nan(""), 1}}), natbound::domain_error);
    CHECK_THROWS_AS(evicting_table(10, {{1, 1, 1, 0}}), natbound::domain_error);
    const evicting_table table(10, {{1, 100, 1}});
    CHECK_THROWS_AS(table.cut(1), natbound::domain_error);
    CHECK_THROWS_AS(table.evicted_after(-1), natbound::domain_error);
    CHECK_THROWS_AS(table.keep_alive_for(1), natbound::domain_error);
    CHECK_THROWS_AS(eviction_exact(13, 1, 1, 1), natbound::domain_error);
    CHECK_THROWS_AS(eviction_exact(3, 0, 1, 1), natbound::domain_error);
}
