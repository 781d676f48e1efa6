#pragma once
// The refusal probability of `tries` random draws for large pools, some 100 times faster than the
// chain: where weights of states vary slowly from one to the next, sums over all states are sums
// over every h-th one (the trapezoid rule on an analytic function that falls like a Gaussian of
// deviation s is right to exp(-2 pi^2 s^2/h^2); here h < s/1.7), and sums of log(1 - r) between
// those are integrals with Euler and Maclaurin's ends.
#include <natbound/calculator/attempts.hpp>
#include <optional>

namespace natbound::calculator::detail {

struct smooth_answer {
    double log_refusal;
    double growth;  // of it, by the logarithm of the load
};

// Right to some 1e-12; any real tries >= 1. Nothing where the conditions for that do not hold:
// fewer than some 400 live, refusal above a half, pools nearly full, tries beyond ports/200 or not
// few beside those live.
std::optional<smooth_answer> smooth_attempts(double ports, double tries, double load, draws how);

}  // namespace natbound::calculator::detail
