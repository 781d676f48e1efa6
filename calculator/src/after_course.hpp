#pragma once
// What becomes of one loss system after a change, by time in seconds.
#include <functional>
#include <optional>
#include <vector>

#include "natbound/calculator/birth_death.hpp"
#include "natbound/calculator/loss_curve.hpp"
#include "natbound/calculator/occupancy.hpp"

namespace natbound::calculator::detail {

struct system_course {
    std::vector<std::vector<log_odds>> refused;  // a kind's (by its place), by time
    std::vector<double> live;                    // mean number, by time
    // By time, of every kind: what `refused` may be beyond what it says, as rounding and starts
    // that are cut leave it open. Empty: nothing.
    std::vector<double> unseen = {};
    // log P(none refused by t), and its inverse: the time by which one is with probability p. Where
    // they are empty nothing is known of it.
    std::function<double(double)> log_none;
    std::function<double(double)> first_quantile;
    std::optional<double> first_mean;
    double known_until = 0;  // log_none's last t
    std::uint64_t runs = 0;  // simulated: of how many
    bool bounded = false;    // log_none and its inverse are bounds: it comes no earlier
    bool never = false;      // nothing refuses, or as good as that
};

// Erlang's loss system. Holds are exponential, of that mean; load is what is offered after the
// change. `start` may have more flows than there are ports.
system_course erlang_course(std::uint64_t ports, double load, double hold, const occupancy& start,
                            const std::vector<double>& times,
                            const std::function<void()>& interrupt);
// One that refuses with probability refusal(n) where n are live.
system_course stepped_course(std::uint64_t ports, double load, double hold,
                             const refusal_law& refusal, const occupancy& start,
                             const std::vector<double>& times,
                             const std::function<void()>& interrupt);

// The same from each of these numbers live, which were seen as often as one another: with the error
// of the logarithm that so few leave. `refusal` as above; empty: Erlang's.
system_course sampled_course(std::uint64_t ports, double load, double hold,
                             const refusal_law& refusal, const std::vector<std::uint64_t>& starts,
                             const std::vector<double>& times,
                             const std::function<void()>& interrupt);

// Nothing refuses: only the number live is known.
system_course free_course(const std::vector<double>& live, std::size_t times);

// How a simulated system begins.
struct course_start {
    std::size_t before = 0;      // so many of the input's first streams are those before the change
    std::optional<double> live;  // so many flows of them; else what is live in the long run
    // Of each of those the stream after the change whose closing timers (and mean, if both are
    // exponential) its open flows take over; SIZE_MAX: none.
    std::vector<std::size_t> becomes = {};
    double share = 1;          // each of `live` is this system's with that chance
    bool cut = false;          // flows that are away end at the change
    double share_of_work = 1;  // of a simulation of as many runs as time allows
};

// The concrete design, `runs` times (0: as time allows). Each kind's odds are those of the streams
// after the change.
system_course simulated_course(const simulation_input& input, const course_start& start,
                               const std::vector<double>& times, std::uint64_t runs,
                               std::uint64_t seed, const std::function<void(double)>& progress);

}  // namespace natbound::calculator::detail
