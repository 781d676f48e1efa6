#pragma once
// Sums of times that grow beyond the largest double: a common power of two is taken out.
#include <cmath>
#include <limits>
#include <natbound/calculator/first_passage.hpp>

namespace natbound::calculator::detail {

struct scaled_total {
    double unit = 1;  // 1, in the scale of the moment
    double last = 0, total = 0;
    int blocks = 0;

    void settle() {
        if (last < 0x1p800 && total < 0x1p800) return;
        unit *= 0x1p-512;
        last *= 0x1p-512;
        total *= 0x1p-512;
        ++blocks;
    }
    passage_time time() const {
        const double log_mean = std::log(total) + blocks * (512 * 0.69314718055994530942);
        return {
            blocks > 1 ? std::numeric_limits<double>::infinity() : std::ldexp(total, 512 * blocks),
            log_mean};
    }
};

}  // namespace natbound::calculator::detail
