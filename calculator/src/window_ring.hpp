#pragma once
// A ring of ports as bits, one where a port is busy: the first free one of a window, and how many
// starts find a window busy.
#include <bit>
#include <cstdint>
#include <vector>

namespace natbound::calculator::detail {

class window_ring {
  public:
    explicit window_ring(std::uint64_t ports) : ports_(ports), words_((ports + 63) / 64) {
        if (ports % 64 != 0) words_.back() = ~std::uint64_t{0} << (ports % 64);  // no ports
    }

    bool busy(std::uint64_t at) const { return (words_[at / 64] >> (at % 64) & 1) != 0; }
    void turn(std::uint64_t at) { words_[at / 64] ^= std::uint64_t{1} << (at % 64); }

    // The first free port of `length` from `at` on, round the end; the number of ports where there
    // is none.
    std::uint64_t free_from(std::uint64_t at, std::uint64_t length) const {
        const std::uint64_t end = at + length;
        if (end <= ports_) return free_between(at, end);
        const auto found = free_between(at, ports_);
        return found < ports_ ? found : free_between(0, end - ports_);
    }

    // Adds to each window's number the starts that find it busy. The windows are shorter than the
    // range; with no free port every start does.
    void full_starts(const std::vector<std::uint64_t>& windows, std::uint64_t shortest,
                     std::vector<double>& starts) const {
        const auto count = [&](std::uint64_t run) {
            if (run < shortest) return;
            for (std::size_t w = 0; w < windows.size(); ++w)
                if (run >= windows[w]) starts[w] += static_cast<double>(run - windows[w] + 1);
        };
        std::uint64_t first = ports_, before = 0;
        for (std::size_t word = 0; word < words_.size(); ++word)
            for (auto open = ~words_[word]; open != 0; open &= open - 1) {
                const std::uint64_t at =
                    word * 64 + static_cast<std::uint64_t>(std::countr_zero(open));
                if (first == ports_)
                    first = at;
                else
                    count(at - before - 1);
                before = at;
            }
        if (first == ports_) {
            for (auto& s : starts) s += static_cast<double>(ports_);
        } else {
            count(first + ports_ - before - 1);
        }
    }

  private:
    std::uint64_t free_between(std::uint64_t from, std::uint64_t to) const {
        for (auto at = from; at < to; at = (at / 64 + 1) * 64) {
            const auto open = ~words_[at / 64] >> (at % 64);
            if (open == 0) continue;
            const auto found = at + static_cast<std::uint64_t>(std::countr_zero(open));
            return found < to ? found : ports_;
        }
        return ports_;
    }

    std::uint64_t ports_;
    std::vector<std::uint64_t> words_;
};

}  // namespace natbound::calculator::detail
