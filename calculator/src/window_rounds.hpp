#pragma once
// The share of draws of all rounds that fail, by the runs that busy ports form: rounds that end in
// different runs are independent but for the room that the runs take, and rounds that end in one
// run are not. A sum over all ways to put the rounds into runs.
//
// A run of k ports has k + 1 - w starts that leave a window w busy. As windows only fall, that of a
// set of rounds is a product of such rooms, a polynomial in the room of the largest window there
// is place for, of coefficients that are not negative: so a few moments of the runs say all.
#include <algorithm>
#include <array>
#include <bit>
#include <cmath>
#include <cstdint>
#include <vector>

namespace natbound::calculator::detail {

class window_rounds {
  public:
    static constexpr std::size_t most_rounds = 6;

    // Of each set of rounds, as bits: the draws, of a port, that all end in one run, and its mean
    // length.
    struct busy_runs {
        std::vector<double> shares, means;
    };

    // windows: each at most the one before.
    explicit window_rounds(const std::vector<std::uint64_t>& windows)
        : sets_(std::size_t{1} << windows.size()) {
        for (std::size_t i = windows.size(); i-- > 0;) {
            if (i > 0 && windows[i - 1] == windows[i]) continue;
            piece next{windows[i], i, std::vector<powers>(sets_ >> i)};
            next.factors[0][0] = 1;
            for (std::size_t set = 1; set < next.factors.size(); ++set) {
                const auto round = i + static_cast<std::size_t>(std::countr_zero(set));
                const auto more = static_cast<double>(windows[i] - windows[round]);
                const powers& before = next.factors[set & (set - 1)];
                for (std::size_t p = 0; p < count; ++p)
                    next.factors[set][p] = before[p] * more + (p > 0 ? before[p - 1] : 0);
            }
            pieces_.push_back(std::move(next));
        }
    }

    // full: of each number of ports in a row, the share that are all busy.
    busy_runs among(const std::vector<double>& full) const {
        busy_runs out{std::vector<double>(sets_), std::vector<double>(sets_)};
        for (std::size_t i = 0; i < pieces_.size(); ++i) {
            const piece& here = pieces_[i];
            const std::size_t end = i + 1 < pieces_.size() ? pieces_[i + 1].window : full.size();
            const powers moments = moments_of(full, here.window, std::min(end, full.size()));
            const auto shorter = static_cast<double>(here.window) - 1;  // k less the room
            for (std::size_t set = 1; set < here.factors.size(); ++set) {
                double share = 0, length = 0;
                for (std::size_t p = 0; p + 1 < count; ++p) {
                    share += here.factors[set][p] * moments[p];
                    length += here.factors[set][p] * (moments[p + 1] + shorter * moments[p]);
                }
                out.shares[set << here.first] += share;
                out.means[set << here.first] += length;
            }
        }
        for (std::size_t set = 1; set < sets_; ++set)
            out.means[set] = out.shares[set] > 0 ? out.means[set] / out.shares[set] : 0;
        return out;
    }

    double failing(double ports, const busy_runs& of) const {
        return over_partitions({of, ports}, sets_ - 1, 0, 1, 0);
    }

  private:
    static constexpr std::size_t count = most_rounds + 2;
    using powers = std::array<double, count>;  // by exponent
    // Runs in which that window is the largest that has room, and the first round that has it.
    struct piece {
        std::uint64_t window;
        std::size_t first;
        std::vector<powers> factors;  // of a set of that round and later ones, by the room's powers
    };
    struct asked {
        const busy_runs& of;
        double ports;
    };

    // Sums over runs of `from` ports to less than `end` of the powers of the room.
    static powers moments_of(const std::vector<double>& full, std::size_t from, std::size_t end) {
        powers out{};
        const std::size_t n = full.size();
        for (std::size_t k = from; k < end; ++k) {
            // so many runs have length k, of a port
            const double one = k + 1 < n ? full[k + 1] : 0, two = k + 2 < n ? full[k + 2] : 0;
            const double room = static_cast<double>(k + 1 - from);
            double next = full[k] - 2 * one + two;
            for (std::size_t p = 0; p < count; ++p) {
                out[p] += next;
                next *= room;
            }
            // what is longer adds nothing, least of all to lower powers
            if (std::abs(next) < 1e-19 * out[count - 1] * room) break;
        }
        return out;
    }

    // Each way to put the rounds left into runs, the first of them together with any others.
    double over_partitions(const asked& at, std::size_t left, int runs, double share,
                           double length) const {
        if (left == 0) {
            const double room = std::max(0.0, 1 - length / at.ports);
            double all = share;
            for (int i = 1; i < runs; ++i) all *= room;
            return all;
        }
        const std::size_t first = left & (~left + 1), others = left ^ first;
        double sum = 0;
        for (std::size_t with = others;; with = (with - 1) & others) {
            const std::size_t set = first | with;
            double together = at.of.shares[set];
            for (int i = std::popcount(set); i > 1; --i) together /= at.ports;
            sum += over_partitions(at, others ^ with, runs + 1, share * together,
                                   length + at.of.means[set] + 1);
            if (with == 0) break;
        }
        return sum;
    }

    std::size_t sets_;
    std::vector<piece> pieces_;  // by ascending window
};

}  // namespace natbound::calculator::detail
