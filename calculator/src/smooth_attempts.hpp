#pragma once
// The refusal probability of `tries` draws with replacement for large pools, some 100 times faster
// than the chain: where weights of states vary slowly from one to the next, sums over all states
// are sums over every h-th one (the trapezoid rule on an analytic function that falls like a
// Gaussian of deviation s is right to exp(-2 pi^2 s^2/h^2); here h < s/1.7), and sums of log(1 - r)
// between those are integrals with Euler and Maclaurin's ends.
#include <optional>

namespace natbound::calculator::detail {

// log refusal, right to 1e-9; any real tries >= 1. Nothing where the conditions for that do not
// hold: fewer than some 1000 live, refusal above a half, pools nearly full, tries beyond ports/200.
std::optional<double> smooth_log_refusal(double ports, double tries, double load);

}  // namespace natbound::calculator::detail
