#pragma once
// The refusal probability of `tries` draws with replacement in pools of some thousands, for many
// numbers of tries: the same chain as attempts.hpp, in one pass up from where no weight is, with
// the logarithms of n/ports kept from one number of tries to the next.
#include <cmath>
#include <cstdint>
#include <optional>
#include <vector>

namespace natbound::calculator::detail {

class direct_attempts {
  public:
    static constexpr std::uint64_t most_ports = 16384;

    direct_attempts(std::uint64_t ports, double load) : ports_(ports), load_(load) {
        logs_.resize(ports + 1, 1);  // 1: not computed
    }

    // log refusal, right to 1e-11; `negligible`: below that logarithm a refusal counts for nothing.
    // Nothing where a double has no room for the sums.
    std::optional<double> log_refusal(double tries, double negligible) {
        const std::uint64_t top = mode(tries);
        const double busy = static_cast<double>(top);
        const double first = std::floor(busy - 9.5 * std::sqrt(busy) - 10);
        double weight = 1, all = 0, refused = 0;
        for (auto n = first > 0 ? static_cast<std::uint64_t>(first) : 0;; ++n) {
            const double log_busy = tries * log_share(n);
            const double r = log_busy > negligible - 40 || n > top ? std::exp(log_busy) : 0;
            all += weight;
            refused += weight * r;
            if (n == ports_) break;
            const double q = load_ * (1 - r) / static_cast<double>(n + 1);
            weight *= q;
            // Later terms fall at least as fast as they do here; those of `refused` faster than
            // their weights times a factor that falls too.
            if (n > top && weight < 1e-17 * all * (1 - q)) {
                const double growth = std::exp(tries * log_share(n + 1) - log_busy) * q;
                if (growth < 1 && weight * r * growth < 1e-16 * refused * (1 - growth)) break;
            }
        }
        if (!(refused > 1e-280 && all < 1e280)) return {};
        return std::log(refused / all);
    }

  private:
    double log_share(std::uint64_t n) {
        double& known = logs_[n];
        if (known > 0) known = std::log(static_cast<double>(n) / static_cast<double>(ports_));
        return known;
    }

    // The last n whose weight is at least that of n - 1.
    std::uint64_t mode(double tries) {
        std::uint64_t low = 0, high = ports_ + 1;
        while (high - low > 1) {
            const std::uint64_t middle = low + (high - low) / 2;
            const double taken = -std::expm1(tries * log_share(middle - 1));
            (load_ * taken >= static_cast<double>(middle) ? low : high) = middle;
        }
        return low;
    }

    std::uint64_t ports_;
    double load_;
    std::vector<double> logs_;
};

}  // namespace natbound::calculator::detail
