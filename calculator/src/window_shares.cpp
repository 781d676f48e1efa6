#include "window_shares.hpp"

#include <algorithm>
#include <cmath>

#include "exponentials.hpp"

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

double log_busy(double t) { return -std::log1p(std::exp(-t)); }

double dot(const four& weights, const double* values) {
    double sum = 0;
    for (std::size_t i = 0; i < 4; ++i) sum += weights[i] * values[i];
    return sum;
}

}  // namespace

window_shares::window_shares(const std::vector<std::uint64_t>& windows, window_hold hold)
    : windows_(windows.begin(), windows.end()), constant_(hold == window_hold::constant) {
    const double first = windows_.front();
    for (const double w : windows_)
        logs_.push_back(constant_ ? 6.7 * (std::sqrt(std::sqrt(w / first)) - 1)
                                  : std::log(w / first));
    // over the root of the part of a window, with pi(1) = u as one more part
    roots_.push_back(std::sqrt(1 / first));
    for (std::size_t p = 0; p < parts.size(); ++p) {
        if (parts[p] * first < 1.5) continue;
        roots_.push_back(std::sqrt(parts[p]));
        parts_.push_back(p);
    }
    for (std::size_t k = 2; k <= static_cast<std::size_t>(2 * first); ++k)
        lengths_.push_back(about(static_cast<double>(k) / first));
}

window_shares::between window_shares::about(double part) const {
    const double root = std::sqrt(part);
    const auto at = four_about(roots_.size(), root, [&](std::size_t i) { return roots_[i]; });
    return {at, through({roots_[at], roots_[at + 1], roots_[at + 2], roots_[at + 3]}, 4, root)};
}

window_shares::pattern window_shares::of_window(const rows_at_u& rows, double window) const {
    const double x = std::log2(window);
    // the window of one port serves below all others
    const std::size_t least = x < rows.places[1] ? 0 : 1, count = rows.count - least;
    const auto from =
        least + four_about(count, x, [&](std::size_t i) { return rows.places[least + i]; });
    const std::size_t used = std::min<std::size_t>(4, count);
    four places{};
    for (std::size_t i = 0; i < used; ++i) places[i] = rows.places[from + i];
    const auto weights = through(places, used, x);
    pattern out{};
    for (std::size_t p = 0; p < parts_.size(); ++p)
        for (std::size_t i = 0; i < used; ++i)
            out[p + 1] += weights[i] * rows.y[from + i][parts_[p]];
    return out;
}

// y of k ports in a row, by the pattern of a window that is at most the first.
double window_shares::of_length(double k, const pattern& y, double window) const {
    // as part of a window, one port as that of the first one
    const double first = windows_.front(), one = 1 / first;
    const double part = one + (k - 1) * (1 - one) / (window - 1);
    if (part <= 2) {
        const auto [from, weights] = about(part);
        return dot(weights, &y[from]);
    }
    // what is longer is rare, and nearly geometric: ln pi goes on as from 1.5 to 2 windows
    const double at_last = 2 * std::exp(y[parts_.size()]);
    const double before = 1.5 * std::exp(y[parts_.size() - 1]);
    return std::log((at_last + (at_last - before) / 0.5 * (part - 2)) / part);
}

// The one window whose searches leave such runs as all rounds do.
double window_shares::window_like(const rows_at_u& rows, double log_u) const {
    const double first = windows_.front();
    if (windows_.back() == first) return first;
    double window = first;
    // Longer windows leave longer runs, and so more to shorter windows: halfway, by ratio, is
    // nearer than all the way. More turns move what is refused by 0.3 % at most.
    for (int turn = 0; turn < 5; ++turn) {
        const pattern y = of_window(rows, window);
        double reach = 1, placed = 0, logs = 0;
        for (std::size_t i = 0; i < windows_.size(); ++i) {
            const double w = windows_[i];
            const double fails =
                std::exp(w * log_u * (w > 1 ? std::exp(of_length(w, y, window)) : 1));
            placed += reach * (1 - fails);
            logs += reach * (1 - fails) * logs_[i];
            reach *= fails;
        }
        // next to one port there is no pattern to stretch
        window = std::sqrt(window * std::fmax(1.5, first * std::exp(logs / placed)));
    }
    return window;
}

