// Scaling what was found of NATs side by side to the cascade's own traffic.
#include "stages.hpp"

#include <algorithm>
#include <cmath>

#include "natbound/calculator/traffic.hpp"
#include "natbound/model/cascade.hpp"
#include "natbound/model/error.hpp"

namespace natbound::calculator::detail {
namespace {

constexpr double next_to_nothing = 1e-6;
constexpr const char* drawn =
    "a client set that is inside several NATs sends an even part of its traffic through each";
constexpr const char* by_itself =
    "each NAT of the cascade by itself: what an inner one refuses is counted on at the outer one, "
    "which sees the inner one's ports as drawn evenly";

}  // namespace

cascade_shares::cascade_shares(const scenario& s) : flat(side_by_side(s)), stages(stages_of(s)) {
    for (std::size_t i = 0; i < s.traffic.size(); ++i)
        if (s.traffic[i].arrivals)
            throw unsupported("traffic[" + std::to_string(i) +
                              "].arrivals: bursts that pass NATs inside one another, or are spread "
                              "over several, are not modelled yet");
    const auto own = fill_traffic(s), all = fill_traffic(flat);
    if (!own.given) assumed = {own.assumed.front()};
    load = own.load() / all.load();
    rate = own.rate() / all.rate();
}

likely_result over_stages(likely_result sum, const likely_result& largest,
                          const cascade_shares& shares) {
    auto out = std::move(sum);
    out.epsilon = largest.epsilon;
    out.exact = out.exact && shares.stages == 1;
    out.assumed.emplace_back(shares.stages == 1 ? drawn : by_itself);
    out.assumed.insert(out.assumed.end(), shares.assumed.begin(), shares.assumed.end());
    if (out.load) *out.load *= shares.load;
    out.low *= shares.load;
    out.high = std::max(out.high, largest.high) * shares.load;
    if (out.average) *out.average *= shares.load;
    if (out.worst_assignment) *out.worst_assignment *= shares.load;
    for (auto& k : out.kinds)
        if (k.likely) *k.likely *= shares.load;
    over_stages(out.points, shares);
    return out;
}

risk_result over_stages(risk_result side_by_side, const cascade_shares& shares) {
    auto out = std::move(side_by_side);
    out.load *= shares.load;
    out.rate *= shares.rate;
    // refusals at all stages, of connections that count once
    auto& all = out.overall;
    all.value = std::min(1.0, all.value / shares.rate);
    all.high = std::min(1.0, all.high / shares.rate);
    all.low = std::min(1.0, all.low / shares.rate / shares.stages);
    all.log = std::min(0.0, all.log - std::log(shares.rate));
    // an inner one leaves less for those further on
    double most = 0;
    for (auto& one : out.refused_by) {
        one.value /= shares.rate;
        one.high = std::min(1.0, one.high / shares.rate);
        one.low /= shares.rate;
        most += one.high;
    }
    // where all but one are next to nothing, that one meets what it would meet alone
    for (const auto& one : out.refused_by)
        if (most - one.high <= next_to_nothing * one.value)
            all.low = std::max(all.low, std::min(one.low, all.value));
    if (shares.stages > 1)
        for (auto& one : out.refused_by)
            one.low = std::clamp(all.low - (most - one.high), 0.0, std::min(one.low, one.value));
    for (auto* one : {&out.worst, &out.failing})
        one->high = std::min(1.0, one->high * shares.stages);
    out.exact = out.exact && shares.stages == 1;
    out.full_probability.reset();
    out.assumed.emplace_back(shares.stages == 1 ? drawn : by_itself);
    out.assumed.insert(out.assumed.end(), shares.assumed.begin(), shares.assumed.end());
    return out;
}

void over_stages(std::vector<load_point>& points, const cascade_shares& shares) {
    for (auto& p : points) p.load *= shares.load;
}

}  // namespace natbound::calculator::detail
