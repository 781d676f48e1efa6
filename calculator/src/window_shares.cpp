#include "window_shares.hpp"

#include <algorithm>
#include <cmath>

namespace natbound::calculator::detail {
namespace {

// Parts of a window, and at each the pattern y = ln(ln pi(k) / (k ln u)) at k = part x window, as
// it was simulated: 0 where ports are busy independently. Rows of one law and window go by
// ascending u.
constexpr std::array<double, 12> parts = {0.0625, 0.125, 0.25, 0.375, 0.5, 0.625,
                                          0.75,   0.875, 1,    1.25,  1.5, 2};
struct pattern {
    int constant;       // the law of holds
    double window;      // 8, 16 .. 256
    double values[13];  // ln(u / (1 - u)), then y of each part
};
constexpr pattern patterns[] = {
#include "window_patterns.inc"
};

// The polynomial through up to four places, as the weights of their values at x.
using four = std::array<double, 4>;
four through(const four& at, std::size_t count, double x) {
    four out{};
    for (std::size_t i = 0; i < count; ++i) {
        out[i] = 1;
        for (std::size_t j = 0; j < count; ++j)
            if (j != i) out[i] *= (x - at[j]) / (at[i] - at[j]);
    }
    return out;
}

// Of ascending places, the first of the four about x.
template <class Place>
std::size_t four_about(std::size_t count, double x, Place place) {
    std::size_t i = 0;
    while (i + 4 < count && place(i + 2) < x) ++i;
    return i;
}

// The rows of one law and window.
struct window_rows {
    const pattern* first;
    std::size_t count;
    double window() const { return first->window; }
    double lowest() const { return first->values[0]; }
    double highest() const { return first[count - 1].values[0]; }

    // y of each part at t = ln(u / (1 - u)).
    std::array<double, 12> at(double t) const {
        const auto from = four_about(count, t, [&](std::size_t i) { return first[i].values[0]; });
        four places{};
        for (std::size_t i = 0; i < 4; ++i) places[i] = first[from + i].values[0];
        const auto weights = through(places, 4, t);
        std::array<double, 12> out{};
        for (std::size_t i = 0; i < 4; ++i)
            for (std::size_t p = 0; p < 12; ++p)
                out[p] += weights[i] * first[from + i].values[p + 1];
        return out;
    }
};

std::vector<window_rows> rows_of(bool constant) {
    std::vector<window_rows> out;
    for (const auto& row : patterns) {
        if ((row.constant != 0) != constant) continue;
        if (out.empty() || out.back().window() != row.window)
            out.push_back({&row, 1});
        else
            ++out.back().count;
    }
    return out;
}

const std::vector<window_rows>& table_of(bool constant) {
    static const std::array<std::vector<window_rows>, 2> tables = {rows_of(false), rows_of(true)};
    return tables[constant ? 1 : 0];
}

}  // namespace

window_shares::window_shares(double window, window_hold hold)
    : window_(window), constant_(hold == window_hold::constant) {
    // over the root of the part of a window, with pi(1) = u as one more part
    std::vector<double> roots{std::sqrt(1 / window)};
    for (std::size_t p = 0; p < parts.size(); ++p) {
        if (parts[p] * window < 1.5) continue;
        roots.push_back(std::sqrt(parts[p]));
        parts_.push_back(p);
    }
    for (std::size_t k = 2; k <= static_cast<std::size_t>(2 * window); ++k) {
        const double root = std::sqrt(static_cast<double>(k) / window);
        const auto at = four_about(roots.size(), root, [&](std::size_t i) { return roots[i]; });
        lengths_.push_back(
            {at, through({roots[at], roots[at + 1], roots[at + 2], roots[at + 3]}, 4, root)});
    }
}

const std::vector<double>& window_shares::at(double u) {
    full_.clear();
    if (!(u > 0 && u < 1)) return full_;
    const double t = std::log(u / (1 - u));
    std::vector<window_rows> here;  // that were simulated at such a u
    for (const auto& rows : table_of(constant_))
        if (rows.lowest() <= t + 1e-3 && t <= rows.highest()) here.push_back(rows);
    if (here.size() < 2 || window_ < here.front().window() || window_ > here.back().window())
        return full_;
    const auto from =
        four_about(here.size(), window_, [&](std::size_t i) { return here[i].window(); });
    const std::size_t used = std::min<std::size_t>(4, here.size());
    four places{};
    for (std::size_t i = 0; i < used; ++i) places[i] = std::log2(here[from + i].window());
    const auto weights = through(places, used, std::log2(window_));
    std::array<double, 12> found{};
    for (std::size_t i = 0; i < used; ++i) {
        const auto one = here[from + i].at(t);
        for (std::size_t p = 0; p < 12; ++p) found[p] += weights[i] * one[p];
    }
    std::array<double, 13> y{};
    for (std::size_t i = 0; i < parts_.size(); ++i) y[i + 1] = found[parts_[i]];
    const auto seen = static_cast<std::size_t>(2 * window_);
    const double log_u = std::log(u);
    full_.resize(4 * seen + 1);
    full_[0] = 1;
    full_[1] = u;
    for (std::size_t k = 2; k <= seen; ++k) {
        const auto& [first, w] = lengths_[k - 2];
        double sum = 0;
        for (std::size_t i = 0; i < 4; ++i) sum += w[i] * y[first + i];
        full_[k] = std::exp(static_cast<double>(k) * log_u * std::exp(sum));
    }
    const double falls = full_[seen] / full_[seen - 1];  // rare, and nearly geometric
    for (std::size_t k = seen + 1; k < full_.size(); ++k) full_[k] = full_[k - 1] * falls;
    return full_;
}

}  // namespace natbound::calculator::detail
