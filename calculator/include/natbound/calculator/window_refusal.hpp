#pragma once
// How often a search of windows is refused, at any number of ports and with any windows: by what is
// exact, else by the formula where it was measured (window_loss.hpp), else simulated. The answer
// says which.
//
// Simulated is the exact probability given the state, averaged over states: the product over the
// rounds of the share of starts whose window is busy. So 1e-8 takes no 1e8 arrivals. The average
// has a 95 % interval from batches of states, on the scale of its logarithm (rare states weigh
// much, and to one side), and the run goes on until that is narrow or the arrivals allowed are
// used.
//
// Where no state could refuse anything, the answer is a bound: what is simulated to be refused at a
// higher load.
#include <cstdint>
#include <vector>

#include "natbound/calculator/window_loss.hpp"

namespace natbound::calculator {

enum class window_method {
    exact,      // a window as long as the range (Erlang's formula), or rounds of one port each
    formula,    // window_loss()
    simulated,  // with a 95 % interval
    bound       // refused is at most so much
};

struct window_answer {
    double refusal;
    double low, high;  // of the formula: what is 20 % off it at most; of a bound: 0 and itself
    window_method method;
};

struct window_effort {
    std::uint64_t seed = 1;
    double arrivals = 3e7;  // at most, if no fewer than 60 mean holds
};

// ports: 1 to 262,144; windows: 1 to 16 rounds in their order, each at least 1 port (a longer one
// is cut to the range); load (Erlang): above 0, at most 4 a port; arrivals: 1e5 to 1e10. Throws
// domain_error outside. At once, or simulated in some 0.1 to 5 s; the same seed gives the same
// answer. Stopped by what its caller has set (model/work.hpp).
window_answer window_refusal(std::uint64_t ports, double load,
                             const std::vector<std::uint64_t>& windows, window_hold hold,
                             window_effort effort = {});

}  // namespace natbound::calculator
