#include "window_search.hpp"

#include <array>
#include <cmath>

namespace natbound::calculator::detail {

double window_search::log_failing_at(int number, double ports) {
    const double busy = 1 / (1 + std::exp(-step * number));
    if (one_round_) {
        const double full = shares_.first_full(busy);
        return full > 0 ? std::log(full) : number > 0 ? HUGE_VAL : -HUGE_VAL;
    }
    const auto [it, fresh] = places_.try_emplace(number);
    if (fresh) {
        const auto& rows = shares_.at(busy);
        if (!rows.full.empty()) it->second = rounds_.among(rows);
    }
    if (it->second.shares.empty()) return number > 0 ? HUGE_VAL : -HUGE_VAL;
    return std::log(rounds_.failing(ports, it->second).share);
}

double rough_search::at(int number) const {
    if (number < lowest) return -HUGE_VAL;
    const auto place = static_cast<std::size_t>(number - lowest);
    if (place >= places) return HUGE_VAL;
    double& found = known_[place];
    if (found == HUGE_VAL) found = search_->log_failing_at(number, ports_);
    return found;
}

double rough_search::log_failing(double busy) const {
    if (!(busy > 0)) return -HUGE_VAL;
    if (!(busy < 1)) return HUGE_VAL;
    const double where = std::log(busy / (1 - busy)) / window_search::step;
    const double below = std::floor(std::fmin(std::fmax(where, -1e6), 1e6));
    const double x = where - below;
    const int first = static_cast<int>(below);
    const double b = at(first), c = at(first + 1);
    if (!std::isfinite(b) || !std::isfinite(c)) return std::isfinite(b) ? c : b;
    const double a = at(first - 1), d = at(first + 2);
    const double line = b + x * (c - b);
    if (!std::isfinite(a) || !std::isfinite(d)) return line;
    // the cubic through all four
    const double second = a - 2 * b + c, third = d - 3 * c + 3 * b - a;
    return line + x * (x - 1) / 2 * (second + (x + 1) / 3 * third);
}

}  // namespace natbound::calculator::detail
