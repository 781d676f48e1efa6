#pragma once
// The rate that a load leaves to a hold, or the hold to a rate.
#include "argument.hpp"

namespace natbound::calculator::detail {

inline double load_over(const char* function, const char* argument, double load, double by) {
    const double out = load / by;
    require(load == 0 || (out >= 0x1p-1022 && std::isfinite(out)), function, argument, by,
            "leaves an answer, the load over it, that no double holds");
    return out;
}

}  // namespace natbound::calculator::detail
