#include "ones_less.hpp"

#include "bit_rows.hpp"

#if defined(__x86_64__) && defined(__GNUC__)
#include <immintrin.h>
#define NATBOUND_WIDE_WORDS 1
#endif

namespace natbound::calculator::detail {
namespace {

std::uint64_t word_by_word(const std::uint64_t* words, const std::uint64_t* but, std::size_t n) {
    if (!but) return ones_of_words(n, [&](std::size_t w) { return words[w]; });
    return ones_of_words(n, [&](std::size_t w) { return words[w] & ~but[w]; });
}

#ifdef NATBOUND_WIDE_WORDS
// A table of the ones of four bits, read for 32 bytes at once (W. Mula, N. Kurz, D. Lemire, Faster
// population counts using AVX2 instructions, Computer Journal 61 (2018) 111).
__attribute__((target("avx2"))) std::uint64_t four_by_four(const std::uint64_t* words,
                                                           const std::uint64_t* but,
                                                           std::size_t n) {
    const __m256i four_bits = _mm256_set1_epi8(0x0f);
    const __m256i ones = _mm256_setr_epi8(0, 1, 1, 2, 1, 2, 2, 3, 1, 2, 2, 3, 2, 3, 3, 4,  //
                                          0, 1, 1, 2, 1, 2, 2, 3, 1, 2, 2, 3, 2, 3, 3, 4);
    __m256i sum = _mm256_setzero_si256();
    std::size_t i = 0;
    for (; i + 4 <= n; i += 4) {
        __m256i here = _mm256_loadu_si256(reinterpret_cast<const __m256i*>(words + i));
        if (but)
            here = _mm256_andnot_si256(
                _mm256_loadu_si256(reinterpret_cast<const __m256i*>(but + i)), here);
        const __m256i low = _mm256_and_si256(here, four_bits);
        const __m256i high = _mm256_and_si256(_mm256_srli_epi16(here, 4), four_bits);
        const __m256i bytes =
            _mm256_add_epi8(_mm256_shuffle_epi8(ones, low), _mm256_shuffle_epi8(ones, high));
        sum = _mm256_add_epi64(sum, _mm256_sad_epu8(bytes, _mm256_setzero_si256()));
    }
    alignas(32) std::uint64_t parts[4];
    _mm256_store_si256(reinterpret_cast<__m256i*>(parts), sum);
    return parts[0] + parts[1] + parts[2] + parts[3] +
           word_by_word(words + i, but ? but + i : nullptr, n - i);
}
#endif

}  // namespace

std::uint64_t ones_less(const std::uint64_t* words, const std::uint64_t* but, std::size_t n) {
#ifdef NATBOUND_WIDE_WORDS
    static const bool wide = __builtin_cpu_supports("avx2") != 0;
    if (wide) return four_by_four(words, but, n);
#endif
    return word_by_word(words, but, n);
}

}  // namespace natbound::calculator::detail
