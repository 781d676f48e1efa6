#pragma once
// How long a client that was refused waits.
#include <algorithm>
#include <optional>

#include "natbound/calculator/retries.hpp"
#include "natbound/model/random.hpp"

namespace natbound::calculator::detail {

// Seconds to the next attempt after so many refused ones, none where it gives up. `mean`: of this
// wait; becomes that of the one after it.
inline std::optional<double> next_wait(const retry_policy& policy, std::uint64_t refused,
                                       double& mean, random_bits& random) {
    if (refused >= policy.tries || (policy.persistence < 1 && !random.chance(policy.persistence)))
        return std::nullopt;
    double wait = std::min(mean, policy.most_backoff);
    mean = wait * policy.factor;
    if (policy.jitter > 0) wait *= 1 + policy.jitter * (2 * random.unit() - 1);
    return wait;
}

}  // namespace natbound::calculator::detail
