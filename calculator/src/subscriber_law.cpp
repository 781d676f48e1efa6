// Adding the connections of one destination after another to the law of the busy ports.
#include "subscriber_law.hpp"

#include <algorithm>
#include <cmath>
#include <type_traits>

#include "logarithms.hpp"
#include "scaled.hpp"

namespace natbound::calculator::detail {
namespace {

double log_of(double x) { return x > 0 ? std::log(x) : log_zero; }
double log_of(const scaled& x) { return x.log(); }
double size_of(double x) { return x; }
double size_of(const scaled& x) { return x.m == 0 ? 0 : 1; }
bool negligible(double x, double beside) { return x <= 1e-17 * beside; }
bool negligible(const scaled& x, const scaled& beside) {
    return x.m == 0 || log_quotient(x, beside) < -39;
}

// Ports that it may have busy.
std::uint64_t widest(const port_scope& scope, std::uint64_t most, std::uint64_t quota) {
    double own = 0;
    for (const auto& to : scope.towards) own += to.copies * static_cast<double>(scope.sockets);
    if (scope.shared) own = static_cast<double>(scope.sockets);
    if (quota > 0) own = std::min(own, static_cast<double>(quota));
    return own < static_cast<double>(most) ? static_cast<std::uint64_t>(own) : most;
}

// Number: double, or scaled where weights differ by more than doubles can.
template <class Number>
class adding {
  public:
    using law = std::vector<Number>;  // by connections (where a quota counts them), then ports

    adding(const port_scope& scope, std::uint64_t most, std::uint64_t quota)
        : scope_(scope),
          sockets_(static_cast<double>(scope.sockets)),
          rows_(static_cast<std::size_t>(quota) + 1),
          width_(static_cast<std::size_t>(widest(scope, most, quota)) + 1),
          quota_(quota > 0) {
        // Each port weighs less or more by a factor, so that none and all of them weigh about
        // alike.
        double odds = 0;
        for (const auto& to : scope.towards)
            odds += to.copies * (scope.shared ? std::log1p(to.load / sockets_) : to.load);
        const double wanted = scope.shared ? sockets_ * std::expm1(std::min(odds, 600.0)) : odds;
        log_tilt_ =
            wanted > 0 ? std::log(std::max(1.0, static_cast<double>(width_ - 1)) / wanted) - 1 : 0;
        log_tilt_ = std::clamp(log_tilt_, -250.0, 250.0);
        tilt_ = std::exp(log_tilt_);
    }

    subscriber_law run() {
        out_.used.assign(width_, log_zero);
        out_.groups.resize(scope_.towards.size());
        law none(rows_ * width_);
        none[0] = Number(1.0);
        without_each(none, 0, 0, scope_.towards.size());
        return std::move(out_);
    }

  private:
    // `base`: with all groups but first .. end - 1.
    void without_each(const law& base, double shift, std::size_t first, std::size_t end) {
        if (end - first == 1) return last(base, shift, first);
        const std::size_t middle = (first + end) / 2;
        for (const bool lower : {true, false}) {
            law here = base;
            double moved = shift;
            for (std::size_t g = lower ? middle : first; g < (lower ? end : middle); ++g)
                for (double c = 0; c < scope_.towards[g].copies; ++c) add(here, moved, g);
            without_each(here, moved, lower ? first : middle, lower ? middle : end);
        }
    }

    // One more connection, the i-th (from 0) of its destination, by a factor.
    void step(law& v, std::size_t i, double factor) const {
        const std::size_t up = quota_ ? width_ : 0;
        const double left = sockets_ - static_cast<double>(i);
        for (std::size_t row = rows_; row-- > 0;) {
            if (quota_ && row + 1 == rows_) continue;  // there is no room for it
            Number* from = &v[row * width_];
            Number* to = from + up;
            for (std::size_t u = width_; u-- > 0;) {
                const auto busy = static_cast<double>(u);
                const double stays =
                    scope_.shared ? std::max(0.0, busy - static_cast<double>(i)) / left : 0;
                Number next = from[u] * (stays * factor);
                if (u > 0) {
                    const double fresh =
                        scope_.shared ? std::max(0.0, sockets_ - busy + 1) / left : 1;
                    next += from[u - 1] * (fresh * factor * tilt_);
                }
                to[u] = next;
            }
            if (quota_ && row == 0) std::fill(from, from + width_, Number());
        }
    }

