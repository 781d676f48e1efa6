#pragma once
// The law of the external ports that one client address keeps busy in one clash scope, where its
// own source ports bound them, where mappings carry connections to several destinations, and where
// a quota bounds its connections.
//
// Towards destination j, of load a_j, x live connections weigh a_j^x / x!, spread evenly over the
// sets of x of the S source ports, for any law of holds; cut to the states that the limits allow
// (F. P. Kelly, Reversibility and Stochastic Networks, 1979, ch. 1.6, 3.4: an arrival in state x
// that draws one of S - x free source ports balances a departure from x + 1). So destinations come
// one after another, and the i-th connection of one meets a source port that has no mapping yet
// with probability (S - u) / (S - i), u mappings being busy: sums of positive terms alone.
#include <cstdint>
#include <vector>

#include "natbound/calculator/dealt_blocks.hpp"

namespace natbound::calculator::detail {

// Logarithms of weights by busy ports 0 .. most, up to a common factor.
struct subscriber_law {
    std::vector<double> used;
    // Of each group of destinations: states in which its next connection is offered (its client has
    // a source port free for it); times the chance that it needs another port and is within its
    // quota; and those in which the quota is full.
    struct towards {
        std::vector<double> offered, fresh, at_quota;
    };
    std::vector<towards> groups;
};

// quota: connections at a time towards all of it, 0 without.
subscriber_law law_of_subscriber(const port_scope& scope, std::uint64_t most, std::uint64_t quota);

// Steps of about a nanosecond that it takes, at most.
double work_of_subscriber(const port_scope& scope, std::uint64_t most, std::uint64_t quota);

}  // namespace natbound::calculator::detail
