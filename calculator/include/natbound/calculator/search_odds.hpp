#pragma once
// The exact probability that a search finds nothing, given which ports are busy: for each round,
// the share of its starts whose whole window is busy. The draws of different rounds are
// independent, so the shares multiply. All windows of one length are found at once, by and-ing the
// bits with themselves shifted, doubling the length each time.
//
// Widths and wraps count: a start of 16 bits cut to a range by the remainder finds the range's low
// ports more often, and an offset that wraps at 2^16 jumps in the middle of a window.
#include <array>
#include <cstdint>
#include <natbound/model/choose.hpp>
#include <vector>

namespace natbound::calculator {

using port_words = std::array<std::uint64_t, port_count / 64>;

// What a search in one class of ports does on one external address.
class search_odds {
  public:
    // Throws unsupported for a round from the client's own port that takes closing entries over, or
    // that is not a run.
    // plain, counted: which of the two below will be asked for.
    search_odds(const nat_plan& plan, const port_range_plan& range, bool plain, bool counted);

    // Reads the state. `reuse`: what the new flow may do with closing entries.
    void read(const port_bits& bits, take_over_rule reuse);

    // The probability that all drawn rounds fail; `counted`: where a preserved port took the place
    // of the first probe.
    double drawn(bool counted) const { return counted ? counted_ : plain_; }
    // Whether rounds start at the client's own port; then these are the source ports from which all
    // of them fail, for a flow whose port is not preserved and for one whose is.
    bool starts_at_own() const { return starts_at_own_; }
    const port_words& own(bool counted) const { return counted ? own_counted_ : own_plain_; }

  private:
    struct reader {
        search_round round;
        std::uint64_t probes = 0;
        std::uint64_t from_counted = 0;  // where the round begins when the first probe was counted
        std::vector<std::uint32_t> next,
            ways;                 // scaled: the rank after a rank; draws that start there
        std::uint64_t draws = 0;  // scaled: all of them
        bool even = false;        // scaled: as many start at each rank
        std::vector<std::uint32_t>
            circle;  // scaled: where every walk ends, if it goes round it entirely
        std::vector<std::uint32_t>
            inwards;  // scaled: all other ranks, those next to the circle first
    };

    double odds(const reader& r, std::uint64_t from, take_over_rule reuse);
    double run_odds(const reader& r, std::uint64_t from, take_over_rule reuse);
    double sweep_odds(const reader& r);
    double independent_odds(const reader& r, std::uint64_t from) const;
    double walked_odds(const reader& r, std::uint64_t from, take_over_rule reuse) const;
    double scaled_odds(const reader& r, std::uint64_t from, take_over_rule reuse) const;
    double circled_odds(const reader& r) const;
    double wrapped_windows(const reader& r, std::uint64_t from, std::uint64_t draws,
                           take_over_rule reuse) const;
    void own_windows(const reader& r, std::uint64_t from, port_words& out);
    const std::vector<std::uint64_t>& windows(std::uint64_t length);
    bool busy(std::uint64_t rank) const { return (busy_[rank / 64] >> (rank % 64) & 1U) != 0; }
    bool closing(std::uint64_t rank) const {
        return (closing_[rank / 64] >> (rank % 64) & 1U) != 0;
    }

    const port_range_plan* range_;
    bool wants_plain_, wants_counted_;
    std::vector<reader> readers_;
    bool starts_at_own_ = false, any_closing_ = false;
    std::uint64_t longest_ = 1;
    // By rank, and going round: bit i is rank i mod size, for as far as the longest window reaches.
    std::vector<std::uint64_t> busy_, closing_;
    // Windows of the length read last: bit i says that ranks i .. i+length-1 are all busy.
    std::vector<std::uint64_t> windows_;
    std::uint64_t window_length_ = 0;
    double plain_ = 1, counted_ = 1;
    port_words own_plain_{}, own_counted_{};
};

}  // namespace natbound::calculator
