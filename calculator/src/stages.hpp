#pragma once
// The odds of a cascade, or of clients that are spread over NATs, from those of the NATs side by
// side: a connection fails with at least what it
// fails with at its worst stage, and with at most the sum over its stages.
#include "natbound/calculator/likely.hpp"

namespace natbound::calculator::detail {

struct cascade_shares {
    scenario flat;  // the NATs side by side
    unsigned stages = 1;
    double load = 1, rate = 1;  // of the scenario's traffic in that of `flat`, where it counts once
                                // for each stage
    std::vector<std::string> assumed;  // of its traffic, where it gives none
    explicit cascade_shares(const scenario& s);
};

// `sum` was found for epsilon / stages, `largest` for epsilon.
likely_result over_stages(likely_result sum, const likely_result& largest,
                          const cascade_shares& shares);
risk_result over_stages(risk_result side_by_side, const cascade_shares& shares);
void over_stages(std::vector<load_point>& points, const cascade_shares& shares);

}  // namespace natbound::calculator::detail
