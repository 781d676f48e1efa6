#pragma once
// Connections of several sizes in one pool with trunk reservation, by the chain of all states: how
// many connections of each class are live. It has no product form and no short cut, so it is for
// small pools; for large ones kaufman_roberts() has Roberts' approximation.
//
// Poisson arrivals, exponential holds: with reservation the law of holds matters, and how their
// means differ. The stationary law by elimination without differences (W. K. Grassmann, M. I.
// Taksar, D. P. Heyman, Operations Research 33 (1985) 1107), within the band of the states in the
// order of their first class: only sums, products and quotients of what is positive, so that the
// least probability has as many digits as the largest.
#include <natbound/calculator/kaufman_roberts.hpp>

namespace natbound::calculator {

// How many states there are, and how far apart in their order two may lie that lead to each other:
// the time goes as states x reach^2, the memory as states x reach.
struct reserved_states {
    std::uint64_t states, reach;
};
inline constexpr double most_reserved_work = 4e9;    // states x reach^2: some seconds
inline constexpr double most_reserved_memory = 1e7;  // states x reach: 160 MB

reserved_states states_of_reserved(std::uint64_t ports, const std::vector<size_class>& classes);

// The same as kaufman_roberts(), and exact; holds: the mean of each class' holds, in any unit, of
// which a class' load is its arrivals' rate times its own (empty: all alike). Relative error about
// 1e-13. domain_error where there are more states than the limits above, or a class is refused less
// often than 1e-250 (the rates of ways that are rarer have no room in a double).
kaufman_roberts_answer reserved_sizes(std::uint64_t ports, const std::vector<size_class>& classes,
                                      const std::vector<double>& holds = {});

}  // namespace natbound::calculator
