#include <algorithm>
#include <cmath>
#include <natbound/calculator/packet_limit.hpp>

#include "argument.hpp"
#include "monotone.hpp"
#include "packet_average.hpp"
#include "packet_chain.hpp"

namespace natbound::calculator {
namespace {

constexpr const char* name = "packet_limit";

void check(double per_second, std::uint64_t depth, const packet_load& load) {
    detail::require(per_second > 0 && per_second <= 1e12, name, "per_second", per_second,
                    "must be above 0 and at most 1e12");
    detail::require(depth >= 1, name, "depth", static_cast<double>(depth), "must be at least 1");
    for (const auto& [what, value] :
         {std::pair{"opening", load.opening}, std::pair{"live", load.live},
          std::pair{"each", load.each}, std::pair{"hold", load.hold}})
        detail::require(value >= 0 && value <= 1e15, name, what, value,
                        "must be at least 0 and at most 1e15");
    detail::require(load.rate() > 0, name, "opening", load.opening,
                    "or live and each must be above 0");
}

// The packet that opens a connection is followed by its others, which the rate of those that are
// live does not say. It adds to the covariance of packets, at any distance, as much as a larger
// rate of each would, and is counted so.
packet_load with_openings_joined(const packet_load& load) {
    if (load.live <= 0 || load.each <= 0 || load.hold <= 0) return load;
    const double joined = std::min(load.opening / load.live, 1 / load.hold);
    const double each = std::sqrt(load.each * (load.each + joined));
    const double moved = load.live * (each - load.each);
    return {std::max(0.0, load.opening - moved), load.live, each, load.hold};
}

class limit_on_packets {
  public:
    limit_on_packets(double per_second, std::uint64_t depth, const packet_load& load)
        : limit_(per_second),
          depth_(static_cast<double>(depth)),
          load_(with_openings_joined(load)),
          average_(per_second, depth, load_) {}

    packet_answer at(double scale) const {
        const double weight = of_chain(scale);
        const packet_answer average = weight < 1 ? rough(scale) : packet_answer{};
        if (weight <= 0) return average;
        const packet_answer chain = by_chain(scale);
        if (weight >= 1) return chain;
        const auto between = [&](double a, double b) { return a + weight * (b - a); };
        packet_answer out;
        out.log_refusal = between(average.log_refusal, chain.log_refusal);
        out.refusal = std::exp(out.log_refusal);
        out.loss = average.loss > 0 && chain.loss > 0
                       ? std::exp(between(std::log(average.loss), std::log(chain.loss)))
                       : between(average.loss, chain.loss);
        out.delay = between(average.delay, chain.delay);
        return out;
    }

    packet_answer rough(double scale) const { return average_.at(scale); }

  private:
    packet_answer by_chain(double scale) const {
        const packet_answer found = detail::packets_by_chain(
            limit_, depth_, {load_.opening * scale, load_.live * scale, load_.each, load_.hold});
        constexpr double rarest = 1e-280;  // of which it has the digits
        if (found.refusal > rarest) return found;
        packet_answer out = rough(scale);  // an upper estimate
        out.refusal = std::min(out.refusal, rarest);
        out.log_refusal = std::min(out.log_refusal, std::log(rarest));
        out.loss = std::min(out.loss, rarest);
        return out;
    }

    // How much of the answer is the chain's: none where the number live hardly changes while a
    // bucket runs empty, nor where hardly any of those live sends more than one packet.
    double of_chain(double scale) const {
        constexpr double slow = 0.02, few = 1e-7;
        if (!(load_.live * scale > 0) || !(load_.each * load_.hold > few)) return 0;
        return std::clamp(std::log2(average_.holds_to_empty(scale) / slow), 0.0, 1.0);
    }

    double limit_, depth_;
    packet_load load_;
    detail::packet_average average_;
};

}  // namespace

packet_answer packet_limit(double per_second, std::uint64_t depth, const packet_load& load) {
    check(per_second, depth, load);
    return limit_on_packets(per_second, depth, load).at(1);
}

double scale_for_packets(double per_second, std::uint64_t depth, const packet_load& load,
                         double target) {
    check(per_second, depth, load);
    detail::require_target("scale_for_packets", target);
    const limit_on_packets limit(per_second, depth, load);
    // around the scale at which the mean rate is the limit; of those that open at most the target
    // are refused, and just these send no more
    const double middle = per_second / load.rate();
    const double kept = load.opening + load.live * load.each * (1 - target);
    const double low = middle * 1e-13, high = middle * 6 / (1 - target) * load.rate() / kept;
    const double guess = middle * load.rate() / kept * (target < 0.1 ? 1 : 1 / (1 - target));
    constexpr double near = 1e-6;  // finer than the formula
    // the scale at which a formula comes to so much
    const auto at_which = [&](double log, double from, const auto& formula) {
        return detail::most_real_to_meet("scale_for_packets", target, low, high, from,
                                         [&](double scale) {
                                             const double above = formula(scale) - log;
                                             return std::abs(above) < near ? 0 : above;
                                         });
    };
    const auto rough = [&](double scale) { return limit.rough(scale).log_refusal; };
    const auto exact = [&](double scale) { return limit.at(scale).log_refusal; };
    // The chain's answer is near to a line in the average's, which costs little to invert.
    const double wanted = std::log(target);
    const double most = rough(high);
    double asked = wanted, slope = 1, last = 0, last_asked = 0, from = guess;
    for (int i = 0; i < 8 && asked < most; ++i) {
        from = at_which(asked, from, rough);
        const double above = exact(from) - wanted;
        if (std::abs(above) < 10 * near) return from;
        if (i > 0 && above != last) slope = (above - last) / (asked - last_asked);
        if (!(slope > 0.1 && slope < 10)) break;
        last = above;
        last_asked = asked;
        asked -= above / slope;
    }
    return at_which(wanted, from, exact);
}

}  // namespace natbound::calculator
