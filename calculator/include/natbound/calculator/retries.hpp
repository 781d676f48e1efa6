#pragma once
// Clients that try again when refused: a connection makes up to `tries` attempts, and after each
// refusal goes on with probability `persistence`, waiting for the next back-off. Refusal then
// raises the load that causes it. With B(A) what is refused of Poisson attempts of load A, and p =
// B(A), the fixed point is
//
//     A = load (1 + r p + (r p)^2 + ... + (r p)^(tries - 1)),      r = persistence,
//
// with tries without end A = load/(1 - r p), the "extended Erlang B" of teletraffic tables. It is
// unique, for A (1 - p) grows with A. Taken for granted: every attempt meets the pool as a stranger
// would. That is right where a back-off is spread (jitter) over so long that those refused together
// do not meet again, and in the limit of no end; it is refused elsewhere (`meet_again`), where it
// is wrong by orders of magnitude:
// 1,000 ports, load 985, hold 60 s, a SYN and six more after 1, 2, 4 ... s: 0.3 % of the
// connections fail, and not 1e-9. The simulator (simulator.hpp) knows these. How far off this is:
// docs/calculator.md.
#include <cstdint>
#include <functional>
#include <limits>

namespace natbound::calculator {

struct retry_policy {
    std::uint64_t tries = 3;  // attempts in all; 0: without end. Linux sends a SYN 7 times
    double persistence = 1;   // chance to go on after a refusal; 0 .. 1
    // Mean wait before the second attempt, in any unit of time; infinite: the limit of long ones.
    double backoff = std::numeric_limits<double>::infinity();
    double factor = 2;            // each further wait is so many times the one before ...
    double most_backoff = 1e300;  // ... up to this
    double jitter = 0;            // a wait is anything within this share of its mean; 0 .. 1
    double hold = 1;              // the mean hold, in backoff's unit
};

// How far the tries of one connection are from strangers to one another: about so much above the
// fixed point's is the logarithm of the share of connections that fail (of the mean number of
// attempts, where all go on without end). Two things join them: ports that were full a moment ago
// are likely full, and those refused at one time come back at another, so that what waits, and the
// load with it, rises and falls over many back-offs (retry_meetings.cpp). `attempts`: their load
// in Erlang; `refused`: the share of them; `elasticity`: of that share by their load, d log refused
// / d log attempts (of Erlang's formula: ports - carried). 0 for one try, for nothing refused and
// for back-offs without end; infinite where backoff x jitter is below 4 holds, where more joins
// them than this counts. Checked against simulations: within a factor of 2 below 0.5.
double meet_again(const retry_policy& policy, double attempts, double refused, double elasticity);
inline constexpr double nearly_strangers = 0.1;  // where the fixed point is given
// False where no load makes strangers of them.
bool may_be_strangers(const retry_policy& policy);
// Of a connection that is never let in, mean: tries must not be 0.
double all_backoffs(const retry_policy& policy);

struct retry_answer {
    double attempt_load;        // attempts x mean hold; attempts a connection = this over the load
    double attempt_refusal;     // share of attempts refused, first attempts among them
    double connection_failure;  // share of connections none of whose attempts came in
    double attempts;            // mean number of attempts a connection
    double mean_delay;          // from first attempt to success, over those that succeed; infinity
                                // where waits grow faster than the chance to need them falls
    double carried;             // mean number of live connections
    double meet_again;          // as the function above has it; at most nearly_strangers
};

// With erlang_b(ports, load). ports 0 .. 1e15, load 0 .. 1e12, policy as above and one whose tries
// are nearly strangers; where all persist without end, load < ports, else no fixed point exists.
// The fixed point is met to a relative error of about 1e-12. Else natbound::domain_error.
retry_answer retries(double ports, double load, const retry_policy& policy = {});

// With any refusal probability as a function of the load of attempts, such as refusal_probability
// of attempts.hpp: it must lie within [0, 1] and not fall, nor may A (1 - refusal(A)).
retry_answer retries(double load, const retry_policy& policy,
                     const std::function<double(double)>& refusal);

// The same fixed point, however far the tries are from strangers.
retry_answer retries_of_strangers(double load, const retry_policy& policy,
                                  const std::function<double(double)>& refusal);

// What meets a target of connections that fail, 0 < target < 1, in the limit of long back-offs (the
// fixed point above without one), with Erlang's formula: the most load, to 1e-12; the fewest ports;
// the fewest tries, to 1e6. tries 0: without end, only with persistence < 1. Whole numbers are
// exact by the formula above, but where it is met to a part in 1e12. Else natbound::domain_error.
double load_for_retries(double ports, double target, std::uint64_t tries, double persistence);
std::uint64_t ports_for_retries(double load, double target, std::uint64_t tries,
                                double persistence);
std::uint64_t tries_for_retries(double ports, double load, double target, double persistence);

}  // namespace natbound::calculator