// At a place, of the windows that were simulated at t.
std::optional<window_shares::rows_at_u> window_shares::rows_at(double t, double place) const {
    rows_at_u out;  // searches of one port each leave busy ports independent: y = 0
    double least = 0, most = 0;
    for (const auto& rows : table_of(constant_)) {
        if (!(rows.lowest() <= t + 1e-3 && t <= rows.highest())) continue;
        if (out.count == 1) least = rows.window();
        most = rows.window();
        out.places[out.count] = std::log2(most);
        out.y[out.count++] = rows.at(place);
    }
    const double first = windows_.front();
    if (out.count < 3 || first < least || first > most) return {};
    return out;
}

double window_shares::first_full(double u) const {
    if (!(u > 0 && u < 1)) return 0;
    const double t = std::log(u / (1 - u)), first = windows_.front();
    const auto rows = rows_at(t, t);
    if (!rows) return 0;
    const pattern y = of_window(*rows, first);
    const auto& [from, weights] = lengths_[static_cast<std::size_t>(first) - 2];
    return std::exp(first * std::log(u) * std::exp(dot(weights, &y[from])));
}

const busy_rows& window_shares::at(double u) {
    std::vector<double>& full = found_.full;
    full.clear();
    if (!(u > 0 && u < 1)) return found_;
    const double t = std::log(u / (1 - u)), first = windows_.front();
    const auto found = rows_at(t, t);
    if (!found) return found_;
    const auto& rows = *found;
    const double log_u = std::log(u), like = window_like(rows, log_u);
    pattern y = of_window(rows, like);

    // A chance crowd lasts about one hold. Where runs grow longer with what is busy (constant
    // holds, close to full), that takes many: then as if their pattern stayed.
    if (windows_.size() > 1) {
        const auto over_busy = [&](const pattern& of) {  // ln pi(first window) / ln u
            return first * std::exp(of_length(first, of, like));
        };
        constexpr double apart = 0.2;
        const double less = log_busy(t - apart), more = log_busy(t + apart);
        const double low = less * over_busy(of_window(*rows_at(t, t - apart), like));
        const double high = more * over_busy(of_window(*rows_at(t, t + apart), like));
        found_.rises = std::fmin((high - low) / (more - less), over_busy(y));
    }
    if (like != first) {
        const pattern of_like = y;
        for (std::size_t p = 0; p < parts_.size(); ++p)
            y[p + 1] = of_length(parts[parts_[p]] * first, of_like, like);
    }
    const auto seen = static_cast<std::size_t>(2 * first);
    full.resize(seen + 1);
    for (std::size_t k = 2; k <= seen; ++k) {
        const auto& [from, weights] = lengths_[k - 2];
        full[k] = dot(weights, &y[from]);
    }
    to_exponentials(full);
    for (std::size_t k = 2; k <= seen; ++k) full[k] *= static_cast<double>(k) * log_u;
    to_exponentials(full);
    full[0] = 1;
    full[1] = u;
    found_.ahead = 0;
    for (std::size_t k = 1; k <= seen; ++k) found_.ahead += full[k];
    // rare, and nearly geometric: as the last two, but at least half as fast as over the half
    // window before, as the last ones owe much to chance
    const std::size_t since = seen - seen / 4;
    const double before =
        std::pow(full[seen] / full[since], 0.5 / static_cast<double>(seen - since));
    const double falls = std::fmin(full[seen] / full[seen - 1], before);
    found_.falls = falls;
    found_.ahead += full[seen] * falls / (1 - falls);
    return found_;
}

}  // namespace natbound::calculator::detail
