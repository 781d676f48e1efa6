#pragma once
#include "formula.hpp"
#include "natbound/calculator/attempts.hpp"

// Whether a port may be drawn twice, as Python says it.
inline natbound::calculator::draws draws_of(const char* function, double with_replacement) {
    using natbound::calculator::draws;
    return broadcasting::flag(function, "with_replacement", with_replacement)
               ? draws::with_replacement
               : draws::without_replacement;
}
