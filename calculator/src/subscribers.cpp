// Engset's call congestion, as all connections feel it.
#include "natbound/calculator/subscribers.hpp"

#include <algorithm>
#include <cmath>
#include <limits>

#include "natbound/calculator/engset.hpp"

namespace natbound::calculator {

double log_subscriber_refusal(std::uint64_t addresses, std::uint64_t limit, double load) {
    if (addresses <= limit || load <= 0) return -std::numeric_limits<double>::infinity();
    constexpr double always = 200;  // erlangs with which an address is never idle
    const double alpha = std::expm1(std::min(load, always));
    const double log = log_engset_call_congestion(addresses, limit, alpha);
    return log - std::log1p(-alpha * std::expm1(log));
}

double load_for_subscribers(std::uint64_t addresses, std::uint64_t limit, double target) {
    double low = -700, high = std::log(200.0);
    const double wanted = std::log(target);
    if (log_subscriber_refusal(addresses, limit, std::exp(high)) < wanted)
        return std::numeric_limits<double>::infinity();
    for (int i = 0; i < 80; ++i) {
        const double middle = (low + high) / 2;
        (log_subscriber_refusal(addresses, limit, std::exp(middle)) < wanted ? low : high) = middle;
    }
    return std::exp(low);
}

}  // namespace natbound::calculator
