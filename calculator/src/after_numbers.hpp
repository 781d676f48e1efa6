#pragma once
// A change where only the number live matters, of holds of any law: ports of a search that finds
// every free one, or entries of a table. Stepped without ports and flows: of exponential holds
// their number is enough, of others when they end. It begins with Erlang's law, which holds for any
// law of holds, each flow as a glance at any moment finds it (the product form: B. A. Sevastyanov,
// Theory Probab. Appl. 2 (1957) 104): exactly the long run, and no time before it is stepped.
#include <cstdint>

#include "after_course.hpp"
#include "hold_clock.hpp"

namespace natbound::calculator::detail {

// Connections of one law of holds.
struct number_stream {
    double rate = 0;  // a second
    hold_law_of law;
    // Of one before the change: the stream after it whose closing timers (and mean, if both are
    // exponential) its open flows take over; SIZE_MAX: none.
    std::size_t becomes = SIZE_MAX;
};

struct number_change {
    double limit = 0;
    std::vector<number_stream> before, now;
    occupancy start;  // of what is live at the change, of `before` by their loads; may exceed limit
    std::vector<double> means;  // by time: mean number live were none refused
};

// Counted is the share of time that the limit is reached (arrivals are Poisson, and see it: R. W.
// Wolff 1982), within 1 % of a mean hold of each time; at the change by the law of the start. Runs
// 0: as time allows.
system_course number_course(const number_change& change, const std::vector<double>& times,
                            std::uint64_t runs, double share_of_work, std::uint64_t seed,
                            const std::function<void(double)>& progress);

// The same, never reached but with such a small chance (its logarithm) at any moment; rate:
// arrivals a second; live: mean number, by time.
system_course bounded_course(double log_reached, double rate, const std::vector<double>& live);

}  // namespace natbound::calculator::detail
