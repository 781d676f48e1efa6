// The hashes themselves.
#include "natbound/model/hash.hpp"

#include <array>

namespace natbound {
namespace {

constexpr std::uint32_t rotated(std::uint32_t word, unsigned by) {
    return (word << by) | (word >> (32 - by));
}

// The address as the kernel's union nf_inet_addr on a little-endian machine: four words, each
// holding its four bytes in network order; an IPv4 address fills the first and leaves the rest 0.
std::array<std::uint32_t, 4> kernel_words(ip_address a) {
    std::array<std::uint32_t, 4> words{};
    const auto swapped = [](std::uint32_t w) {
        return (w >> 24U) | ((w >> 8U) & 0xff00U) | ((w << 8U) & 0xff0000U) | (w << 24U);
    };
    if (is_ipv4(a)) {
        words[0] = swapped(static_cast<std::uint32_t>(a));
    } else {
        for (unsigned i = 0; i < 4; ++i)
            words.at(i) = swapped(static_cast<std::uint32_t>(a >> (96U - 32U * i)));
    }
    return words;
}

}  // namespace

bool is_known_hash(const std::string& name) { return name == "jhash2" || name == "vpp-fold"; }
std::string known_hashes() { return "jhash2, vpp-fold"; }

std::uint32_t jhash2(const std::uint32_t* words, std::size_t length, std::uint32_t seed) {
    std::uint32_t a = 0xdeadbeefU + (static_cast<std::uint32_t>(length) << 2U) + seed;
    std::uint32_t b = a;
    std::uint32_t c = a;
    while (length > 3) {
        a += words[0];
        b += words[1];
        c += words[2];
        a -= c;
        a ^= rotated(c, 4);
        c += b;
        b -= a;
        b ^= rotated(a, 6);
        a += c;
        c -= b;
        c ^= rotated(b, 8);
        b += a;
        a -= c;
        a ^= rotated(c, 16);
        c += b;
        b -= a;
        b ^= rotated(a, 19);
        a += c;
        c -= b;
        c ^= rotated(b, 4);
        b += a;
        words += 3;
        length -= 3;
    }
    if (length == 0) return c;
    if (length > 2) c += words[2];
    if (length > 1) b += words[1];
    a += words[0];
    c ^= b;
    c -= rotated(b, 14);
    a ^= c;
    a -= rotated(c, 11);
    b ^= a;
    b -= rotated(a, 25);
    c ^= b;
    c -= rotated(b, 16);
    a ^= c;
    a -= rotated(c, 4);
    b ^= a;
    b -= rotated(a, 14);
    c ^= b;
    c -= rotated(b, 24);
    return c;
}

std::uint64_t hashed_rank(const pool_rule& rule, ip_address source, ip_address destination,
                          std::uint64_t pool_size) {
    if (rule.hash == "jhash2") {
        const auto words = kernel_words(source);
        const auto to = kernel_words(destination);
        const std::uint32_t seed =
            rule.of == hash_input::source ? 0 : to[is_ipv4(destination) ? 0 : 3];
        const std::uint64_t hash = jhash2(words.data(), words.size(), seed);
        return (hash * pool_size) >> 32U;  // reciprocal_scale
    }
    if (rule.hash == "vpp-fold") {
        // the address as VPP holds it, in network byte order; the walk over the pool starts at hash
        // and keeps the last address that it visits
        const std::uint32_t s = kernel_words(source)[0];
        const std::uint32_t hash = s + (s >> 8U) + (s >> 16U) + (s >> 24U);
        return (hash % pool_size + pool_size - 1) % pool_size;
    }
    return pool_size;
}

}  // namespace natbound
