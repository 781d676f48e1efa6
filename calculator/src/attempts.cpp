// Two sums, each around its own mode: Z = sum p(n) and W = sum p(n) r(n), refusal = W/Z. The ratios
// p(n)/p(n-1) = load (1 - r(n-1))/n and their products with r(n)/r(n-1) fall with n (r is
// increasing and log-concave), so a tail is at most its first term times q/(1-q), q the ratio at
// the cut: that is the bound on what is left out. Between the modes the weights are linked by dd
// logarithms.
#include <algorithm>
#include <cmath>
#include <limits>
#include <natbound/calculator/attempts.hpp>
#include <natbound/calculator/erlang.hpp>

#include "argument.hpp"
#include "refusal_by_draws.hpp"
#include "smooth_attempts.hpp"

namespace natbound::calculator {
namespace {

using detail::double_double;
using detail::refusal_by_draws;

constexpr double negligible = 1e-18;
constexpr double ulp = 0x1p-53;
constexpr double infinite = std::numeric_limits<double>::infinity();

struct window {
    double sum = 1;       // relative to the weight of the anchor
    double moment = 0;    // of n - anchor
    double distance = 0;  // of |n - anchor|: how far rounding was carried
    double left_out = 0;
};

class chain {
  public:
    chain(std::uint64_t ports, std::uint64_t tries, double load, draws how)
        : ports_(static_cast<double>(ports)),
          load_(load),
          refusal_(ports_, static_cast<double>(tries), how == draws::with_replacement) {}

    attempts_answer solve() {
        const double all = mode(0, false);
        const double refused = mode(std::min(refusal_.least(), ports_), true);
        const window z = sum(all, 0, false);
        const window w = sum(refused, std::min(refusal_.least(), ports_), true);
        double rounding = 8 * ulp * (z.distance / z.sum + w.distance / w.sum);
        refusal_.to(refused);
        const double at_mode = refusal_.log_refused();
        const double_double between = link(all, refused, rounding);
        const double_double log_refusal =
            between + double_double{at_mode, 0} + double_double{std::log(w.sum / z.sum), 0};
        rounding += 4 * ulp * (2 + std::abs(at_mode) + std::abs(std::log(w.sum / z.sum)));
        const double mean = all + z.moment / z.sum;
        attempts_answer out{std::exp(log_refusal.high) * (1 + log_refusal.low),
                            log_refusal.high,
                            mean,
                            z.left_out / z.sum + w.left_out / w.sum,
                            rounding,
                            refused + w.moment / w.sum - mean};
        // In equilibrium the flows accepted are the flows live: load (1 - refusal) = mean. Each
        // gives the other where it is the smaller.
        if (out.log_refusal > -0.7) {
            out.refusal = 1 - mean / load_;
            out.log_refusal = std::log1p(-mean / load_);
        } else {
            out.mean = -load_ * std::expm1(out.log_refusal);
        }
        return out;
    }

  private:
    // Weight of n over weight of n - 1, with the walker at n - 1.
    double ratio(double n, bool weighted) const {
        const double plain = load_ * refusal_.taken() / n;
        return weighted ? plain * std::exp(refusal_.growth(n)) : plain;
    }

    // The last n whose ratio is at least 1.
    double mode(double least, bool weighted) {
        double low = least, high = ports_ + 1;
        while (high - low > 1) {
            const double middle = std::floor(low + (high - low) / 2);
            refusal_.to(middle - 1);
            (ratio(middle, weighted) >= 1 ? low : high) = middle;
        }
        return low;
    }

    window sum(double anchor, double least, bool weighted) {
        window out;
        refusal_.to(anchor);
        double weight = 1;
        for (double n = anchor + 1; n <= ports_; ++n) {
            const double q = ratio(n, weighted);
            if (q < 1 && weight * q <= negligible * out.sum * (1 - q)) {
                out.left_out += weight * q / (1 - q);
                break;
            }
            weight *= q;
            out.sum += weight;
            out.moment += weight * (n - anchor);
            if (n < ports_) refusal_.up();
        }
        out.distance = out.moment;
        refusal_.to(anchor);
        weight = 1;
        for (double n = anchor; n > least; --n) {
            refusal_.down();
            const double q = 1 / ratio(n, weighted);
            if (q < 1 && weight * q <= negligible * out.sum * (1 - q)) {
                out.left_out += weight * q / (1 - q);
                break;
            }
            weight *= q;
            out.sum += weight;
            out.moment -= weight * (anchor - n + 1);
            out.distance += weight * (anchor - n + 1);
        }
        return out;
    }

