#pragma once
// The ones of some words that another row has not: four words at a time where the processor can,
// which is found out when it runs.
#include <cstddef>
#include <cstdint>

namespace natbound::calculator::detail {

// but: nullptr for none.
std::uint64_t ones_less(const std::uint64_t* words, const std::uint64_t* but, std::size_t n);

}  // namespace natbound::calculator::detail
