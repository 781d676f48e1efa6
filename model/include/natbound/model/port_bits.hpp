#pragma once
// Which ports of one external address are taken within one clash scope: a bit a port, and a second
// one for entries that are closing, scanned a word at a time.
#include <array>
#include <bit>
#include <cstdint>
#include <map>

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

// The same where few ports are taken, or in few places: it keeps pages of which some port is.
class sparse_port_bits {
  public:
    bool busy(port p) const { return test(p, &page::busy); }
    bool closing(port p) const { return test(p, &page::closing); }
    bool any_closing() const { return closing_count_ != 0; }
    bool empty() const { return pages_.empty(); }

    void take(port p) { pages_[p / page_size].busy[word(p)] |= bit(p); }
    void release(port p) {
        set_closing(p, false);
        const auto it = pages_.find(p / page_size);
        if (it == pages_.end()) return;
        it->second.busy[word(p)] &= ~bit(p);
        for (const auto w : it->second.busy)
            if (w != 0) return;
        pages_.erase(it);
    }
    void set_closing(port p, bool value) {
        if (closing(p) == value) return;
        pages_[p / page_size].closing[word(p)] ^= bit(p);
        closing_count_ += value ? 1U : -1U;
    }

    // As those of port_bits.
    port first_free(port first, port last) const {
        for (port p = first; p <= last;) {
            const auto it = pages_.find(p / page_size);
            if (it == pages_.end()) return p;
            for (const port next = (p / page_size + 1) * page_size; p < next && p <= last;) {
                const auto free = ~it->second.busy[word(p)] & (~std::uint64_t{0} << (p % 64));
                p -= p % 64;
                if (free != 0) {
                    p += static_cast<port>(std::countr_zero(free));
                    return p <= last ? p : port_count;
                }
                p += 64;
            }
        }
        return port_count;
    }
    port last_free(port first, port last) const {
        for (port p = last;;) {
            const auto it = pages_.find(p / page_size);
            if (it == pages_.end()) return p;
            const auto free = ~it->second.busy[word(p)] & (~std::uint64_t{0} >> (63 - p % 64));
            p -= p % 64;
            if (free != 0) {
                p += 63 - static_cast<port>(std::countl_zero(free));
                return p >= first ? p : port_count;
            }
            if (p <= first) return port_count;
            --p;
        }
    }

  private:
    static constexpr port page_size = 512;
    struct page {
        std::array<std::uint64_t, page_size / 64> busy{}, closing{};
    };
    static std::uint64_t bit(port p) { return std::uint64_t{1} << (p % 64); }
    static std::size_t word(port p) { return p % page_size / 64; }
    template <class Words>
    bool test(port p, Words words) const {
        const auto it = pages_.find(p / page_size);
        return it != pages_.end() && (it->second.*words)[word(p)] >> (p % 64) & 1U;
    }

    std::map<port, page> pages_;
    std::uint32_t closing_count_ = 0;
};

}  // namespace natbound
