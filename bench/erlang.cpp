// Erlang B per call, beside Boost's plain ratio gamma_p_derivative / gamma_q, on the same inputs in
// the same run. Half of the inputs lie near the diagonal, load = ports + z sqrt(ports), |z| <= 37.
//
//   c++ -std=c++20 -O2 -Imodel/include -Icalculator/include [-I<boost>] -o bench-erlang
//       bench/erlang.cpp calculator/src/erlang.cpp calculator/src/loss_ratio.cpp
#include <algorithm>
#include <chrono>
#include <cmath>
#include <cstdio>
#include <natbound/calculator/erlang.hpp>
#include <random>
#include <vector>

#include "boost_ratio.hpp"

namespace {

struct input {
    double ports, load;
};

std::vector<input> draw(std::size_t count) {
    std::mt19937_64 random(20240607);
    std::uniform_real_distribution<double> unit(0, 1);
    const double most = 4194304;
    std::vector<input> inputs;
    while (inputs.size() < count) {
        const double ports = std::floor(
            unit(random) < 0.5 ? 1 + unit(random) * most : std::exp(unit(random) * std::log(most)));
        const double load = inputs.size() % 2 == 0
                                ? ports + (2 * unit(random) - 1) * 37 * std::sqrt(ports)
                                : 1e-3 * std::exp(unit(random) * std::log(1e11));
        if (load >= 1e-3) inputs.push_back({ports, load});
    }
    return inputs;
}

// The double is below its least value, so that 0 is right.
bool vanishes(const input& x) { return natbound::calculator::log_erlang_b(x.ports, x.load) < -744; }

struct timing {
    double median, high, mean;
    std::size_t none;
};

// Each call is timed by itself; the clock's own median cost is taken off.
template <class Function>
timing measure(const std::vector<input>& inputs, Function function) {
    using clock = std::chrono::steady_clock;
    using nanoseconds = std::chrono::duration<double, std::nano>;
    const auto timed = [&](auto&& call) {
        std::vector<double> spent;
        spent.reserve(inputs.size());
        for (const input& x : inputs) {
            const auto start = clock::now();
            call(x);
            spent.push_back(nanoseconds(clock::now() - start).count());
        }
        std::sort(spent.begin(), spent.end());
        return spent;
    };
    volatile double sink = 0;
    const double idle = timed([&](const input& x) { sink = x.load; })[inputs.size() / 2];
    std::size_t none = 0;
    const auto spent = timed([&](const input& x) {
        const double b = function(x.ports, x.load);
        none += !(std::isfinite(b) && b != 0) && !vanishes(x) ? 1 : 0;
        sink = b;
    });
    const auto start = clock::now();
    for (const input& x : inputs) sink = function(x.ports, x.load);
    const double mean =
        nanoseconds(clock::now() - start).count() / static_cast<double>(inputs.size());
    return {spent[spent.size() / 2] - idle, spent[spent.size() * 99 / 100] - idle, mean, none};
}

void print(const char* name, const timing& t, const timing& base) {
    std::printf("%-28s %9.1f %9.1f %9.1f %8.2f %11zu\n", name, t.median, t.high, t.mean,
                t.mean / base.mean, t.none);
}

}  // namespace

int main() {
    const auto inputs = draw(1'000'000);
    const auto ours = measure(inputs, natbound::calculator::erlang_b);
    const auto logs = measure(inputs, natbound::calculator::log_erlang_b);
    const auto boost = measure(inputs, boost_ratio);
    std::printf("%zu inputs, half near the diagonal; nanoseconds a call\n\n", inputs.size());
    std::printf("%-28s %9s %9s %9s %8s %11s\n", "", "median", "99 %", "mean", "ratio", "no answer");
    print("erlang_b", ours, ours);
    print("log_erlang_b", logs, ours);
    print("Boost's plain ratio", boost, ours);
    std::printf("\n\"no answer\": NaN or 0, where B is above the least double\n");
}
