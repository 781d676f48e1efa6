#include "queue_curve.hpp"

#include <algorithm>
#include <array>
#include <cmath>
#include <cstddef>
#include <limits>
#include <map>
#include <natbound/calculator/finite_queue.hpp>

#include "logarithms.hpp"
#include "two_poles.hpp"

namespace natbound::calculator::detail {
namespace {
constexpr double deepest = 512;            // of what is computed step by step
constexpr double least = 1e-9, most = 90;  // loads beyond which it is plain
constexpr double unknown = 2;              // neither a logarithm of a loss nor a delay of one place
}  // namespace

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
      losses_(2 * static_cast<std::size_t>(farthest_) + 1, unknown),
      delays_(losses_.size(), unknown) {}

double queue_curve::place_of(double load) const {
    return load > 0 ? std::asinh(deep_ * std::log(load)) : log_zero;
}

bool queue_curve::full(double load) const { return (load - 1) * deep_ > 60 && load > 1.02; }

double queue_curve::log_loss(double y, double load) {
    if (load <= 0) return log_zero;
    if (load < least) return deep_ * std::log(load);  // points far beyond have no logarithm
    if (full(load)) return std::log1p(-1 / load);
    return std::min(between(losses_, &queue_curve::loss_at, y), 0.0);
}

double queue_curve::delay(double load) {
    if (load <= 0) return 1;
    if (full(load)) return deep_;
    return std::clamp(between(delays_, &queue_curve::delay_at, place_of(load)), 1.0, deep_);
}

double queue_curve::between(std::vector<double>& points, computed each, double y) const {
    const double at = y / step, cell = std::floor(at), x = at - cell;
    // Lagrange's weights, of the three points on either side
    std::array<double, 6> weights{};
    for (std::size_t i = 0; i < weights.size(); ++i) {
        constexpr std::array<double, 6> norm = {-120, 24, -12, 12, -24, 120};
        double product = 1 / norm[i];
        for (std::size_t j = 0; j < weights.size(); ++j)
            if (j != i) product *= x + 2 - static_cast<double>(j);
        weights[i] = product;
    }
    const auto known = [&](int i) {
        const auto fresh = [&] { return (this->*each)(std::exp(std::sinh(i * step) / deep_)); };
        if (i < -farthest_ || i > farthest_) return fresh();  // soon done
        double& kept = points[static_cast<std::size_t>(std::ptrdiff_t{i} + farthest_)];
        if (kept == unknown) kept = fresh();
        return kept;
    };
    double out = 0;
    for (std::size_t i = 0; i < weights.size(); ++i)
        out += weights[i] * known(static_cast<int>(cell) - 2 + static_cast<int>(i));
    return out;
}

double queue_curve::loss_at(double load) const {
    if (load < least) return deep_ * std::log(load);  // less than so many in one service
    if (load > most) return std::log1p(-1 / load);
    const two_poles poles(load);
    if (poles.suit(deep_)) return poles.log_loss(deep_);
    const double near = std::min(deep_, deepest);
    const auto found = finite_queue(service::constant, static_cast<std::uint64_t>(near), load);
    if (near == deep_) return found.log_loss;
    const double fall = decay(load);
    return found.log_loss + falling_levels(fall, deep_).log_top -
           falling_levels(fall, near).log_top;
}

double queue_curve::delay_at(double load) const {
    if (load < least) return 1;
    if (load > most) return deep_;
    const double near = std::min(deep_, deepest);
    const auto found = finite_queue(service::constant, static_cast<std::uint64_t>(near), load);
    if (near == deep_) return found.delay;
    const double fall = decay(load);
    return found.delay + falling_levels(fall, deep_).mean - falling_levels(fall, near).mean;
}

std::shared_ptr<queue_curve> curve_of(std::uint64_t depth) {
    constexpr std::size_t most_kept = 16;
    thread_local std::map<std::uint64_t, std::shared_ptr<queue_curve>> kept;
    const auto it = kept.find(depth);
    if (it != kept.end()) return it->second;
    if (kept.size() >= most_kept) kept.clear();
    return kept.try_emplace(depth, std::make_shared<queue_curve>(depth)).first->second;
}

}  // namespace natbound::calculator::detail
