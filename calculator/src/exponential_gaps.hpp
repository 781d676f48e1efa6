#pragma once
// Exponential numbers of mean 1 by the ziggurat (G. Marsaglia and W. W. Tsang, J. Stat. Software 5
// (2000) issue 8), for what happens so often that a logarithm each would be most of the work: the
// density lies under 256 strips of one area, and 99 of 100 draws end within a strip's full part.
#include <array>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <natbound/model/random.hpp>

namespace natbound::calculator::detail {

class exponential_gaps {
  public:
    static const exponential_gaps& shared() {
        static const exponential_gaps all;
        return all;
    }

    double draw(random_bits& random) const {
        for (double passed = 0;;) {
            // which strip, and how far along, by bits of their own
            const std::uint64_t bits = random.next();
            const auto strip = static_cast<std::size_t>(bits & (strips - 1));
            const double x = static_cast<double>(bits >> 11U) * 0x1p-53 * right_[strip];
            if (x < right_[strip + 1]) return passed + x;
            if (strip == 0) {  // beyond the strips all begins anew
                passed += right_[1];
                continue;
            }
            const double between = random.unit() * (height_[strip + 1] - height_[strip]);
            if (height_[strip] + between < std::exp(-x)) return passed + x;
        }
    }

  private:
    static constexpr std::size_t strips = 256;

    // Strip 0 is the lowest, with the tail: as wide as a box of its area would be.
    exponential_gaps() {
        constexpr double tail = 7.69711747013104972;  // where 256 strips of one area end at 0
        const double area = (tail + 1) * std::exp(-tail);
        right_[0] = area * std::exp(tail);
        right_[1] = tail;
        for (std::size_t i = 2; i < strips; ++i)
            right_[i] = -std::log(area / right_[i - 1] + std::exp(-right_[i - 1]));
        for (std::size_t i = 0; i < height_.size(); ++i) height_[i] = std::exp(-right_[i]);
    }

    std::array<double, strips + 1> right_{}, height_{};
};

}  // namespace natbound::calculator::detail
