#pragma once
// What is asked of the points of a simulated curve.
#include <limits>

#include "natbound/calculator/loss_curve.hpp"

namespace natbound::calculator::detail {

inline constexpr double never = -std::numeric_limits<double>::infinity();
// Error of a logarithm that tells where to look next.
inline constexpr double good_enough = 0.25;

// The worst kind at a point; unseen where none was seen.
inline log_odds worst_of(const curve_point& p) {
    log_odds most{never, 0, false};
    for (const auto& k : p.kinds)
        if (k.seen && (!most.seen || k.log > most.log)) most = k;
    return most;
}

inline bool sees(const curve_point& p) { return worst_of(p).seen; }

}  // namespace natbound::calculator::detail
