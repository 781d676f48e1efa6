// S(n) = sum_{j<n} p(j) P(X >= n - j). For geometric sizes S(n) = p(n-1) + r S(n-1). For fixed
// sizes b it is the sum of the last b weights (window_sum.hpp).
//
// Where batches that don't fit are refused whole, a fixed batch comes in from j <= c - b alone, and
// for geometric sizes P(n - j <= X <= c - j) = r^(n-j-1) (1 - r^(c-n+1)): one factor for all j.
#include <cmath>
#include <natbound/calculator/batches.hpp>
#include <vector>

#include "argument.hpp"
#include "scaled.hpp"
#include "window_sum.hpp"

namespace natbound::calculator {
namespace {

using detail::scaled;
using detail::window_sum;

struct totals {
    scaled all, moment, lost, lost_batches, last;

    void count(const scaled& p, double n) {
        all += p;
        moment += p * n;
        last = p;
    }
};

totals fixed(std::uint64_t ports, double batch_rate, std::uint64_t size, batch_loss loss) {
    const bool whole = loss == batch_loss::whole;
    totals t;
    window_sum window(size);
    for (std::uint64_t n = 0; n <= ports; ++n) {
        const double busy = static_cast<double>(n);
        const scaled p = n == 0 ? scaled(1) : window.value() * (1 / busy) * batch_rate;
        t.count(p, busy);
        const std::uint64_t free = ports - n;
        if (free < size) {
            const double over = static_cast<double>(size - free) / static_cast<double>(size);
            t.lost += p * (whole ? 1 : over);
            t.lost_batches += p;
        }
        window.push(whole && free < size ? scaled() : p);
    }
    return t;
}

// With X = k or more in a batch of which f fit: P(X > f) = r^f, E[(X - f)+] = mean r^f and
// E[X; X > f] = (f + mean) r^f. Sums of p(j) r^(c-j) and of p(j) (c-j) r^(c-j) are kept on the way.
totals geometric(std::uint64_t ports, double batch_rate, double mean, batch_loss loss) {
    const bool whole = loss == batch_loss::whole;
    const double r = (mean - 1) / mean, log_r = std::log1p(-1 / mean);
    totals t;
    scaled sum, weighted;
    for (std::uint64_t n = 0; n <= ports; ++n) {
        const double busy = static_cast<double>(n);
        const double free = static_cast<double>(ports - n);
        const double fits = whole && r > 0 ? -std::expm1((free + 1) * log_r) : 1;
        const scaled p = n == 0 ? scaled(1) : sum * (fits / busy) * batch_rate;
        t.count(p, busy);
        weighted = (weighted + sum) * r;
        sum = sum * r + p;
    }
    t.lost_batches = sum;
    t.lost = whole ? sum + weighted * (1 / mean) : sum;
    return t;
}

void check_size(const char* function, double mean_size, batch_law law) {
    detail::require(mean_size >= 1 && mean_size <= 1e9, function, "mean_size", mean_size,
                    "must be at least 1 and at most 1e9");
    detail::require(law == batch_law::geometric || mean_size == std::floor(mean_size), function,
                    "mean_size", mean_size, "must be a whole number where sizes are fixed");
}

}  // namespace

batch_answer batches(std::uint64_t ports, double load, double mean_size, batch_law law,
                     batch_loss loss) {
    detail::require(ports <= 1ULL << 26, "batches", "ports", static_cast<double>(ports),
                    "must be at most 2^26");
    detail::require(load == 0 || (load >= 1e-100 && load <= 1e12), "batches", "load", load,
                    "must be 0, or at least 1e-100 and at most 1e12");
    check_size("batches", mean_size, law);
    const double batch_rate = load / mean_size;
    const totals t = law == batch_law::fixed
                         ? fixed(ports, batch_rate, static_cast<std::uint64_t>(mean_size), loss)
                         : geometric(ports, batch_rate, mean_size, loss);
    batch_answer out{};
    out.refusal = detail::quotient(t.lost, t.all);
    out.mean = detail::quotient(t.moment, t.all);
    // What is let in is what is live: next to 1, the mean has the digits.
    out.log_refusal = out.refusal > 0.5 && load > 0 ? std::log1p(-out.mean / load)
                                                    : detail::log_quotient(t.lost, t.all);
    out.batch_refusal = detail::quotient(t.lost_batches, t.all);
    out.log_batch_refusal = detail::log_quotient(t.lost_batches, t.all);
    out.full = detail::quotient(t.last, t.all);
    return out;
}

double batch_peakedness(double mean_size, batch_law law) {
    check_size("batch_peakedness", mean_size, law);
    return law == batch_law::fixed ? (mean_size + 1) / 2 : mean_size;
}

}  // namespace natbound::calculator
