#pragma once
// A NAT that serves so many subscribers (client addresses) at a time: the refusal probability of a
// connection, where one of an address that is served always goes through.
//
// An address is served while it has a connection: an on-off source whose times on are the busy
// periods of M/G/infinity, of mean (e^a - 1) / rate, a its load in erlangs. That is Engset's model
// with alpha = e^a - 1 (any law of holds), and of all connections those are refused that find their
// address not served and the others as many as may be: with N addresses and limit S
//   C(N - 1, S) alpha^S / sum over j <= S of C(N, j) alpha^j.
#include <cstdint>

namespace natbound::calculator {

// Natural logarithm; -infinity where addresses <= limit. addresses 1 .. 1e7, load of each address
// >= 0. Relative error of the probability <= 1e-11 where it is above 1e-300, else of the logarithm.
double log_subscriber_refusal(std::uint64_t addresses, std::uint64_t limit, double load);

// The load of each address at which it is `target`, 0 < target < 1; infinite where it never is.
double load_for_subscribers(std::uint64_t addresses, std::uint64_t limit, double target);

}  // namespace natbound::calculator
