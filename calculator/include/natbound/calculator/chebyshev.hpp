#pragma once
// A smooth function on 0 .. length, kept as its values at 32 Chebyshev points. What is analytic as
// far beyond each end as the interval is long is right to 1e-16 of its largest value. J.-P. Berrut,
// L. N. Trefethen, SIAM Review 46 (2004) 501.
#include <array>
#include <cmath>
#include <cstddef>

namespace natbound::calculator {

class chebyshev {
  public:
    template <class F>
    chebyshev(double length, const F& f) {
        constexpr double pi = 3.14159265358979323846;
        for (std::size_t i = 0; i < count; ++i) {
            points_[i] = length / 2 * (1 + std::cos(pi * static_cast<double>(i) / (count - 1)));
            values_[i] = f(points_[i]);
        }
    }

    double operator()(double x) const {
        double above = 0, below = 0;
        for (std::size_t i = 0; i < count; ++i) {
            const double gap = x - points_[i];
            if (gap == 0) return values_[i];
            double weight = (i % 2 == 0 ? 1 : -1) / gap;
            if (i == 0 || i == count - 1) weight /= 2;
            above += weight * values_[i];
            below += weight;
        }
        return above / below;
    }

  private:
    static constexpr std::size_t count = 32;
    std::array<double, count> points_{};
    std::array<double, count> values_{};
};

}  // namespace natbound::calculator
