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
          average_(per_second, depth, load_),
          changes_(load_.live > 0 && load_.each > 0 && load_.hold > 0) {}

    packet_answer at(double scale, bool with_delay,
                     const detail::chain_size& size = detail::fine_chain) const {
        const double weight = of_chain(scale);
        const packet_answer average = weight < 1 ? average_.at(scale, with_delay) : packet_answer{};
        if (weight <= 0) return average;
        const packet_answer chain = by_chain(scale, with_delay, size);
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

    bool changes() const { return changes_; }
    // About the logarithm of what averages give, where the number live changes.
    double about(double scale) const { return average_.about(scale); }
    bool asks_chain(double scale) const { return of_chain(scale) > 0; }
    double rough(double scale) const { return average_.at(scale, false).log_refusal; }

  private:
    packet_answer by_chain(double scale, bool with_delay, const detail::chain_size& size) const {
        const packet_answer found = detail::packets_by_chain(
            limit_, depth_, {load_.opening * scale, load_.live * scale, load_.each, load_.hold},
            with_delay, size);
        constexpr double rarest = 1e-280;  // of which it has the digits
        if (found.refusal > rarest) return found;
        packet_answer out = average_.at(scale, with_delay);  // an upper estimate
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
    bool changes_;
};

}  // namespace

packet_answer packet_limit(double per_second, std::uint64_t depth, const packet_load& load) {
    check(per_second, depth, load);
    return limit_on_packets(per_second, depth, load).at(1, true);
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
    // how it changes with the logarithm of the scale, about
    const auto slope = [&](double scale) {
        constexpr double apart = 1e-3;
        return (limit.about(scale * (1 + apart)) - limit.about(scale)) / apart;
    };
    // the scale at which a formula comes to so much
    const auto at_which = [&](double log, double from, const auto& formula) {
        const auto falls = [&](double log_scale) { return log - formula(std::exp(log_scale)); };
        if (limit.changes()) {
            const auto found =
                detail::falling_root_near(std::log(from), -slope(from), falls, near / 3, 1);
            if (found && std::exp(*found) > low && std::exp(*found) < high) return std::exp(*found);
        }
        return detail::most_real_to_meet("scale_for_packets", target, low, high, from,
                                         [&](double scale) {
                                             const double above = formula(scale) - log;
                                             return std::abs(above) < near ? 0 : above;
                                         });
    };
    const auto log_refusal = [&](const detail::chain_size& size) {
        return [&](double scale) { return limit.at(scale, false, size).log_refusal; };
    };
    const auto exact = log_refusal(detail::fine_chain);
    const double wanted = std::log(target);
    double from = guess;
    if (limit.changes() && limit.about(guess) > wanted)
        from = std::exp(detail::falls_through(
            std::log(low), std::log(guess),
            [&](double log_scale) { return wanted - limit.about(std::exp(log_scale)); }, 1e-2));
    from = at_which(wanted, from, [&](double scale) { return limit.rough(scale); });
    if (!limit.asks_chain(from)) return from;
    // A fine chain's answer is near to a line in a coarse one's, which costs little to invert.
    const auto coarse = log_refusal(detail::coarse_chain);
    double asked = wanted, steep = 1, last = 0, last_asked = 0;
    for (int i = 0; i < 8 && asked < wanted / 2; ++i) {  // the coarse one may come to no more
        // from where a line leads that is about right
        if (i > 0) from *= std::exp((asked - last_asked) / slope(from));
        from = at_which(asked, from, coarse);
        const double above = exact(from) - wanted;
        if (std::abs(above) < 10 * near) return from;
        if (i > 0 && above != last) steep = (above - last) / (asked - last_asked);
        if (!(steep > 0.1 && steep < 10)) break;
        // as secants do, the next leaves about that of it
        const bool sure = i > 0 && std::abs(last) < 0.3 && above * above < near * std::abs(last);
        last = above;
        last_asked = asked;
        asked -= above / steep;
        if (sure)
            return at_which(asked, from * std::exp((asked - last_asked) / slope(from)), coarse);
    }
    return at_which(wanted, from, exact);
}

}  // namespace natbound::calculator
