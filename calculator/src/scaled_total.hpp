#pragma once
// Sums of times that grow beyond the largest double: a common power of two is taken out.
#include <algorithm>
#include <cmath>
#include <cstdint>
#include <natbound/calculator/first_passage.hpp>

namespace natbound::calculator::detail {

struct scaled_total {
    double unit = 1;  // 1, in the scale of the moment
    double last = 0, total = 0;
    std::int64_t twos = 0;

    // last = (1 + count last) / rate, for a count below 2^33 and any rate above 0
    void step(double count, double rate) {
        last = unit + count * last;
        if (rate < 0x1p-64) {  // no double may hold the quotient: its power is taken out at once
            int exponent = 0;
            last /= std::frexp(rate, &exponent);
            take_out(-exponent);
        } else {
            last /= rate;
        }
        if (last >= 0x1p600 || total >= 0x1p600) {
            last = std::ldexp(last, -512);
            take_out(512);
        }
    }
    passage_time time() const {
        const double log_mean =
            std::log(total) + static_cast<double>(twos) * 0.69314718055994530942;
        return {std::ldexp(total, static_cast<int>(std::min<std::int64_t>(twos, 4096))), log_mean};
    }

  private:
    void take_out(int by) {  // `last` has been brought to the new scale
        unit = std::ldexp(unit, -by);
        total = std::ldexp(total, -by);
        twos += by;
    }
};

}  // namespace natbound::calculator::detail
