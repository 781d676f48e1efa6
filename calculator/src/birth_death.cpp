// One pass over all states. Weights are double-double with a common power of two beside them.
#include <algorithm>
#include <cmath>
#include <limits>
#include <natbound/calculator/birth_death.hpp>

#include "argument.hpp"
#include "double_double.hpp"

namespace natbound::calculator {
namespace {

using detail::double_double;

constexpr double block_log = 512 * 0.69314718055994530942;

// A number m 2^(512 blocks), m near 1.
struct scaled {
    double_double m{};
    std::int64_t blocks = 0;

    void settle() {
        while (m.high > 0x1p256) shift(0x1p-512, 1);
        while (m.high < 0x1p-256 && m.high > 0) shift(0x1p512, -1);
    }
    void shift(double factor, int by) {
        m = {m.high * factor, m.low * factor};
        blocks += by;
    }
    void add(const scaled& x) {
        if (x.m.high == 0) return;
        if (m.high == 0 || x.blocks > blocks + 2) {
            *this = x;
        } else if (x.blocks >= blocks - 2) {
            // Up to 2^-1024 x 2^256 apart: ldexp loses only what the sum could not hold.
            const int by = static_cast<int>(512 * (x.blocks - blocks));
            if (by > 0) {
                m = {std::ldexp(m.high, -by), std::ldexp(m.low, -by)};
                blocks = x.blocks;
                m = m + x.m;
            } else {
                m = m + double_double{std::ldexp(x.m.high, by), std::ldexp(x.m.low, by)};
            }
        }
        settle();
    }
    double log() const { return static_cast<double>(blocks) * block_log + std::log(m.high); }
};

double quotient(const scaled& a, const scaled& b) {
    if (a.m.high == 0) return 0;
    const auto by = std::max<std::int64_t>(512 * (a.blocks - b.blocks), -4096);
    return std::ldexp(a.m.high / b.m.high, static_cast<int>(by));
}

double log_quotient(const scaled& a, const scaled& b) {
    if (a.m.high == 0) return -std::numeric_limits<double>::infinity();
    const double share = quotient(a, b);
    return share > 0.5 ? std::log(share)
                       : static_cast<double>(a.blocks - b.blocks) * block_log +
                             std::log(a.m.high / b.m.high);
}

}  // namespace

birth_death_answer birth_death(std::uint64_t ports, double load, const refusal_law& refusal) {
    detail::require(ports <= 1ULL << 32, "birth_death", "ports", static_cast<double>(ports),
                    "must be at most 2^32");
    detail::require(detail::finite_and_not_negative(load), "birth_death", "load", load,
                    detail::rule_not_negative);
    scaled weight{{1, 0}, 0}, total, refused, accepted, live;
    for (std::uint64_t n = 0; n <= ports; ++n) {
        const double r = n < ports ? refusal(n) : 1;
        detail::require(r >= 0 && r <= 1, "birth_death", "refusal", r, "must lie within [0, 1]");
        total.add(weight);
        refused.add({weight.m * double_double{r, 0}, weight.blocks});
        accepted.add({weight.m * detail::two_sum(1, -r), weight.blocks});
        live.add({weight.m * double_double{static_cast<double>(n), 0}, weight.blocks});
        if (n == ports || r == 1 || load == 0) {
            if (n < ports) weight.m = {};
            break;
        }
        const double_double birth = double_double{load, 0} * detail::two_sum(1, -r);
        weight.m = weight.m * (birth / double_double{static_cast<double>(n + 1), 0});
        weight.settle();
    }
    const double share = quotient(refused, total);
    const double log_share =
        share > 0.5 ? std::log1p(-quotient(accepted, total)) : log_quotient(refused, total);
    return {share, log_share, log_quotient(weight, total), quotient(live, total)};
}

}  // namespace natbound::calculator
