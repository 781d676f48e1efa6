#pragma once
// What meets a target refusal probability: the inverses beside load_for and ports_for of
// erlang.hpp. Rates and holds in any units, as long as rate x hold is a number of connections.
// Whole numbers are exact: the least that meets the target by the forward formula of this library.
// Bad arguments, and targets that nothing meets, throw natbound::domain_error.
#include <cstdint>
#include <natbound/calculator/attempts.hpp>

namespace natbound::calculator {

// The most rate (connections a unit of time) for a mean hold, and the longest mean hold for a rate:
// load_for(ports, target) divided by the other one. ports 0 .. 1e15, 0 < target < 1, hold and rate
// above 0. To 1e-12 of itself.
double rate_for(double ports, double hold, double target);
double hold_for(double ports, double rate, double target);

// The same for the share that waits (erlang_c.hpp).
double rate_for_waiting(double ports, double hold, double target);
double hold_for_waiting(double ports, double rate, double target);

// The fewest tries with refusal_probability(ports, tries, load) <= target. More tries come near to
// Erlang's formula and never below it: where erlang_b(ports, load) > target (with replacement: >=),
// no number of tries will do, and that is an error.
std::uint64_t tries_for(std::uint64_t ports, double load, double target,
                        draws how = draws::with_replacement);

// How flows come to an address: any flow may use any (a shared pool), or each flow is bound to one
// at random, evenly, and is refused where that one is full.
enum class addresses { shared, split };

// The fewest external addresses of `ports` ports each that refuse at most `target`. load 0 .. 1e12,
// ports 1 .. 2^32, 0 < target <= 1.
std::uint64_t addresses_for(double load, std::uint64_t ports, double target,
                            addresses how = addresses::split);

// The same for the share that waits, in one line an address (or one for all, if shared).
std::uint64_t addresses_for_waiting(double load, std::uint64_t ports, double target,
                                    addresses how = addresses::split);

}  // namespace natbound::calculator
