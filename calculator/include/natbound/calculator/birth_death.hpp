#pragma once
// The stationary law of the number of live flows when the chance of being refused depends on that
// number alone: births at rate load x (1 - refusal(n)), deaths at rate n (unit: the mean hold), n =
// 0 .. ports. Any refusal law will do; every state is visited, in scaled arithmetic, so nothing
// over- or underflows.
#include <cstdint>
#include <functional>

namespace natbound::calculator {

// The probability that an arrival is refused when n flows are live, 0 <= n < ports, within [0, 1].
// With all ports busy refusal is certain and the law is not asked.
using refusal_law = std::function<double(std::uint64_t)>;

struct birth_death_answer {
    double refusal;      // share of arrivals refused
    double log_refusal;  // its natural logarithm; -infinity only if no state refuses
    double log_full;     // log of the share of time with all ports busy (time congestion)
    double mean;         // mean number of live flows = load x (1 - refusal)
};

// ports <= 2^32, load finite and >= 0. About 20 ns a state beside the calls of `refusal`; relative
// error about 1e-15 beside that of 1 - refusal(n).
birth_death_answer birth_death(std::uint64_t ports, double load, const refusal_law& refusal);

}  // namespace natbound::calculator
