#pragma once
// e^x of a row of numbers, by a series whose loop a compiler does several at a time: a fourth of
// what the library's function takes, right to some 3e-16 of itself. Beyond
// -700 and 700 as there.
#include <algorithm>
#include <bit>
#include <cstdint>
#include <vector>

namespace natbound::calculator::detail {

inline void to_exponentials(std::vector<double>& row) {
    constexpr double to_whole =
        0x1.8p52;  // what is added to it has its whole part in the last bits
    constexpr double log2_e = 1.4426950408889634;
    constexpr double log_2 = 0x1.62e42feep-1, log_2_rest = 0x1.a39ef35793c76p-33;
    constexpr double most = 700;
    for (double& x : row) x = std::clamp(x, -most, most);
    for (double& x : row) {
        const double shifted = x * log2_e + to_whole, twos = shifted - to_whole;
        const double rest = (x - twos * log_2) - twos * log_2_rest;  // at most log(2) / 2
        const double square = rest * rest, fourth = square * square;
        const double low = (1 + rest) + square * (1.0 / 2 + rest * (1.0 / 6));
        const double middle =
            (1.0 / 24 + rest * (1.0 / 120)) + square * (1.0 / 720 + rest * (1.0 / 5040));
        const double high = (1.0 / 40320 + rest * (1.0 / 362880)) +
                            square * (1.0 / 3628800 + rest * (1.0 / 39916800));
        const double top = 1.0 / 479001600 + rest * (1.0 / 6227020800);
        const double sum = low + fourth * (middle + fourth * (high + fourth * top));
        const auto exponent = std::bit_cast<std::uint64_t>(shifted) << 52;
        x = sum * std::bit_cast<double>(exponent + std::bit_cast<std::uint64_t>(1.0));
    }
}

}  // namespace natbound::calculator::detail
