#pragma once
// One way to refuse an argument: the function, the argument, its value and the rule.
#include <cmath>
#include <limits>
#include <natbound/model/error.hpp>
#include <sstream>
#include <string>

namespace natbound::calculator::detail {

[[noreturn]] inline void refuse(const char* function, const char* argument, double value,
                                const char* rule) {
    std::ostringstream text;
    text.precision(std::numeric_limits<double>::max_digits10);
    text << function << ": " << argument << " = " << value << ": " << rule;
    throw domain_error(text.str());
}

inline void require(bool holds, const char* function, const char* argument, double value,
                    const char* rule) {
    if (!holds) [[unlikely]]
        refuse(function, argument, value, rule);
}

// False for NaN and for infinity too.
inline bool finite_and_not_negative(double x) {
    return x >= 0 && x <= std::numeric_limits<double>::max();
}

inline constexpr const char* rule_not_negative = "must be finite and at least 0";

}  // namespace natbound::calculator::detail
