#pragma once
// The arithmetic of a probe: which port of the range is tried at probe i, given the number drawn.
// Written once, over any number type: machine integers step it, Z3 terms prove with it, tests
// enumerate it. Widths and wraps are part of the meaning.
#include <cstdint>

#include "natbound/model/design.hpp"

namespace natbound {

// What a number type must tell: a constant, and a choice between two numbers. Specialised beside
// each type; it must hold numbers up to 2^48.
template <class Number>
struct number_type;

template <>
struct number_type<std::uint64_t> {
    static std::uint64_t constant(std::uint64_t value, std::uint64_t /*like*/) { return value; }
    static std::uint64_t choose(bool which, std::uint64_t yes, std::uint64_t no) {
        return which ? yes : no;
    }
};

// The rank (0 .. range-1) that probe `i` of a round tries.
//   draw      the number drawn for the round's start (ascend, scaled, ascend_then_descend) or for
//   this very probe (independent): below 2^bits, or
//             below range where the round has no bits; for a start that is not drawn, that start's
//             rank
//   previous  the rank that the probe before tried (used by scaled alone)
//   lowest    the lowest port of the range
template <class Number>
Number probed_rank(const search_round& round, const Number& draw, unsigned i,
                   const Number& previous, const Number& range, const Number& lowest) {
    const auto constant = [&](std::uint64_t value) {
        return number_type<Number>::constant(value, range);
    };
    const unsigned bits = round.bits.value_or(0);
    // a random number is cut to the range by the remainder, or (scaled) by multiplying and keeping
    // the high bits
    const auto cut = [&](const Number& value) -> Number {
        if (round.step == step_kind::scaled)
            return (value * range) / constant(std::uint64_t{1} << bits);
        return value % range;
    };
    switch (round.step) {
        case step_kind::ascend: {
            const Number offset = draw + constant(i);
            if (!round.offset_bits) return cut(offset);
            return cut(offset % constant(std::uint64_t{1} << *round.offset_bits));
        }
        case step_kind::ascend_then_descend:
            // up to the last rank, then down from the one below the start: the i-th in all is n-1-i
            // once the top is passed
            return number_type<Number>::choose(draw + constant(i) < range, draw + constant(i),
                                               range - constant(1) - constant(i));
        case step_kind::independent:
            return cut(draw);
        case step_kind::scaled:
            if (i == 0) return cut(draw);
            // cut to the width first, else a width below 16 bits would scale past the range
            return cut((lowest + previous + constant(1)) % constant(std::uint64_t{1} << bits));
    }
    return draw;
}

// How many probes a round makes in a range of that size. A run that ascends or sweeps never makes
// more probes than there are ports; draws are not capped.
inline std::uint64_t probe_count(const search_round& round, std::uint64_t range) {
    if (!round.probes) return range;
    const bool capped =
        round.step == step_kind::ascend || round.step == step_kind::ascend_then_descend;
    return capped && *round.probes > range ? range : *round.probes;
}

inline bool is_drawn(const search_round& round) {
    return round.start == start_kind::random || round.start == start_kind::hash;
}

// How many values the round's draw has: 2^bits, or the range. 1 where the start is fixed.
inline std::uint64_t draw_count(const search_round& round, std::uint64_t range) {
    if (!is_drawn(round)) return 1;
    return round.bits ? std::uint64_t{1} << *round.bits : range;
}

}  // namespace natbound
