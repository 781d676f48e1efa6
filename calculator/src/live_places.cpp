#include "live_places.hpp"

#include <algorithm>
#include <cmath>

namespace natbound::calculator::detail {

double strides_up(double up, double down, double stride) {
    if (!(up > 0)) return 0;
    const double way = stride * std::log(down / up);
    if (std::abs(way) < 1e-8) return up / (stride * stride);
    return (down - up) / stride / std::expm1(way);
}

namespace {

// The number live that those leave who get in at its rate.
double settled(const packet_load& load, queue_curve& curve) {
    const auto left = [&](double n) {
        return load.live * -std::expm1(curve.log_loss(load.opening + n * load.each));
    };
    const double enough = 0.1 * std::sqrt(load.live);
    double low = left(load.live), high = load.live;
    while (high - low > enough) {
        const double middle = (low + high) / 2;
        if (middle == low || middle == high) break;
        (left(middle) > middle ? low : high) = middle;
    }
    return high;
}

}  // namespace

live_places places_of(const packet_load& load, queue_curve& curve, double most_of_them,
                      bool from_none) {
    const double part = 0.45 * most_places / most_of_them;  // of the spread, a stride
    const double live = settled(load, curve);
    const double full = std::max(0.0, (1 - load.opening) / load.each);
    const double most = std::max(live, full), wide = std::sqrt(most);
    // What fills a bucket goes as far beyond as it came.
    const double beyond = std::max(8.0, std::min((full - live) / wide, 16.0) + 6);
    const double low = std::max(0.0, std::floor(live - 8 * std::sqrt(live) - 4));
    // ... but not where nobody ever is.
    const double high =
        std::min(most + beyond * wide + 10, low + most_of_them * std::max(1.0, std::sqrt(live)));
    live_places out;
    // Above `full` what comes is lost: a sum over places is right to a higher order where this bend
    // lies so between two (a zero of Bernoulli's second polynomial).
    constexpr double bend = 0.21132486540518712;
    double first = 0;
    if (high > most_of_them && !(from_none && low == 0)) {
        out.stride = std::max({1.0, part * std::sqrt(live), (high - low) / most_of_them});
        first = low;
        if (full > low)
            first = full - (std::floor((full - low) / out.stride - bend) + bend) * out.stride;
        first = std::max(first, low);
    }
    for (double n = first; n <= high; n += out.stride) out.n.push_back(n);
    out.common = std::min(out.n.size() - 1,
                          static_cast<std::size_t>(std::max(0.0, (live - first) / out.stride)));
    return out;
}

}  // namespace natbound::calculator::detail
