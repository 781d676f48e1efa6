#pragma once
// How many ports in a row a search of one window leaves busy: pi(k), the share of k successive
// ports that are all busy, at a share u of busy ports. Simulated once (window_patterns.inc) and
// interpolated; what the interpolation owes to the window alone is worked out once.
#include <array>
#include <cstdint>
#include <vector>

#include "natbound/calculator/window_loss.hpp"

namespace natbound::calculator::detail {

class window_shares {
  public:
    window_shares(double window, window_hold hold);

    // pi(k) for k = 0 .. 8 windows. Empty where that u was not simulated.
    const std::vector<double>& at(double u);

  private:
    // Of a length, the four known values that it is interpolated by, and their weights.
    struct between {
        std::size_t from;
        std::array<double, 4> weights;
    };
    double window_;
    bool constant_;
    std::vector<std::size_t> parts_;  // of the table's that are used
    std::vector<between> lengths_;    // 2 .. 2 windows
    std::vector<double> full_;
};

}  // namespace natbound::calculator::detail
