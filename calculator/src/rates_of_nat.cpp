// The token buckets before a NAT, and the packets that come to it.
#include <algorithm>

#include "natbound/calculator/likely.hpp"

namespace natbound::calculator {
namespace {

std::uint64_t depth_of(const std::optional<std::uint64_t>& burst, double per_second) {
    constexpr double most = 4096;
    if (burst) return std::min<std::uint64_t>(*burst, static_cast<std::uint64_t>(most));
    return static_cast<std::uint64_t>(std::clamp(per_second, 1.0, most));
}

}  // namespace

std::uint64_t policer_depth(const rate_limits& limits) {
    return depth_of(limits.connections_burst, limits.connections->per_second);
}

std::uint64_t packet_depth(const rate_limits& limits) {
    if (limits.packets_burst) return *limits.packets_burst;
    return static_cast<std::uint64_t>(std::max(1.0, limits.packets->per_second));
}

// Streams whose connections send at different rates are taken for one with the same mean and
// variance of the rate.
packet_load packets_through(const scenario& s, const filled_traffic& traffic, const nat& n) {
    packet_load out;
    double mean = 0, variance = 0, held = 0;
    for (const auto& t : traffic.streams) {
        if (t.packets == 0 || nat_of(s, t.clients) != &n) continue;
        const double each = (t.packets - 1) / t.open.mean, live = t.rate * t.open.mean;
        out.opening += t.rate;
        mean += live * each;
        variance += live * each * each;
        held += live * each * each * t.open.mean;
    }
    if (mean > 0) {
        out.hold = held / variance;
        out.each = variance / mean;
        out.live = mean / out.each;
    }
    return out;
}

}  // namespace natbound::calculator
