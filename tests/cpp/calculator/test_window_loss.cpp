// Searches of windows against simulations at random inputs (tests/reference/make_window_loss.py).
#include <cmath>
#include <natbound/calculator/window_loss.hpp>
#include <natbound/model/error.hpp>
#include <sstream>

#include "catch.hpp"
#include "reference.hpp"

using namespace natbound::calculator;

namespace {

std::vector<std::uint64_t> windows_of(const std::string& text) {
    std::vector<std::uint64_t> out;
    std::istringstream stream(text);
    for (std::string part; std::getline(stream, part, '+');) out.push_back(std::stoull(part));
    return out;
}

constexpr auto exponential = window_hold::exponential, constant = window_hold::constant;

}  // namespace

TEST_CASE("windows: within 20 % of simulations at random inputs") {
    int unanswered = 0;
    for (const char* file : {"window_loss.csv", "window_loss_many.csv", "window_loss_rounds.csv",
                             "window_loss_edge.csv"})
        for (const auto& row : reference::table(file)) {
            const double ports = row.number("ports"), load = row.number("load") * ports;
            const auto hold = row.text("hold") == "constant" ? constant : exponential;
            CAPTURE(ports, row.number("load"), row.text("windows"), row.text("hold"));
            double got = 0;
            try {
                got = window_loss(ports, load, windows_of(row.text("windows")), hold);
            } catch (const natbound::domain_error& none) {
                ++unanswered;  // more busy than its table has, or too unsteady
                continue;
            }
            // the table's own standard error is up to 5 %
            CHECK(std::fabs(std::log(got / row.number("refused"))) <
                  std::log(1.2) + 2 * row.number("error"));
        }
    CHECK(unanswered == 11);
}

TEST_CASE("windows: published simulations") {
    const std::vector<std::uint64_t> linux = {128, 64, 32, 16, 8};
    const auto at = [&](double load, const std::vector<std::uint64_t>& w, window_hold h) {
        return window_loss(64512, load * 64512, w, h);
    };
    // 8 to 40 million arrivals each, made before this formula and without it
    CHECK(at(.80, {32}, exponential) == Approx(.0229).epsilon(.03));
    CHECK(at(.95, {32}, exponential) == Approx(.0844).epsilon(.03));
    CHECK(at(.80, {128}, exponential) == Approx(3.5e-4).epsilon(.1));
    CHECK(at(.98, {128}, exponential) == Approx(.0430).epsilon(.03));
    CHECK(at(.90, linux, exponential) == Approx(3.2e-5).epsilon(.1));
    CHECK(at(.95, linux, exponential) == Approx(1.55e-3).epsilon(.05));
    CHECK(at(.98, linux, exponential) == Approx(1.05e-2).epsilon(.05));
    CHECK(at(.95, {32}, constant) == Approx(.1026).epsilon(.03));
    CHECK(at(.90, linux, constant) == Approx(7.2e-4).epsilon(.1));
    CHECK(at(.95, linux, constant) == Approx(1.55e-2).epsilon(.18));
}

TEST_CASE("windows: many rounds at few ports, where what they look at fluctuates together") {
    // make_window_loss LAW PORTS LOAD HOLDS 77 WINDOW..., 4e7 / PORTS holds but at least 400
    const auto near = [](double ports, double load, const std::vector<std::uint64_t>& w,
                         window_hold h, double truth) {
        CAPTURE(ports, load, w, h == constant);
        CHECK(window_loss(ports, load * ports, w, h) == Approx(truth).epsilon(0.12));
    };
    near(1440, 0.85, {8, 8, 8, 8, 8, 8}, exponential, 0.002494);
    near(1440, 0.85, {8, 8, 8, 8, 8, 8}, constant, 0.003373);
    near(390, 1.1, {8, 1, 1, 1, 1, 1}, exponential, 0.2052);
    near(390, 0.85, {8, 1, 1, 1, 1, 1}, constant, 0.07316);
    near(3840, 0.95, {32, 32, 32, 32}, exponential, 0.008173);
    near(5760, 0.9, {32, 32, 32, 32, 32, 32}, exponential, 1.544e-05);
    near(1410, 0.85, {16, 16, 8, 4, 2, 1}, exponential, 0.004634);
    near(7440, 0.9409, {128, 64, 32, 16, 8}, exponential, 0.001169);
    near(15120, 0.95, {256, 128, 64, 32, 16, 8}, exponential, 0.0001223);
}

TEST_CASE("windows: more load, fewer ports, shorter windows are refused more") {
    const std::vector<std::uint64_t> w = {100, 20};
    double before = 0;
    for (double load = 0.7; load <= 1.25; load += 0.01) {
        const double now = window_loss(10000, load * 10000, w, exponential);
        CHECK(now > before);
        before = now;
    }
    // also where the table's longest runs owe most to chance
    before = 0;
    for (double load = 0.9; load <= 1.05; load += 0.0005) {
        const double now = window_loss(15872, load * 15872, {168, 110, 40}, constant);
        CHECK(now > before);
        before = now;
    }
    CHECK(window_loss(5000, 4000, w, exponential) > window_loss(20000, 16000, w, exponential));
    CHECK(window_loss(9000, 8000, {100, 19}, exponential) >
          window_loss(9000, 8000, {100, 20}, exponential));
}

TEST_CASE("windows: outside of what was measured there is no answer") {
    const auto bad = [](double ports, double load, const std::vector<std::uint64_t>& w) {
        CHECK_THROWS_AS(window_loss(ports, load, w, exponential), natbound::domain_error);
    };
    bad(64512, 60000, {});
    bad(64512, 60000, {7});
    bad(64512, 60000, {257});
    bad(64512, 60000, {32, 33});
    bad(64512, 60000, {32, 0});
    bad(64512, 60000, {32, 8, 8, 8, 8, 8, 8});
    bad(127, 100, {32});
    bad(1000, 900, {32, 32});
    bad(64512, 0.29 * 64512, {32});
    bad(64512, 1.26 * 64512, {32});
    bad(std::nan(""), 1, {32});
    bad(64512, std::nan(""), {32});
    bad(64512, 1.25 * 64512, {8, 8, 8, 8, 8, 8});  // more busy than one window of 8 leaves
    bad(64512, 0.5 * 64512, {128});                // never full
    bad(64512, 0.6 * 64512, {64, 64, 64});         // refused below 1e-8
    // what is busy in all fluctuates too much: 4.07e-3 +- 4 %, where the formula has 4.81e-3
    const std::vector<std::uint64_t> six(6, 64);
    bad(11520, 0.98 * 11520, six);
    CHECK_THROWS_AS(load_for_window(11520, six, 4.8e-3, exponential), natbound::domain_error);
    CHECK_THROWS_AS(ports_for_window(0.98 * 11520, six, 4.8e-3, exponential),
                    natbound::domain_error);
    CHECK(window_loss(40000, 0.98 * 40000, six, exponential) > 1e-8);
}
