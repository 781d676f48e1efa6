#pragma once
// A full system long after a fall, where that has become so unlikely that the transform's sum loses
// it.
#include <cstdint>
#include <natbound/calculator/occupancy.hpp>
#include <optional>

namespace natbound::calculator::detail {

// log P(all ports busy at t), by uniformization like transient_steps.hpp but for numbers of any
// size: all terms are positive, so that each keeps its digits. Nothing where it would take more
// than some seconds, or load / ports is next to the least double.
std::optional<double> log_full_by_steps(std::uint64_t ports, double load, const occupancy& start,
                                        double t);

}  // namespace natbound::calculator::detail
