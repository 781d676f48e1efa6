// Batches merged until each is long, their variance, and gamma quantiles.
#include "simulated_share.hpp"

#include <algorithm>
#include <boost/math/special_functions/gamma.hpp>
#include <cmath>

namespace natbound::calculator::detail {
namespace {

constexpr double memories_a_batch = 2;  // what neighbours share is added
constexpr double fewest = 4, most = 64;
// The further cluster of the upper end, in clusters as a failure sees them. Of runs with two to six
// independent failures 1 covers 92.7 to 94 %, 2 covers 93.2 to 96.5 %, 3 covers 95.6 to 97.9 %; of
// those with 24, 1 covers 95.9 % and 3 covers 97.7 %. Searches of windows, whose clusters differ
// more, need 2.5 with 15 (92.8 % by 1.8).
double further(double events) { return 1 + 2 * std::min(1.0, 12 / events); }

// A gamma law's quantile, by its mean and variance.
double gamma_quantile(double mean, double variance, double p) {
    const double shape = mean * mean / variance;
    if (shape > 1e6) return mean + (p < 0.5 ? -1 : 1) * normal_at_975 * std::sqrt(variance);
    return variance / mean * boost::math::gamma_p_inv(shape, p);
}

std::vector<batch_count> merged(const std::vector<batch_count>& all, std::size_t into) {
    std::vector<batch_count> out(into);
    for (std::size_t i = 0; i < all.size(); ++i) {
        auto& to = out[i * into / all.size()];
        to.arrivals += all[i].arrivals;
        to.failed += all[i].failed;
    }
    return out;
}

}  // namespace

double student_over_normal(double degrees) {
    constexpr double z2 = normal_at_975 * normal_at_975;
    const double n = degrees;
    return 1 + (z2 + 1) / (4 * n) + (5 * z2 * z2 + 16 * z2 + 3) / (96 * n * n) +
           (3 * z2 * z2 * z2 + 19 * z2 * z2 + 17 * z2 - 15) / (384 * n * n * n);
}

share_interval share_of(const std::vector<batch_count>& all, const run_memory& memory) {
    const auto batches = merged(
        all, static_cast<std::size_t>(std::clamp(memory.length / memories_a_batch, fewest, most)));
    double arrivals = 0, failed = 0;
    for (const auto& b : batches) {
        arrivals += b.arrivals;
        failed += b.failed;
    }
    share_interval out;
    if (arrivals == 0) return out;
    out.value = failed / arrivals;
    out.cluster = std::max(1.0, memory.cluster);
    if (failed == 0) {
        out.high = std::min(1.0, -std::log(0.025) * out.cluster / arrivals);
        return out;
    }
    double alone = 0, joint = 0, before = 0;
    for (const auto& b : batches) {
        const double off = b.failed - out.value * b.arrivals;
        alone += off * off;
        joint += 2 * off * before;
        before = off;
    }
    const auto count = static_cast<double>(batches.size());
    alone *= count / (count - 1);
    // no less than what independent failures would vary
    double variance = std::max({alone, alone + joint, failed * (1 - out.value)});
    // The mean is the same run's, so that neighbours look less alike than they are. Of a number of
    // live flows (autocorrelation e^-t) and batches of two, 1.5 times as much is right where the
    // run is 16 long, 1.2 times where it is 32, 1.1 times where it is 64.
    variance *= 1 + 8 / std::max(1.0, memory.length);
    if (variance <= 0) variance = 1;  // all failed, always
    const double events = failed * failed / variance;
    out.independent = std::min(events, std::max(1.0, memory.length));
    const double seen = variance / failed;
    out.cluster = std::max({1.0, seen, memory.cluster / std::max(1.0, events)});
    const double wider = variance * std::pow(student_over_normal(count - 1), 2);
    const double more = std::max(further(events) * seen, memory.cluster / std::max(1.0, events));
    out.low = std::max(0.0, gamma_quantile(failed, wider, 0.025) / arrivals);
    out.high = std::min(1.0, gamma_quantile(failed + more, wider + more * more, 0.975) / arrivals);
    return out;
}

}  // namespace natbound::calculator::detail
