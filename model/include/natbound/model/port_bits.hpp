#pragma once
// Which ports of one external address are taken within one clash scope: a bit a port, and a second
// one for entries that are closing, scanned a word at a time.
#include <array>
#include <bit>
#include <cstdint>

#include "natbound/model/ports.hpp"

namespace natbound {

class port_bits {
  public:
    bool busy(port p) const { return test(busy_, p); }
    bool closing(port p) const { return test(closing_, p); }
    bool any_closing() const { return closing_count_ != 0; }

    void take(port p) { busy_[p / 64] |= bit(p); }
    void release(port p) {
        busy_[p / 64] &= ~bit(p);
        set_closing(p, false);
    }
    void set_closing(port p, bool value) {
        if (closing(p) == value) return;
        closing_[p / 64] ^= bit(p);
        closing_count_ += value ? 1U : -1U;
    }

    // The lowest free port in first..last, or none (port_count).
    port first_free(port first, port last) const {
        std::uint64_t word = ~busy_[first / 64] & (~std::uint64_t{0} << (first % 64));
        for (port w = first / 64;; word = ~busy_[++w]) {
            if (word != 0) {
                const port found = w * 64 + static_cast<port>(std::countr_zero(word));
                return found <= last ? found : port_count;
            }
            if (w == last / 64) return port_count;
        }
    }

    // The highest free port in first..last, or none (port_count).
    port last_free(port first, port last) const {
        std::uint64_t word = ~busy_[last / 64] & (~std::uint64_t{0} >> (63 - last % 64));
        for (port w = last / 64;; word = ~busy_[--w]) {
            if (word != 0) {
                const port found = w * 64 + 63 - static_cast<port>(std::countl_zero(word));
                return found >= first ? found : port_count;
            }
            if (w == first / 64) return port_count;
        }
    }

    const std::array<std::uint64_t, port_count / 64>& busy_words() const { return busy_; }
    const std::array<std::uint64_t, port_count / 64>& closing_words() const { return closing_; }

  private:
    using words = std::array<std::uint64_t, port_count / 64>;
    static std::uint64_t bit(port p) { return std::uint64_t{1} << (p % 64); }
    static bool test(const words& w, port p) { return (w[p / 64] & bit(p)) != 0; }

    words busy_{}, closing_{};
    std::uint32_t closing_count_ = 0;
};

}  // namespace natbound
