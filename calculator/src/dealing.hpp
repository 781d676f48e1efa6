#pragma once
// Clients that are each on one of some addresses, drawn at random, where what does not fit on an
// address only cuts states (paired_pool.hpp): means over how many clients share an address.
#include <cstddef>
#include <cstdint>
#include <functional>
#include <vector>

namespace natbound::calculator::detail {

class dealing {
  public:
    // `log_fits`: of k clients, the logarithm of W(k), how likely what they hold fits on one
    // address; neither a constant nor a factor e^k on W matters. clients >= 2, addresses >= 2.
    dealing(std::uint64_t clients, std::uint64_t addresses,
            std::function<double(std::uint64_t)> log_fits);

    // Logarithm of the mean over all clients of a chance that depends on the number k >= 1 of
    // clients on their address: `log_chance`, finite from `least` on and not read below. It may
    // rise or fall with k no faster than a power of it does.
    double log_mean(const std::function<double(std::uint64_t)>& log_chance,
                    std::uint64_t least = 1);

    // As many as an address has where they are dealt evenly, rounded up.
    static std::uint64_t even(std::uint64_t clients, std::uint64_t addresses) {
        return (clients - 1) / addresses + 1;
    }

    // Weights of k clients on an address, from the first to the last that counts.
    struct terms {
        std::uint64_t first = 0;
        std::vector<double> weights;  // over their sum
        double log_sum = 0, mean = 0, variance = 0;
        std::uint64_t centre = 0;  // of phases
    };

  private:
    struct point {
        double tilt, log;
    };
    // The terms of U, or of V: with the chance.
    struct series {
        const std::function<double(std::uint64_t)>* chance = nullptr;
        std::uint64_t least = 0, last = 0;  // the least k; where the largest term was
        std::vector<double> known;          // log k B(k)
    };

    double fits(std::uint64_t k);
    double log_term(series& of, std::uint64_t k, double mean);
    std::uint64_t largest(series& of, double mean);
    terms terms_at(series& of, double tilt);
    point at_saddle(series* with, double tilt);
    double coefficient(const terms& one, const terms& each, double variance) const;

    double clients_, addresses_;
    std::function<double(std::uint64_t)> log_fits_;
    std::uint64_t even_;
    std::vector<double> fits_;  // log W(k)
    series all_;
    point whole_{0, 0};
    // With a factor e^(slope (k - even)) on W(k) / W(even) the means that the tilted sums need are
    // near K / A, and what is summed near 1, however heavy the load.
    double slope_ = 0;
};

}  // namespace natbound::calculator::detail
