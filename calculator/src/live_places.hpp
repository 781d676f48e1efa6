#pragma once
// Numbers of live connections at equal strides, for sums over them and chains through them.
#include <cstddef>
#include <natbound/calculator/packet_limit.hpp>
#include <vector>

#include "queue_curve.hpp"

namespace natbound::calculator::detail {

struct live_places {
    std::vector<double> n;
    double stride = 1;       // 1: every number
    std::size_t common = 0;  // one where the number live often is
};

// Where the number live is and where it goes while packets are lost; rates in the limit's, `curve`
// that of what is lost at a rate that stays. live and each above 0.
// About `most` of them, or as many as there are numbers. from_none: every number where few are
// live, however many these are: strides from 0 would have steps, of up to 17 % of a sum, where the
// bend that they go by moves.
inline constexpr double most_places = 56;
live_places places_of(const packet_load& load, queue_curve& curve, double most = most_places,
                      bool from_none = false);

// Rate per stride of a walk that takes single steps at such rates, until it is one stride away and
// went there upwards.
double strides_up(double up, double down, double stride);

}  // namespace natbound::calculator::detail
