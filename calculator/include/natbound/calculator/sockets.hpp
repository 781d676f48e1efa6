#pragma once
// The clients' own sockets: which source ports each client uses towards each destination, and which
// one its next connection takes. A pair is one client address with one destination endpoint; few
// pairs keep a bitmap each, many share one hash set (those that are added one by one: all beyond
// the first so many).
#include <algorithm>
#include <array>
#include <cstdint>
#include <natbound/model/random.hpp>
#include <natbound/model/scenario.hpp>
#include <vector>

namespace natbound::calculator {

// A port set with the port of a rank at hand.
class port_list {
  public:
    explicit port_list(const port_set& ports);
    std::uint32_t size() const { return size_; }
    port at(std::uint32_t rank) const { return listed_.empty() ? first_ + rank : listed_[rank]; }
    bool consecutive() const { return listed_.empty(); }
    const port_set& set() const { return set_; }

  private:
    port_set set_;
    port first_ = 0;
    std::uint32_t size_ = 0;
    std::vector<std::uint16_t> listed_;  // empty where the ports are consecutive
};

// A set of (pair, port): open addressing with linear probing, and no tombstones.
class socket_set {
  public:
    bool contains(std::uint64_t key) const {
        for (std::size_t i = home(key);; i = (i + 1) & mask_) {
            if (slots_[i] == key + 1) return true;
            if (slots_[i] == 0) return false;
        }
    }
    void insert(std::uint64_t key);
    void erase(std::uint64_t key);

  private:
    std::size_t home(std::uint64_t key) const {
        return static_cast<std::size_t>((key * 0x9e3779b97f4a7c15U) >> shift_);
    }
    void grow();

    std::vector<std::uint64_t> slots_ = std::vector<std::uint64_t>(1024);  // key + 1; 0 is empty
    std::size_t mask_ = 1023, used_ = 0;
    unsigned shift_ = 54;
};

class client_sockets {
  public:
    static constexpr std::uint32_t most_bitmaps = 256;
    using bitmap = std::array<std::uint64_t, port_count / 64>;

    explicit client_sockets(std::uint32_t pairs = 0) : used_(pairs) {
        if (pairs <= most_bitmaps) bitmaps_.resize(pairs);
    }

    // One more pair, where there were none at the start; its number.
    std::uint32_t add_pair() {
        used_.push_back(0);
        if (used_.size() <= most_bitmaps) bitmaps_.emplace_back();
        return static_cast<std::uint32_t>(used_.size() - 1);
    }

    bool used(std::uint32_t pair, port p) const {
        if (pair < bitmaps_.size()) return (bitmaps_[pair][p / 64] >> (p % 64) & 1U) != 0;
        return set_.contains(key(pair, p));
    }
    void take(std::uint32_t pair, port p) {
        ++used_[pair];
        if (pair < bitmaps_.size())
            bitmaps_[pair][p / 64] |= std::uint64_t{1} << (p % 64);
        else
            set_.insert(key(pair, p));
    }
    void release(std::uint32_t pair, port p) {
        --used_[pair];
        if (pair < bitmaps_.size())
            bitmaps_[pair][p / 64] &= ~(std::uint64_t{1} << (p % 64));
        else
            set_.erase(key(pair, p));
    }
    std::uint32_t count(std::uint32_t pair) const { return used_[pair]; }
    std::uint32_t pairs() const { return static_cast<std::uint32_t>(used_.size()); }
    // The bitmap of a pair; nullptr where it has none.
    const bitmap* bits(std::uint32_t pair) const {
        return pair < bitmaps_.size() ? &bitmaps_[pair] : nullptr;
    }

    // Any free port, with equal chance; port_count where all are used.
    port uniform(std::uint32_t pair, const port_list& ports, random_bits& random) const {
        for (int tries = 0; tries < 32; ++tries) {
            const port p = ports.at(static_cast<std::uint32_t>(random.draw(ports.size())));
            if (!used(pair, p)) [[likely]]
                return p;
        }
        return rare_uniform(pair, ports, random);
    }
    // The first free port at or after that rank, going round; port_count where all are used.
    port next(std::uint32_t pair, const port_list& ports, std::uint32_t rank) const;
    // Linux's connect(): from `offset` every second port, then those between (see sockets.cpp).
    // Sets `steps` to how far it went.
    port second(std::uint32_t pair, const port_list& ports, std::uint32_t offset,
                std::uint32_t& steps) const;

  private:
    static std::uint64_t key(std::uint32_t pair, port p) {
        return static_cast<std::uint64_t>(pair) << 16U | p;
    }
    port rare_uniform(std::uint32_t pair, const port_list& ports, random_bits& random) const;

    std::vector<bitmap> bitmaps_;
    socket_set set_;
    std::vector<std::uint32_t> used_;  // ports in use, a pair
};

// Linux's offset for the next connect() to the same destination, after `second` went so far.
inline std::uint32_t after_second(std::uint32_t offset, const port_list& ports, std::uint32_t steps,
                                  random_bits& random) {
    const auto jump = static_cast<std::uint32_t>(random.draw(8)) * 2;
    return (offset + std::max(steps, jump) + 2) % ports.size();
}

}  // namespace natbound::calculator
