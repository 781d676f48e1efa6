#pragma once
// A number >= 0 as m 2^(512 e) with 2^-256 <= m < 2^256 (or 0), so that weights of states which
// differ by thousands of powers of ten can be added up: sums of positive terms, hence a relative
// error of one rounding an operation.
#include <cmath>
#include <cstdint>
#include <limits>

namespace natbound::calculator::detail {

inline constexpr double scaled_block_log = 512 * 0.69314718055994530942;

struct scaled {
    double m = 0;
    std::int64_t e = 0;

    scaled() = default;
    explicit scaled(double value) : m(value) { settle(); }
    scaled(double mantissa, std::int64_t blocks) : m(mantissa), e(blocks) { settle(); }

    scaled& operator+=(const scaled& x) {
        if (x.m == 0) return *this;
        if (m == 0 || x.e > e + 1) return *this = x;
        if (x.e < e - 1) return *this;
        if (x.e == e) {
            m += x.m;
        } else if (x.e < e) {
            m += x.m * 0x1p-512;
        } else {
            m = m * 0x1p-512 + x.m;
            e = x.e;
        }
        settle();
        return *this;
    }
    friend scaled operator+(scaled a, const scaled& b) { return a += b; }

    friend scaled operator*(const scaled& a, const scaled& b) { return {a.m * b.m, a.e + b.e}; }
    // The factor within 1e-150 .. 1e150, or 0.
    friend scaled operator*(const scaled& a, double factor) { return {a.m * factor, a.e}; }

    double log() const {
        if (m == 0) return -std::numeric_limits<double>::infinity();
        return static_cast<double>(e) * scaled_block_log + std::log(m);
    }

  private:
    void settle() {
        while (m >= 0x1p256) {
            m *= 0x1p-512;
            ++e;
        }
        while (m < 0x1p-256 && m > 0) {
            m *= 0x1p512;
            --e;
        }
    }
};

// a/b for b > 0: 0 or infinity where a double has no room.
inline double quotient(const scaled& a, const scaled& b) {
    if (a.m == 0) return 0;
    const double by = 512 * static_cast<double>(a.e - b.e);
    return std::ldexp(a.m / b.m, static_cast<int>(by < -4096 ? -4096 : by > 4096 ? 4096 : by));
}

inline double log_quotient(const scaled& a, const scaled& b) {
    if (a.m == 0) return -std::numeric_limits<double>::infinity();
    return static_cast<double>(a.e - b.e) * scaled_block_log + std::log(a.m / b.m);
}

}  // namespace natbound::calculator::detail
