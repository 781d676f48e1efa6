#pragma once
// The rank of a port in a range of a plan.
#include <optional>

#include "natbound/model/plan.hpp"

namespace natbound::detail {

// Nothing where the range does not have it.
inline std::optional<std::uint64_t> rank_of(port p, const port_range_plan& range) {
    if (range.step > 0 && range.ports.contains(p)) return (p - range.lowest) / range.step;
    if (const auto rank = range.ports.rank(p)) return static_cast<std::uint64_t>(*rank);
    return std::nullopt;
}

}  // namespace natbound::detail
