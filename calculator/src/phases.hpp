#pragma once
// Markov chains of phases, solved without subtractions: the elimination of W. K. Grassmann, M. I.
// Taksar and D. P. Heyman, Operations Research 33 (1985) 1107. Every diagonal is minus the sum of
// the rest of its row, so it need not be carried, and all numbers keep their relative digits.
#include <algorithm>
#include <cstddef>
#include <vector>

namespace natbound::calculator::detail {

// A dense matrix, row by row.
class matrix {
  public:
    explicit matrix(std::size_t size) : size_(size), values_(size * size) {}
    std::size_t size() const { return size_; }
    void clear() { std::fill(values_.begin(), values_.end(), 0); }
    double* operator[](std::size_t i) { return values_.data() + i * size_; }
    const double* operator[](std::size_t i) const { return values_.data() + i * size_; }

  private:
    std::size_t size_;
    std::vector<double> values_;
};

// Where a chain with these rates that is ended at rate `end` > 0 in every phase ends, by the phase
// it starts in (rows): end (end I - Q)^-1. size^3 steps. `rates` is used up; `out` is room for as
// many numbers as there are phases.
inline void phase_at_end(matrix& rates, double end, matrix& ended, std::vector<double>& out) {
    const std::size_t size = rates.size();
    ended.clear();
    std::fill(out.begin(), out.end(), 0);
    for (std::size_t i = 0; i < size; ++i) ended[i][i] = end;
    for (std::size_t k = size; k-- > 0;) {
        double* const from = rates[k];
        double* const labels = ended[k];
        for (std::size_t j = 0; j < k; ++j) out[k] += from[j];
        for (std::size_t j = k; j < size; ++j) out[k] += labels[j];
        for (std::size_t i = 0; i < k; ++i) {
            const double share = rates[i][k] / out[k];
            if (share == 0) continue;
            double* const row = rates[i];
            const double own = row[i];
            for (std::size_t j = 0; j < k; ++j) row[j] += share * from[j];
            row[i] = own;
            double* const ends = ended[i];
            for (std::size_t j = k; j < size; ++j) ends[j] += share * labels[j];
        }
    }
    for (std::size_t k = 0; k < size; ++k) {
        double* const ends = ended[k];
        for (std::size_t j = 0; j < k; ++j) {
            const double share = rates[k][j];
            if (share == 0) continue;
            const double* const before = ended[j];
            for (std::size_t l = 0; l < size; ++l) ends[l] += share * before[l];
        }
        for (std::size_t l = 0; l < size; ++l) ends[l] /= out[k];
    }
}

inline matrix phase_at_end(matrix& rates, double end) {
    matrix ended(rates.size());
    std::vector<double> out(rates.size());
    phase_at_end(rates, end, ended, out);
    return ended;
}

// The stationary law of the chain, all of whose phases reach each other. `rates` is used up.
inline std::vector<double> stationary(matrix& rates) {
    const std::size_t size = rates.size();
    for (std::size_t k = size; k-- > 1;) {
        double out = 0;
        for (std::size_t j = 0; j < k; ++j) out += rates[k][j];
        for (std::size_t i = 0; i < k; ++i) {
            const double share = rates[i][k] /= out;
            if (share == 0) continue;
            for (std::size_t j = 0; j < k; ++j)
                if (j != i) rates[i][j] += share * rates[k][j];
        }
    }
    std::vector<double> law(size);
    double total = law[0] = 1;
    for (std::size_t k = 1; k < size; ++k) {
        for (std::size_t i = 0; i < k; ++i) law[k] += law[i] * rates[i][k];
        total += law[k];
        if (total < 0x1p500) continue;
        for (std::size_t i = 0; i <= k; ++i) law[i] *= 0x1p-500;
        total *= 0x1p-500;
    }
    for (double& p : law) p /= total;
    return law;
}

}  // namespace natbound::calculator::detail
