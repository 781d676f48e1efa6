#pragma once
// The share of draws of all rounds that fail, by the runs that busy ports form. Rounds that end in
// one run hang together. Rounds in different runs do so too, a little: where one run is there is no
// room for another, but free ports follow one another as renewals, and what is busy in all
// fluctuates. A sum over all ways to put the rounds into runs.
//
// A run of k ports has k + 1 - w starts that leave a window w busy. As windows only fall, that of a
// set of rounds is a product of such rooms, a polynomial in the room of the largest window there
// is place for, of coefficients that are not negative: so a few moments of the runs say all.
//
// Renewals: m runs of L ports in all stand in so many ways as leave m gaps to fill N - L - m ports,
// and next to a run others are more likely than in the middle of nowhere, by half a port and
// P = sum of pi(k) together. So (1 - (L + m (1/2 - P)) / N)^(m - 1) of all ways are left.
//
// In all busy: renewals have a variance of their own, of v ports a port. The true one is that of
// connections that come and go, u / (1 + A R / (1 - R)), if R fail and ln R rises by A with ln u.
// The rest of it is a fluctuation of u that all runs see alike, by which a draw that ends in a run
// of length L fails more by a(L): 1 for one port, what the table says for the first window, linear
// in L. That was measured while it makes refusals up to exp(0.6) times as frequent; as it grows
// further, no run can be more than busy, and the logarithm is first too low, then too high. Where
// later rounds place what the first one cannot, wherever that is, u fluctuates more than with the
// one window of the table, and the mean of u^a with it.
#include <algorithm>
#include <array>
#include <bit>
#include <cmath>
#include <cstdint>
#include <vector>

#include "window_shares.hpp"

namespace natbound::calculator::detail {

class window_rounds {
  public:
    static constexpr std::size_t most_rounds = 6;

    struct busy_runs {
        // Of each set of rounds, as bits: the draws, of a port, that all end in one run, and its
        // mean length.
        std::vector<double> shares, means;
        double busy = 0, ahead = 0, rises = 0;  // u, P and that of busy_rows
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

