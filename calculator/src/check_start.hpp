#pragma once
// A start law is chances, and leaves no flow without a port.
#include <cmath>
#include <cstdint>
#include <natbound/calculator/occupancy.hpp>

#include "argument.hpp"

namespace natbound::calculator::detail {

inline void check_start(const char* function, const occupancy& start, std::uint64_t ports) {
    require(!start.chances.empty() && start.from <= ports &&
                start.chances.size() <= ports - start.from + 1,
            function, "start",
            static_cast<double>(start.from) + static_cast<double>(start.chances.size()) - 1,
            "must be at most the number of ports");
    double total = 0;
    for (double p : start.chances) {
        require(finite_and_not_negative(p), function, "a chance of the start", p,
                rule_not_negative);
        total += p;
    }
    require(std::abs(total - 1) < 1e-6, function, "the sum of the start's chances", total,
            "must be 1");
}

}  // namespace natbound::calculator::detail
