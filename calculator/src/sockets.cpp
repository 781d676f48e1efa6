// The rare and the slow part of choosing a client's port.
#include "natbound/calculator/sockets.hpp"

#include <bit>

namespace natbound::calculator {
namespace {

// The first port from..last that is not in use, of those that `mask` has in each word of 64 ports;
// port_count where there is none.
port first_free(const client_sockets::bitmap& used, port from, port last, std::uint64_t mask) {
    for (port word = from / 64; from <= last && word <= last / 64; ++word) {
        std::uint64_t open = ~used[word] & mask;
        if (word == from / 64) open &= ~std::uint64_t{0} << (from % 64);
        if (open == 0) continue;
        const port p = word * 64 + static_cast<port>(std::countr_zero(open));
        return p <= last ? p : port_count;
    }
    return port_count;
}

}  // namespace

port_list::port_list(const port_set& ports)
    : set_(ports), first_(ports.at(0)), size_(static_cast<std::uint32_t>(saturated(ports.size()))) {
    if (ports.parts().size() == 1) return;
    for (const auto& part : ports.parts())
        for (port p = part.first; p <= part.last; ++p)
            listed_.push_back(static_cast<std::uint16_t>(p));
}

void socket_set::insert(std::uint64_t key) {
    if (++used_ * 2 > slots_.size()) grow();
    std::size_t i = home(key);
    while (slots_[i] != 0) i = (i + 1) & mask_;
    slots_[i] = key + 1;
}

// Knuth, The Art of Computer Programming 3, 6.4, algorithm R: what follows is moved up.
void socket_set::erase(std::uint64_t key) {
    std::size_t hole = home(key);
    while (slots_[hole] != key + 1) hole = (hole + 1) & mask_;
    for (std::size_t i = (hole + 1) & mask_; slots_[i] != 0; i = (i + 1) & mask_) {
        const std::size_t want = home(slots_[i] - 1);
        if (((i - want) & mask_) >= ((i - hole) & mask_)) {
            slots_[hole] = slots_[i];
            hole = i;
        }
    }
    slots_[hole] = 0;
    --used_;
}

void socket_set::grow() {
    std::vector<std::uint64_t> old(slots_.size() * 2);
    old.swap(slots_);
    mask_ = slots_.size() - 1;
    --shift_;
    for (const auto slot : old) {
        if (slot == 0) continue;
        std::size_t i = home(slot - 1);
        while (slots_[i] != 0) i = (i + 1) & mask_;
        slots_[i] = slot;
    }
}

port client_sockets::rare_uniform(std::uint32_t pair, const port_list& ports,
                                  random_bits& random) const {
    if (count(pair) >= ports.size()) return port_count;
    auto left = random.draw(ports.size() - count(pair));
    for (std::uint32_t rank = 0;; ++rank)
        if (!used(pair, ports.at(rank)) && left-- == 0) return ports.at(rank);
}

port client_sockets::next(std::uint32_t pair, const port_list& ports, std::uint32_t rank) const {
    if (count(pair) >= ports.size()) return port_count;
    if (const bitmap* used = bits(pair); used && ports.consecutive()) {
        const port first = ports.at(0), from = first + rank % ports.size();
        const port p = first_free(*used, from, first + ports.size() - 1, ~std::uint64_t{0});
        return p != port_count ? p : first_free(*used, first, from - 1, ~std::uint64_t{0});
    }
    for (rank %= ports.size();; rank = rank + 1 == ports.size() ? 0 : rank + 1)
        if (!used(pair, ports.at(rank))) return ports.at(rank);
}

// Linux net/ipv4/inet_hashtables.c __inet_hash_connect: the range is cut to an even number of
// ports, the ports of the lowest one's parity come first, then the others.
port client_sockets::second(std::uint32_t pair, const port_list& ports, std::uint32_t offset,
                            std::uint32_t& steps) const {
    const std::uint32_t remaining = ports.size() > 1 ? ports.size() & ~1U : 1;
    offset = offset % remaining & ~1U;
    if (count(pair) >= remaining) return port_count;
    const bitmap* used_bits = ports.consecutive() ? bits(pair) : nullptr;
    for (std::uint32_t parity = 0; parity < (remaining > 1 ? 2U : 1U); ++parity) {
        if (used_bits) {
            const port first = ports.at(0) + parity, from = first + offset;
            const auto mask = std::uint64_t{0x5555555555555555} << (first % 2);
            port p = first_free(*used_bits, from, ports.at(0) + remaining - 1, mask);
            if (p == port_count && offset > 0) p = first_free(*used_bits, first, from - 1, mask);
            if (p == port_count) continue;
            steps = (p - first + remaining - offset) % remaining;
            return p;
        }
        for (steps = 0; steps < remaining; steps += 2) {
            const port p = ports.at((offset + parity + steps) % remaining);
            if (!used(pair, p)) return p;
        }
    }
    return port_count;
}

}  // namespace natbound::calculator
