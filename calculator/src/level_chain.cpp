#include "level_chain.hpp"

#include <cstddef>
#include <natbound/model/work.hpp>
#include <numeric>
#include <utility>

namespace natbound::calculator::detail {
namespace {

using row = std::vector<double>;

class square {
  public:
    explicit square(std::size_t size) : size_(size), at_(size * size) {}
    static square diagonal(const row& of) {
        square out(of.size());
        for (std::size_t i = 0; i < of.size(); ++i) out[i][i] = of[i];
        return out;
    }
    std::size_t size() const { return size_; }
    double* operator[](std::size_t i) { return at_.data() + i * size_; }
    const double* operator[](std::size_t i) const { return at_.data() + i * size_; }
    void operator+=(const square& other) {
        for (std::size_t i = 0; i < at_.size(); ++i) at_[i] += other.at_[i];
    }

  private:
    std::size_t size_;
    row at_;
};

// to += by x from
void add(double* to, double by, const double* from, std::size_t first, std::size_t end) {
    for (std::size_t j = first; j < end; ++j) to[j] += by * from[j];
}

// Four rows of b at a time, so that those of the product are read and written once for all four.
square operator*(const square& a, const square& b) {
    const std::size_t size = a.size(), whole = size - size % 4;
    square out(size);
    for (std::size_t i = 0; i < size; ++i) {
        double* const to = out[i];
        for (std::size_t k = 0; k < whole; k += 4) {
            const double w = a[i][k], x = a[i][k + 1], y = a[i][k + 2], z = a[i][k + 3];
            const double *p = b[k], *q = b[k + 1], *r = b[k + 2], *s = b[k + 3];
            for (std::size_t j = 0; j < size; ++j)
                to[j] += (w * p[j] + x * q[j]) + (y * r[j] + z * s[j]);
        }
        for (std::size_t k = whole; k < size; ++k) add(to, a[i][k], b[k], 0, size);
        poll();
    }
    return out;
}

row operator*(const row& x, const square& a) {
    row out(x.size());
    for (std::size_t i = 0; i < x.size(); ++i) add(out.data(), x[i], a[i], 0, x.size());
    return out;
}

// Mean times in each state, from each one, until the level is left, by the rates within it (what
// is on the diagonal counts for nothing) and out of it.
square stays(square within, const square& up, const square& down) {
    const std::size_t size = within.size();
    row out(size), pivot(size);
    for (std::size_t i = 0; i < size; ++i)
        out[i] = std::accumulate(up[i], up[i] + size, 0.0) +
                 std::accumulate(down[i], down[i] + size, 0.0);
    square found = square::diagonal(row(size, 1));
    for (std::size_t k = 0; k < size; ++k) {
        pivot[k] = std::accumulate(within[k] + k + 1, within[k] + size, out[k]);
        for (std::size_t i = k + 1; i < size; ++i) {
            const double part = within[i][k] / pivot[k];
            if (!(part > 0)) continue;
            add(within[i], part, within[k], k + 1, size);
            add(found[i], part, found[k], 0, k + 1);
            out[i] += part * out[k];
        }
        poll();
    }
    for (std::size_t k = size; k-- > 0;) {
        for (std::size_t j = k + 1; j < size; ++j)
            if (within[k][j] > 0) add(found[k], within[k][j], found[j], 0, size);
        for (std::size_t j = 0; j < size; ++j) found[k][j] /= pivot[k];
    }
    return found;
}

// The stationary law of a chain by its rates, but for a factor. Its first states are not the
// rarest.
row law_of(square rates) {
    const std::size_t size = rates.size();
    row out(size), law(size);
    for (std::size_t k = size; k-- > 1;) {
        out[k] = std::accumulate(rates[k], rates[k] + k, 0.0);
        for (std::size_t i = 0; i < k; ++i)
            if (rates[i][k] > 0) add(rates[i], rates[i][k] / out[k], rates[k], 0, k);
        poll();
    }
    law[0] = 1;
    constexpr double large = 0x1p600;
    for (std::size_t k = 1; k < size; ++k) {
        for (std::size_t i = 0; i < k; ++i) law[k] += law[i] / out[k] * rates[i][k];
        if (law[k] > large)
            for (std::size_t i = 0; i <= k; ++i) law[i] /= large;
    }
    return law;
}

square within(const row& more, const row& fewer) {
    square out(more.size());
    for (std::size_t i = 0; i + 1 < more.size(); ++i) {
        out[i][i + 1] = more[i];
        out[i + 1][i] = fewer[i + 1];
    }
    return out;
}

// The laws of the two walls, {bottom, top}.
std::pair<row, row> walls(const square& bottom, const square& up, const square& top,
                          const square& down, bool mostly_bottom) {
    const std::size_t size = bottom.size();
    square all(2 * size);
    const std::size_t low = mostly_bottom ? 0 : size, high = size - low;
    for (std::size_t i = 0; i < size; ++i)
        for (std::size_t j = 0; j < size; ++j) {
            all[low + i][low + j] = bottom[i][j];
            all[low + i][high + j] = up[i][j];
            all[high + i][low + j] = down[i][j];
            all[high + i][high + j] = top[i][j];
        }
    const row law = law_of(std::move(all));
    const auto part = [&](std::size_t from) {
        const auto begin = law.begin() + static_cast<std::ptrdiff_t>(from);
        return row(begin, begin + static_cast<std::ptrdiff_t>(size));
    };
    return {part(low), part(high)};
}

}  // namespace

level_law stationary(const level_chain& chain) {
    const std::size_t size = chain.states();
    square up = square::diagonal(chain.up), down = square::diagonal(chain.down);
    square between = within(chain.more, chain.fewer), bottom = between;
    square top = within(chain.more_at_top, chain.fewer_at_top);
    // Of each step: times spent in the level above, and below, per time in one that is kept.
    std::vector<std::pair<square, square>> steps;
    for (int i = 0; i < chain.doublings; ++i) {
        const square stay = stays(between, up, down);
        square above = up * stay, below = down * stay;
        const square back_down = above * down, back_up = below * up;
        bottom += back_down;
        top += back_up;
        between += back_down;
        between += back_up;
        up = above * up;
        down = below * down;
        steps.emplace_back(std::move(above), std::move(below));
    }
    const auto out = [&](const square& rates) {
        return std::accumulate(rates[chain.common], rates[chain.common] + size, 0.0);
    };
    const auto [lowest, highest] = walls(bottom, up, top, down, out(up) < out(down));
    // Sums over the levels between the walls: of the law, and of it by the level's number.
    row inner(size), first(size);
    double levels = 1;
    for (auto step = steps.rbegin(); step != steps.rend(); ++step) {
        row left(size), right(size), left_first(size), right_first(size);
        for (std::size_t i = 0; i < size; ++i) {
            left[i] = lowest[i] + inner[i];
            right[i] = inner[i] + highest[i];
            left_first[i] = 2 * first[i] + left[i];
            right_first[i] = 2 * first[i] - inner[i] + (2 * levels - 1) * highest[i];
        }
        const auto& [above, below] = *step;
        const row from_left = left * above, from_right = right * below;
        const row by_left = left_first * above, by_right = right_first * below;
        for (std::size_t i = 0; i < size; ++i) {
            inner[i] += from_left[i] + from_right[i];
            first[i] = 2 * first[i] + by_left[i] + by_right[i];
        }
        levels *= 2;
    }
    level_law law{highest, row(size), row(size)};
    for (std::size_t i = 0; i < size; ++i) {
        law.all[i] = lowest[i] + inner[i] + highest[i];
        law.level[i] = first[i] + levels * highest[i];
    }
    law.sum = std::accumulate(law.all.begin(), law.all.end(), 0.0);
    return law;
}

}  // namespace natbound::calculator::detail
