#pragma once
// The share of draws of all rounds that fail, by the runs that busy ports form: rounds that end in
// different runs are independent but for the room that the runs take, and rounds that end in one
// run are not. A sum over all ways to put the rounds into runs.
#include <algorithm>
#include <bit>
#include <cmath>
#include <cstdint>
#include <vector>

namespace natbound::calculator::detail {

class window_rounds {
  public:
    // lengths: as many as of the shares that failing() is asked with.
    window_rounds(const std::vector<std::uint64_t>& windows, std::size_t lengths)
        : sets_(std::size_t{1} << windows.size()),
          starts_(sets_ * lengths),
          shares_(sets_),
          means_(sets_) {
        for (std::size_t k = 1; k < lengths; ++k) {
            double* const now = &starts_[k * sets_];
            now[0] = 1;
            for (std::size_t set = 1; set < sets_; ++set) {
                const auto window = windows[static_cast<std::size_t>(std::countr_zero(set))];
                const double room = static_cast<double>(k + 1) - static_cast<double>(window);
                now[set] = now[set & (set - 1)] * std::max(room, 0.0);
            }
        }
    }

    // full: of each number of ports in a row, the share that are all busy.
    double failing(double ports, const std::vector<double>& full) {
        std::fill(shares_.begin(), shares_.end(), 0);
        std::fill(means_.begin(), means_.end(), 0);
        const std::size_t n = full.size();
        for (std::size_t k = 1; k < n; ++k) {
            // so many runs have length k, of a port
            const double one = k + 1 < n ? full[k + 1] : 0, two = k + 2 < n ? full[k + 2] : 0;
            const double runs = full[k] - 2 * one + two;
            const double long_runs = runs * static_cast<double>(k);
            const double* const starts = &starts_[k * sets_];
            for (std::size_t set = 1; set < sets_; ++set) {
                shares_[set] += runs * starts[set];
                means_[set] += long_runs * starts[set];
            }
            // what is longer adds nothing, least of all to fewer rounds
            if (std::abs(long_runs) * starts[sets_ - 1] < 1e-19 * means_[sets_ - 1]) break;
        }
        for (std::size_t set = 1; set < sets_; ++set) {
            means_[set] = shares_[set] > 0 ? means_[set] / shares_[set] : 0;
            shares_[set] *= std::pow(ports, 1 - std::popcount(set));
        }
        ports_ = ports;
        return over_partitions(sets_ - 1, 0, 1, 0);
    }

  private:
    // Each way to put the rounds left into runs, the first of them together with any others.
    double over_partitions(std::size_t left, int runs, double share, double length) const {
        if (left == 0) {
            const double room = std::max(0.0, 1 - length / ports_);
            double all = share;
            for (int i = 1; i < runs; ++i) all *= room;
            return all;
        }
        const std::size_t first = left & (~left + 1), others = left ^ first;
        double sum = 0;
        for (std::size_t with = others;; with = (with - 1) & others) {
            const std::size_t set = first | with;
            sum += over_partitions(others ^ with, runs + 1, share * shares_[set],
                                   length + means_[set] + 1);
            if (with == 0) break;
        }
        return sum;
    }

    std::size_t sets_;            // of rounds, as bits
    std::vector<double> starts_;  // by length, then set: what a run has for all of the set
    // as it was asked last
    double ports_ = 0;
    std::vector<double> shares_;  // of a set: the draws that all end in one run,
    std::vector<double> means_;   // and its mean length
};

}  // namespace natbound::calculator::detail
