// Erlang B as one writes it with Boost.Math, gamma_p_derivative / gamma_q, for bench/calculator.py.
//
// Reads lines "ports load"; prints for each the value and the nanoseconds that a call took.
//
//   c++ -std=c++20 -O2 [-I<boost>] -o boost-ratio bench/boost_ratio.cpp
#include <algorithm>
#include <array>
#include <chrono>
#include <cstdio>

#include "boost_ratio.hpp"

int main() {
    using clock = std::chrono::steady_clock;
    double ports = 0, load = 0;
    while (std::scanf("%lf %lf", &ports, &load) == 2) {
        std::array<double, 5> spent{};
        volatile double value = 0;
        for (double& time : spent) {
            constexpr int calls = 20;
            const auto start = clock::now();
            for (int i = 0; i < calls; ++i) value = boost_ratio(ports, load);
            const std::chrono::duration<double, std::nano> taken = clock::now() - start;
            time = taken.count() / calls;
        }
        std::nth_element(spent.begin(), spent.begin() + 2, spent.end());
        std::printf("%.17g %.3f\n", static_cast<double>(value), spent[2]);
    }
}
