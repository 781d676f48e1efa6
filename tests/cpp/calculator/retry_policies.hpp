#pragma once
// A retry policy in one line.
#include <natbound/calculator/retries.hpp>

namespace natbound::test {

inline calculator::retry_policy policy_of(std::uint64_t tries, double backoff, double factor = 2,
                                          double jitter = 0, double hold = 1) {
    calculator::retry_policy out;
    out.tries = tries;
    out.backoff = backoff;
    out.factor = factor;
    out.jitter = jitter;
    out.hold = hold;
    return out;
}

}  // namespace natbound::test
