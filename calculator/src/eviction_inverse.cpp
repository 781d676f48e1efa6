// How large a table must be, and how much it takes, so that few connections are cut: with more
// entries, or fewer opened, an entry stays longer without a packet.
#include <cmath>
#include <natbound/calculator/eviction.hpp>

#include "monotone.hpp"

namespace natbound::calculator {
namespace {

double over(double size, const connection_kind& kind, double target) {
    const double cut = evicting_table(size, {kind}).cut(0);
    return detail::above(std::log(cut), target, [&] { return cut; });
}

}  // namespace

std::uint64_t size_for_cut(const connection_kind& kind, double target) {
    constexpr const char* function = "size_for_cut";
    detail::require_target(function, target);
    [[maybe_unused]] const evicting_table refuses_a_bad_kind(1, {kind});
    const double guess = std::fmin(
        std::ceil(kind.rate * (kind.life + std::fmin(10 * kind.gap, kind.closed_timeout))), 1e12);
    return detail::least_to_meet(
        function, target,
        "is not met by 1e12 entries: the idle timeout alone cuts more, or so many are live",
        {1, 1000000000000, guess, 1 + guess / 8},
        [&](std::uint64_t size) { return over(static_cast<double>(size), kind, target); });
}

double rate_for_cut(double size, const connection_kind& kind, double target) {
    constexpr const char* function = "rate_for_cut";
    detail::require_target(function, target);
    auto one = kind;
    one.rate = 1;
    [[maybe_unused]] const evicting_table refuses_a_bad_kind(size, {one});
    return detail::most_real_to_meet(
        function, target, 1e-100, 1e100,
        size / (kind.life + std::fmin(10 * kind.gap, kind.closed_timeout)), [&](double rate) {
            one.rate = rate;
            return over(size, one, target);
        });
}

}  // namespace natbound::calculator
