#include "queue_curve.hpp"

#include <algorithm>
#include <array>
#include <cmath>
#include <cstddef>
#include <limits>
#include <map>
#include <natbound/calculator/finite_queue.hpp>

#include "logarithms.hpp"

namespace natbound::calculator::detail {
namespace {
constexpr double deepest = 512;  // of what is computed step by step
}

double decay(double load) {
    if (load <= 0) return std::numeric_limits<double>::infinity();
    const double gap = std::log(load);
    if (std::abs(gap) < 1e-8) return -2 * gap;
    // e^x - 1 - x / load is convex: Newton from beyond the root
    double x = load < 1 ? -2 * gap : -load;
    for (int i = 0; i < 100; ++i) {
        const double step = (std::expm1(x) - x / load) / (std::exp(x) - 1 / load);
        x -= step;
        if (!(std::abs(step) > 1e-13 * std::abs(x))) break;
    }
    return x;
}

falling falling_levels(double fall, double last) {
    const double steep = std::abs(fall), all = steep * (last + 1);
    if (all < 1e-4)
        return {-std::log1p(last) - fall * last / 2, last / 2 - fall * last * (last + 2) / 12};
    const double end = std::log(-std::expm1(-steep)) - std::log(-std::expm1(-all));
    const double mean = 1 / std::expm1(steep) - (last + 1) / std::expm1(all);
    return fall > 0 ? falling{end - fall * last, mean} : falling{end, last - mean};
}

queue_curve::queue_curve(std::uint64_t depth)
    : deep_(static_cast<double>(depth)),
      farthest_(static_cast<int>(std::asinh(21 * deep_) / step) + 1),
      points_(2 * static_cast<std::size_t>(farthest_) + 1) {}

bool queue_curve::full(double load) const { return (load - 1) * deep_ > 60 && load > 1.02; }

std::pair<double, double> queue_curve::at(double load) {
    if (load <= 0) return {log_zero, 1};
    if (full(load)) return {std::log1p(-1 / load), deep_};
    return between(std::asinh(deep_ * std::log(load)));
}

double queue_curve::log_loss(double y, double load) {
    return full(load) ? std::log1p(-1 / load) : between(y).first;
}

std::pair<double, double> queue_curve::between(double y) {
    const double at = y / step, cell = std::floor(at), x = at - cell;
    // Lagrange's weights
    const std::array<double, 4> weights = {-x * (x - 1) * (x - 2) / 6,
                                           (x + 1) * (x - 1) * (x - 2) / 2,
                                           -(x + 1) * x * (x - 2) / 2, (x + 1) * x * (x - 1) / 6};
    std::pair<double, double> out{0, 0};
    const int first = static_cast<int>(cell) - 1;
    for (int i = 0; i < 4; ++i) {
        const auto point = known(first + i);
        out.first += weights[static_cast<std::size_t>(i)] * point.first;
        out.second += weights[static_cast<std::size_t>(i)] * point.second;
    }
    return {std::min(out.first, 0.0), std::clamp(out.second, 1.0, deep_)};
}

std::pair<double, double> queue_curve::known(int i) {
    if (i < -farthest_ || i > farthest_) return computed(i);  // soon done
    auto& kept = points_[static_cast<std::size_t>(std::ptrdiff_t{i} + farthest_)];
    if (kept.second == 0) kept = computed(i);
    return kept;
}

std::pair<double, double> queue_curve::computed(int i) const {
    const double load = std::exp(std::sinh(i * step) / deep_);
    if (load < 1e-9) return {deep_ * std::log(load), 1};  // less than so many in one service
    if (load > 90) return {std::log1p(-1 / load), deep_};
    const double near = std::min(deep_, deepest);
    const auto found = finite_queue(service::constant, static_cast<std::uint64_t>(near), load);
    if (near == deep_) return {found.log_loss, found.delay};
    const double fall = decay(load);
    const auto all = falling_levels(fall, deep_), part = falling_levels(fall, near);
    return {found.log_loss + all.log_top - part.log_top, found.delay + all.mean - part.mean};
}

std::shared_ptr<queue_curve> curve_of(std::uint64_t depth) {
    constexpr std::size_t most = 16;
    thread_local std::map<std::uint64_t, std::shared_ptr<queue_curve>> kept;
    const auto it = kept.find(depth);
    if (it != kept.end()) return it->second;
    if (kept.size() >= most) kept.clear();
    return kept.try_emplace(depth, std::make_shared<queue_curve>(depth)).first->second;
}

}  // namespace natbound::calculator::detail