    // Visits (x, law with x connections of the destination), x = 0, 1, ..., as long as it matters
    // beside `sum`.
    template <class Visit>
    void connections(law v, double& shift, std::size_t g, law& sum, Visit&& visit) const {
        const double load = scope_.towards[g].load;
        for (std::size_t x = 0;; ++x) {
            bool matters = false;
            for (std::size_t i = 0; i < v.size(); ++i) {
                matters = matters || (size_of(v[i]) > 0 && !negligible(v[i], sum[i]));
                sum[i] += v[i];
            }
            visit(x, v);
            const bool falls = static_cast<double>(x + 1) > load;
            if ((!matters && falls) || static_cast<double>(x) >= sockets_ || x + 1 >= width_ ||
                (quota_ && x + 1 >= rows_))
                break;
            step(v, x, load / static_cast<double>(x + 1));
            shrink(v, sum, shift);
        }
    }

    void shrink(law& v, law& sum, double& shift) const {
        if constexpr (std::is_same_v<Number, double>) {
            if (*std::max_element(v.begin(), v.end()) < 1e200) return;
            for (double& x : v) x *= 1e-150;
            for (double& x : sum) x *= 1e-150;
            shift += 1;
        }
    }
    double log_factor(double shifts) const { return shifts * 150 * std::log(10.0); }

    void add(law& base, double& shift, std::size_t g) const {
        law sum(base.size());
        connections(std::move(base), shift, g, sum, [](std::size_t, const law&) {});
        base = std::move(sum);
    }

    // The last copy of a group, of which is seen what its next connection meets.
    void last(law base, double shift, std::size_t g) {
        for (double c = 1; c < scope_.towards[g].copies; ++c) add(base, shift, g);
        law sum(base.size());
        std::vector<std::vector<double>> seen(3, std::vector<double>(width_, log_zero));
        std::vector<std::vector<Number>> part(3, std::vector<Number>(width_));
        double before = shift;
        const auto put_down = [&](double at) {  // what was gathered at another factor
            for (std::size_t k = 0; k < 3; ++k)
                for (std::size_t u = 0; u < width_; ++u) {
                    seen[k][u] = log_sum(seen[k][u], log_of(part[k][u]) + log_factor(at));
                    part[k][u] = Number();
                }
        };
        connections(std::move(base), shift, g, sum, [&](std::size_t x, const law& v) {
            if (shift != before) put_down(before);
            before = shift;
            const auto mine = static_cast<double>(x);
            if (mine >= sockets_) return;
            for (std::size_t row = 0; row < rows_; ++row) {
                const bool full = quota_ && row + 1 == rows_;
                for (std::size_t u = 0; u < width_; ++u) {
                    const Number& here = v[row * width_ + u];
                    part[0][u] += here;
                    if (full)
                        part[2][u] += here;
                    else
                        part[1][u] += here * (scope_.shared ? (sockets_ - static_cast<double>(u)) /
                                                                  (sockets_ - mine)
                                                            : 1);
                }
            }
        });
        put_down(before);
        const auto straight = [&](std::size_t u) { return -log_tilt_ * static_cast<double>(u); };
        auto& to = out_.groups[g];
        for (auto* v : {&to.offered, &to.fresh, &to.at_quota}) v->resize(width_);
        for (std::size_t u = 0; u < width_; ++u) {
            to.offered[u] = seen[0][u] + straight(u);
            to.fresh[u] = seen[1][u] + straight(u);
            to.at_quota[u] = seen[2][u] + straight(u);
        }
        if (g > 0) return;
        for (std::size_t u = 0; u < width_; ++u) {
            Number all{};
            for (std::size_t row = 0; row < rows_; ++row) all += sum[row * width_ + u];
            out_.used[u] = log_of(all) + log_factor(shift) + straight(u);
        }
    }

    const port_scope& scope_;
    double sockets_;
    std::size_t rows_, width_;
    bool quota_;
    double log_tilt_ = 0, tilt_ = 1;
    subscriber_law out_;
};

}  // namespace

subscriber_law law_of_subscriber(const port_scope& scope, std::uint64_t most, std::uint64_t quota) {
    adding<double> quick(scope, most, quota);
    auto out = quick.run();
    if (std::none_of(out.used.begin(), out.used.end(), [](double x) { return !std::isfinite(x); }))
        return out;
    return adding<scaled>(scope, most, quota).run();
}

double work_of_subscriber(const port_scope& scope, std::uint64_t most, std::uint64_t quota) {
    const auto width = static_cast<double>(widest(scope, most, quota));
    double many = 0;
    for (const auto& to : scope.towards) many += to.copies;
    const double each = std::min(width, static_cast<double>(scope.sockets));
    return many * width * each * static_cast<double>(quota + 1) *
           (1 + std::log2(static_cast<double>(scope.towards.size())));
}

}  // namespace natbound::calculator::detail