    // log p(to)/p(from), from <= to: Poisson's part in closed form, and the sum of log(1 - r).
    double_double link(double from, double to, double& rounding) {
        if (from == to) return {};
        double_double sum = double_double{to - from, 0} * detail::log(load_) -
                            (detail::log_factorial(to) - detail::log_factorial(from));
        // Below `start`, r < e^-50, and at most 2^32 states: less than 1e-12 of an ulp each.
        double low = from, high = to;
        while (high - low > 1) {
            const double middle = std::floor(low + (high - low) / 2);
            refusal_.to(middle);
            (refusal_.log_refused() < -50 ? low : high) = middle;
        }
        double logs = 0;
        refusal_.to(low);
        for (double n = low; n < to; ++n) {
            const double one = std::log(refusal_.taken());
            logs -= one;
            sum = sum + double_double{one, 0};
            refusal_.up();
        }
        rounding += 4 * ulp * (4 + logs);
        return sum;
    }

    double ports_, load_;
    refusal_by_draws refusal_;
};

// So many ports are all of them.
std::uint64_t fewer(std::uint64_t ports, std::uint64_t tries, draws how) {
    return how == draws::without_replacement ? std::min(tries, std::max<std::uint64_t>(ports, 1))
                                             : tries;
}

void check(const char* function, std::uint64_t ports, std::uint64_t tries) {
    detail::require(ports <= 1ULL << 32, function, "ports", static_cast<double>(ports),
                    "must be at most 2^32");
    detail::require(tries >= 1, function, "tries", static_cast<double>(tries),
                    "must be at least 1");
}

}  // namespace

attempts_answer attempts(std::uint64_t ports, std::uint64_t tries, double load, draws how) {
    check("attempts", ports, tries);
    detail::require(detail::finite_and_not_negative(load), "attempts", "load", load,
                    detail::rule_not_negative);
    if (ports == 0) return {1, 0, 0, 0, 0, 0};
    if (load == 0) return {0, -infinite, 0, 0, 0, 0};
    return chain(ports, fewer(ports, tries, how), load, how).solve();
}

double refusal_probability(std::uint64_t ports, std::uint64_t tries, double load, draws how) {
    return attempts(ports, tries, load, how).refusal;
}

double log_refusal_probability(std::uint64_t ports, std::uint64_t tries, double load, draws how) {
    return attempts(ports, tries, load, how).log_refusal;
}

double load_for_attempts(std::uint64_t ports, std::uint64_t tries, double target, draws how) {
    check("load_for_attempts", ports, tries);
    detail::require(ports >= 1, "load_for_attempts", "ports", static_cast<double>(ports),
                    "must be at least 1");
    detail::require(target > 0 && target < 1, "load_for_attempts", "target", target,
                    "must lie between 0 and 1");
    tries = fewer(ports, tries, how);
    // Newton on the log odds of refusal against log load, kept inside a bracket. Whoever gives up
    // early refuses no less than Erlang's system, so its load is an upper end.
    const double wanted = std::log(target) - std::log1p(-target);
    double high = std::log(load_for(static_cast<double>(ports), target)) + 1e-9;
    double low = -infinite;
    // As many live as the target lets in, and a little less for how they vary.
    const double c = static_cast<double>(ports), k = static_cast<double>(tries);
    double live = c * std::exp(std::log(target) / k);
    live *= std::exp(-k / (2 * (live + k)));
    double at = std::min(high, std::log(live / (1 - target)));
    for (int step = 0; step < 200; ++step) {
        const double load = std::exp(at);
        const auto smooth = detail::smooth_attempts(static_cast<double>(ports),
                                                    static_cast<double>(tries), load, how);
        attempts_answer found{};
        if (smooth) {
            found.log_refusal = smooth->log_refusal;
            found.growth = smooth->growth;
            found.mean = -load * std::expm1(smooth->log_refusal);
        } else {
            found = attempts(ports, tries, load, how);
        }
        const double accepted = found.mean / load;
        const double above = found.log_refusal - std::log(accepted) - wanted;
        (above > 0 ? high : low) = at;
        const double change = -above * accepted / found.growth;
        // from there the next is below the last bit
        if (std::abs(change) < (smooth ? 1e-9 : 1e-15 * (1 + std::abs(at))))
            return std::exp(at + change);
        double next = at + change;
        if (!(next > low && next < high)) {
            next = low == -infinite ? high - (1 << std::min(step, 9)) : low + (high - low) / 2;
        }
        if (next == at || next == low || next == high) return std::exp(next);
        at = next;
    }
    return std::exp(at);
}

}  // namespace natbound::calculator
