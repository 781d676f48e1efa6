// Erlang B as one writes it with Boost.Math, gamma_p_derivative / gamma_q, for bench/calculator.py.
//
// Reads lines "ports load"; prints for each the value and the nanoseconds that a call took.
//
//   c++ -std=c++20 -O2 [-I<boost>] -o boost-ratio bench/boost_ratio.cpp
#include <algorithm>
#include <array>
#include <boost/math/special_functions/gamma.hpp>
#include <chrono>
#include <cstdio>

namespace {

// Errors give NaN or infinity and no exception, which would cost more.
double ratio(double ports, double load) {
    using namespace boost::math::policies;
    using quiet = policy<domain_error<ignore_error>, overflow_error<ignore_error>,
                         evaluation_error<ignore_error>>;
    return boost::math::gamma_p_derivative(ports + 1, load, quiet()) /
           boost::math::gamma_q(ports + 1, load, quiet());
}

}  // namespace

int main() {
    using clock = std::chrono::steady_clock;
    double ports = 0, load = 0;
    while (std::scanf("%lf %lf", &ports, &load) == 2) {
        std::array<double, 5> spent{};
        volatile double value = 0;
        for (double& time : spent) {
            constexpr int calls = 20;
            const auto start = clock::now();
            for (int i = 0; i < calls; ++i) value = ratio(ports, load);
            const std::chrono::duration<double, std::nano> taken = clock::now() - start;
            time = taken.count() / calls;
        }
        std::nth_element(spent.begin(), spent.begin() + 2, spent.end());
        std::printf("%.17g %.3f\n", static_cast<double>(value), spent[2]);
    }
}
