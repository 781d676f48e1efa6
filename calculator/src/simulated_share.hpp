#pragma once
// The share of arrivals that failed in a simulation, with an interval that knows of clusters.
//
// Refusals are not independent: while the ports are full, each arrival is refused. What is counted
// is a compound Poisson number: few clusters, each of several refusals. Batches that are long
// beside a cluster give its variance v = sum (s - p n)^2 (with what neighbours share), so that y
// refusals are worth y^2 / v independent events; the interval is the one for such a weighted sum of
// Poisson numbers: gamma quantiles with the mean and the variance that were seen, and for the upper
// end with one more cluster (M. P. Fay, E. J. Feuer, Statistics in Medicine 16 (1997) 791). Where
// none failed it is what one cluster of a likely size allows.
//
// Measured coverage: docs/calculator.md, "What the simulator's interval covers".
#include <cstdint>
#include <vector>

namespace natbound::calculator::detail {

// The normal law's quantile at 97.5 %, and Student's t over it there, by Cornish and Fisher's
// expansion: right to 1 % from three degrees on.
inline constexpr double normal_at_975 = 1.959963984540054;
double student_over_normal(double degrees);

struct batch_count {
    double arrivals = 0, failed = 0;
};

// How the run was: its length over the time in which it forgets, and how many refusals are likely
// to come together where too few were seen to tell.
struct run_memory {
    double length = 0, cluster = 1;
};

struct share_interval {
    double value = 0, low = 0, high = 0;  // 95 %
    // As many independent failures would vary as much; no more than times the run forgot.
    double independent = 0;
    double cluster = 1;  // failures that come together, about
};

// Batches: in order, of about equal length.
share_interval share_of(const std::vector<batch_count>& batches, const run_memory& memory);

}  // namespace natbound::calculator::detail
