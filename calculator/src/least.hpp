#pragma once
// The least whole number with a property that, once had, stays.
#include <cstdint>

namespace natbound::calculator::detail {

// The least n in (few, many] that meets, where few does not and many does.
template <class Meets>
std::uint64_t least(std::uint64_t few, std::uint64_t many, const Meets& meets) {
    while (many - few > 1) {
        const std::uint64_t middle = few + (many - few) / 2;
        (meets(middle) ? many : few) = middle;
    }
    return many;
}

// The least n > few that meets, where few does not and some n below 2^62 does: by steps that
// double, then halves.
template <class Meets>
std::uint64_t least_from(std::uint64_t few, const Meets& meets) {
    std::uint64_t step = 1;
    while (!meets(few + step)) {
        few += step;
        step *= 2;
    }
    return least(few, few + step, meets);
}

}  // namespace natbound::calculator::detail