    busy_runs among(const busy_rows& rows) const {
        const auto& full = rows.full;
        const std::size_t n = full.size();
        busy_runs out{std::vector<double>(sets_), std::vector<double>(sets_), full[1], rows.ahead,
                      rows.rises};
        // so many runs have length k, of a port
        std::vector<double> runs(n);
        const double next = full[n - 1] * rows.falls;
        for (std::size_t k = 0; k + 2 < n; ++k) runs[k] = full[k] - 2 * full[k + 1] + full[k + 2];
        runs[n - 2] = full[n - 2] - 2 * full[n - 1] + next;
        runs[n - 1] = full[n - 1] * (1 - rows.falls) * (1 - rows.falls);
        for (std::size_t i = 0; i < pieces_.size(); ++i) {
            const piece& here = pieces_[i];
            const bool last = i + 1 == pieces_.size();
            const std::size_t end = last ? n : std::min(pieces_[i + 1].window, n);
            powers moments = moments_of(runs, here.window, end);
            if (last)
                add_geometric(moments, n + 1 - here.window, runs[n - 1] * rows.falls, rows.falls);
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

    struct fails {
        double share;
        // Of it, what comes of the fluctuation of what is busy in all, as a logarithm.
        double crowds;
    };
    fails failing(double ports, const busy_runs& of) const {
        if (sets_ == 2) return {of.shares[1], 0};
        const double u = of.busy, one = 2 * of.ahead / u - 1;  // the mean run of a busy port
        // a() of the first window: as the table has it from load to load. Where runs grow longer
        // with what is busy (constant holds, close to full), that takes many holds, and a crowd
        // lasts about one: halfway, by ratio, to what renewals with more ports busy would have.
        const double random = (of.means[1] / u - one - 1) / (one / u - one - 1);
        const double first_rise =
            random < of.rises ? std::sqrt(std::fmax(random, 0) * of.rises) : of.rises;
        const double slope = of.means[1] > one ? (first_rise - 1) / (of.means[1] - one) : 0;
        asked at;
        at.ports = ports;
        double all = 1, all_rise = 0, squares = 0;
        std::array<double, most_rounds + 1> over{0, 1};  // the ports, by one less than the rounds
        for (std::size_t i = 2; i < over.size(); ++i) over[i] = over[i - 1] / ports;
        for (std::size_t set = 1; set < sets_; ++set) {
            at.taken[set] = of.means[set] + 0.5 - of.ahead;
            at.rises[set] = 1 + slope * (of.means[set] - one);
            at.shares[set] = of.shares[set] * over[static_cast<std::size_t>(std::popcount(set))];
            if (std::has_single_bit(set)) {
                all *= of.shares[set];
                all_rise += at.rises[set];
                squares += at.rises[set] * at.rises[set];
            }
        }
        // variances of u, over u^2 and the ports: of renewals, of all rounds, of the first alone
        const double renewal = (1 - u) * (one * (1 - u) / u - 1);
        const auto variance = [u](double a, double r) { return 1 / (u * (1 + a * r / (1 - r))); };
        const double live = variance(all_rise, all);
        at.common = (live - renewal) / (2 * ports);
        at.more = (live - variance(first_rise, of.shares[1])) / (2 * ports);
        return {over_partitions(at, sets_ - 1, {}), at.crowds(all_rise, squares)};
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
        double ports = 0, common = 0, more = 0;
        // Of each set of rounds, in one run: the share of draws, the room it takes, a(L).
        std::array<double, std::size_t{1} << most_rounds> shares, taken, rises;

        // By the sums of a(L) and of its squares over runs.
        double crowds(double sum, double squares) const {
            return common * (sum * sum - squares) + more * (squares - sum);
        }
    };
    // Some rounds, put into runs.
    struct placed {
        int runs = 0;
        double share = 1, taken = 0, rises = 0, squares = 0;  // of a(L)
    };

    // Sums over runs of `from` ports to less than `end` of the powers of the room: some side by
    // side.
    static powers moments_of(const std::vector<double>& runs, std::size_t from, std::size_t end) {
        constexpr std::size_t side = 4;
        std::array<std::array<double, side>, count> sums{};
        for (std::size_t k = from; k < end; k += side) {
            std::array<double, side> next, room;
            for (std::size_t j = 0; j < side; ++j) {
                next[j] = k + j < end ? runs[k + j] : 0;
                room[j] = static_cast<double>(k + j + 1 - from);
            }
            for (auto& sum : sums)
                for (std::size_t j = 0; j < side; ++j) {
                    sum[j] += next[j];
                    next[j] *= room[j];
                }
        }
        powers out{};
        for (std::size_t p = 0; p < count; ++p)
            for (const double sum : sums[p]) out[p] += sum;
        return out;
    }

    // What longer runs add to them, of which there are `runs` of the first room and of each next
    // one `falls` times as many as of the one before: by the binomial theorem the sum S(p) of their
    // room to the power of p is room^p + falls sum_q C(p, q) S(q).
    static void add_geometric(powers& moments, std::size_t room, double runs, double falls) {
        powers sums{}, binomials{1};
        double power = runs;
        for (std::size_t p = 0; p < count; ++p) {
            double sum = 0;
            for (std::size_t q = 0; q < p; ++q) sum += binomials[q] * sums[q];
            sums[p] = (power + falls * sum) / (1 - falls);
            moments[p] += sums[p];
            power *= static_cast<double>(room);
            for (std::size_t q = p + 1; q > 0 && p + 1 < count; --q)
                binomials[q] += binomials[q - 1];
        }
    }

    // Each way to put the rounds left into runs, the first of them together with any others.
    double over_partitions(const asked& at, std::size_t left, const placed& so_far) const {
        if (left == 0) {
            const auto& [runs, share, taken, rises, squares] = so_far;
            const double room = std::max(0.0, 1 - taken / at.ports);
            double all = share * std::exp(at.crowds(rises, squares));
            for (int i = 1; i < runs; ++i) all *= room;
            return all;
        }
        const std::size_t first = left & (~left + 1), others = left ^ first;
        double sum = 0;
        for (std::size_t with = others;; with = (with - 1) & others) {
            const std::size_t set = first | with;
            const double rises = at.rises[set];
            sum += over_partitions(
                at, others ^ with,
                {so_far.runs + 1, so_far.share * at.shares[set], so_far.taken + at.taken[set],
                 so_far.rises + rises, so_far.squares + rises * rises});
            if (with == 0) break;
        }
        return sum;
    }

    std::size_t sets_;
    std::vector<piece> pieces_;  // by ascending window
};

}  // namespace natbound::calculator::detail
