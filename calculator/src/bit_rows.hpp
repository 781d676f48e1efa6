#pragma once
// Long rows of bits in 64-bit words: copying, counting, and-ing with themselves shifted.
#include <algorithm>
#include <bit>
#include <cstdint>
#include <vector>

namespace natbound::calculator::detail {

using row = std::vector<std::uint64_t>;

// 64 bits from any place; the row has a word to spare behind it.
inline std::uint64_t word_at(const std::uint64_t* bits, std::uint64_t from) {
    const std::uint64_t low = bits[from / 64] >> (from % 64);
    return from % 64 == 0 ? low : low | bits[from / 64 + 1] << (64 - from % 64);
}

inline std::uint64_t low_bits(std::uint64_t n) {
    return n >= 64 ? ~std::uint64_t{0} : (std::uint64_t{1} << n) - 1;
}

// Writes n bits of `from` (at bit `at`) behind the first `size` bits of `to`, which are zero there.
// `from` has a word to spare, or ends with the last bit that is read.
inline void append(row& to, std::uint64_t& size, const std::uint64_t* from, std::uint64_t at,
                   std::uint64_t n) {
    while (n > 0) {
        const std::uint64_t take = std::min<std::uint64_t>(n, 64 - size % 64);
        const std::uint64_t shift = at % 64;
        std::uint64_t bits = from[at / 64] >> shift;
        if (shift + take > 64) bits |= from[at / 64 + 1] << (64 - shift);
        to[size / 64] |= (bits & low_bits(take)) << (size % 64);
        size += take;
        at += take;
        n -= take;
    }
}

// bits[i] &= bits[i + by], for all i; false if nothing is left.
inline bool and_shifted(row& bits, std::uint64_t by) {
    const std::uint64_t words = by / 64, shift = by % 64;
    const std::size_t n = bits.size();
    std::uint64_t any = 0;
    std::size_t i = 0;
    if (shift == 0) {
        for (; i + words < n; ++i) any |= bits[i] &= bits[i + words];
    } else {
        for (; i + words + 1 < n; ++i)
            any |= bits[i] &= bits[i + words] >> shift | bits[i + words + 1] << (64 - shift);
        if (i + words < n) {
            any |= bits[i] &= bits[i + words] >> shift;
            ++i;
        }
    }
    for (; i < n; ++i) bits[i] = 0;
    return any != 0;
}

// The ones of a word, by halves (H. S. Warren, Hacker's Delight, 5-1): the compiler's own is a slow
// call where the processor is not known to count.
inline std::uint64_t pairs_of_bytes(std::uint64_t word) {  // at most 8 in each byte
    word -= word >> 1 & 0x5555555555555555U;
    word = (word & 0x3333333333333333U) + (word >> 2 & 0x3333333333333333U);
    return (word + (word >> 4)) & 0x0f0f0f0f0f0f0f0fU;
}
inline std::uint64_t sum_of_bytes(std::uint64_t bytes) {
    bytes = (bytes & 0x00ff00ff00ff00ffU) + (bytes >> 8 & 0x00ff00ff00ff00ffU);
    return bytes * 0x0001000100010001U >> 48;
}
inline std::uint64_t ones_of(std::uint64_t word) { return sum_of_bytes(pairs_of_bytes(word)); }

// The ones of n words, each as `word(i)`.
template <class Word>
std::uint64_t ones_of_words(std::size_t n, Word&& word) {
    std::uint64_t sum = 0;
    for (std::size_t i = 0; i < n;) {
        std::uint64_t bytes = 0;
        for (const std::size_t end = std::min(n, i + 31); i < end; ++i)
            bytes += pairs_of_bytes(word(i));
        sum += sum_of_bytes(bytes);
    }
    return sum;
}

// Ones among bits first .. first+n-1.
inline std::uint64_t ones(const std::uint64_t* bits, std::uint64_t first, std::uint64_t n) {
    std::uint64_t sum = 0;
    if (n > 0 && first % 64 != 0) {
        const std::uint64_t take = std::min<std::uint64_t>(n, 64 - first % 64);
        sum = ones_of(bits[first / 64] >> (first % 64) & low_bits(take));
        first += take;
        n -= take;
    }
    const std::uint64_t* from = bits + first / 64;
    sum += ones_of_words(n / 64, [&](std::size_t i) { return from[i]; });
    if (n % 64 != 0) sum += ones_of(from[n / 64] & low_bits(n % 64));
    return sum;
}

// Calls with the place of each one among bits first .. first+n-1.
template <class Each>
void for_ones(const std::uint64_t* bits, std::uint64_t first, std::uint64_t n, Each&& each) {
    while (n > 0) {
        const std::uint64_t take = std::min<std::uint64_t>(n, 64 - first % 64);
        std::uint64_t word = bits[first / 64] >> (first % 64) & low_bits(take);
        for (; word != 0; word &= word - 1)
            each(first + static_cast<std::uint64_t>(std::countr_zero(word)));
        first += take;
        n -= take;
    }
}

}  // namespace natbound::calculator::detail
