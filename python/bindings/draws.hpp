#pragma once
#include "natbound/calculator/attempts.hpp"

// Whether a port may be drawn twice, as Python says it.
inline natbound::calculator::draws draws_of(double with_replacement) {
    using natbound::calculator::draws;
    return with_replacement != 0 ? draws::with_replacement : draws::without_replacement;
}
