#pragma once
// Finitely many sources (clients with one connection each, subscribers with one tunnel): each idle
// source opens connections at rate alpha / (mean hold), a busy one none (T. O. Engset 1918). With
// c ports the number busy is binomial, cut off at c, and two shares differ:
//
//     time congestion  E(N) = binom(N,c) alpha^c / sum_{k<=c} binom(N,k) alpha^k:
//                      the share of *time* with all ports busy;
//     call congestion  E(N-1): the share of *attempts* refused; what users see. An arriving source
//                      sees the system as if it were not there.
//
// Some packages return the former under the name "blocking probability" (R's queueing::Engset);
// with few sources they differ by far. Any law of holds and of idle times counts by its mean alone.
// sources 1 .. 1e7, ports 0 .. 2^32, alpha 0 .. 1e100; else natbound::domain_error.
// Relative error <= 1e-12 where the value is >= 1e-300, of the logarithm below. O(sqrt sources).
#include <cstdint>

namespace natbound::calculator {

double engset_time_congestion(std::uint64_t sources, std::uint64_t ports, double alpha);
double engset_call_congestion(std::uint64_t sources, std::uint64_t ports, double alpha);

// Natural logarithms; -infinity where it can't happen (as many ports as sources, or alpha = 0).
double log_engset_time_congestion(std::uint64_t sources, std::uint64_t ports, double alpha);
double log_engset_call_congestion(std::uint64_t sources, std::uint64_t ports, double alpha);

// The inverses. Whole numbers are exact by the functions above; loads are right to 1e-12 and on the
// side that meets the target. 0 < target < 1; a target that nothing in the domain meets, or that
// everything in it meets, is an error that says so.
enum class congestion { call, time };

// The least number of ports that refuses at most `target`.
std::uint64_t ports_for_engset(std::uint64_t sources, double alpha, double target,
                               congestion of = congestion::call);

// The most load of an idle source, alpha; and what it is at most in connections a unit of time
// (hold: mean hold, above 0), and for a rate (above 0) the longest mean hold. ports below sources
// (time: at most sources), since with a port for each nothing is ever refused.
double load_for_engset(std::uint64_t sources, std::uint64_t ports, double target,
                       congestion of = congestion::call);
double rate_for_engset(std::uint64_t sources, std::uint64_t ports, double hold, double target,
                       congestion of = congestion::call);
double hold_for_engset(std::uint64_t sources, std::uint64_t ports, double rate, double target,
                       congestion of = congestion::call);

// The most sources, 1 .. 1e7.
std::uint64_t sources_for_engset(std::uint64_t ports, double alpha, double target,
                                 congestion of = congestion::call);

}  // namespace natbound::calculator
