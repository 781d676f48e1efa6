#pragma once
// Paired pooling (RFC 4787 REQ-2): all live flows of a client address have one external address.
// Where that address is drawn when a client's first flow opens, and a flow that finds no port free
// there is refused, the refusal probability has a product form.
//
// The process is reversible, so that what ports refuse only cuts its states: with n flows of a
// client towards a key (a clash scope) of load rho its weight is rho^n / n!, an address weighing
// 1/A; an idle client is as good as on each address with 1/A. So an address with k of the K
// clients weighs W(k) = prod over keys of P(Poisson(k rho) <= ports), and the numbers on all
// addresses are multinomial, weighted with all W's (F. P. Kelly, Reversibility and Stochastic
// Networks, 1979, ch. 1.6 and 3.4; for any law of holds). A connection finds the ports of an
// address with k clients full with Erlang's B(ports, k rho).
#include <cstddef>
#include <cstdint>
#include <vector>

namespace natbound::calculator {

// What may not share a port of an address: the flows towards one clash scope.
struct paired_key {
    double load = 0;    // of each client towards it, in live flows
    double ports = 0;   // of each address
    double copies = 1;  // so many keys are like this one
};

struct paired_pool {
    std::uint64_t clients = 1, addresses = 1;
    std::vector<paired_key> keys;
};

// Natural logarithm of the probability that a connection towards keys[key] is refused; -infinity
// where its load is 0. clients 1 .. 2^24, addresses 1 .. 2^24, ports whole, 0 .. 2^24, load 0 ..
// 1e9, copies whole, 1 .. 1e9. Relative error of the probability <= 1e-10 where it is above
// 1e-300, else of the logarithm 1e-12.
double log_paired_refusal(const paired_pool& pool, std::size_t key = 0);

// The same of one kind of key; below 1e-308: 0.
double paired_refusal(double ports, double load, std::uint64_t clients, std::uint64_t addresses,
                      std::uint64_t destinations = 1);

// The load of each client towards each key at which the refusal probability is `target`, 0 < target
// < 1: to 1e-12.
double load_for_paired(double ports, std::uint64_t clients, std::uint64_t addresses, double target,
                       std::uint64_t destinations = 1);

// The fewest addresses with paired_refusal <= target, 0 < target < 1; natbound::domain_error where
// a client by itself is refused more.
std::uint64_t addresses_for_paired(double ports, double load, std::uint64_t clients, double target,
                                   std::uint64_t destinations = 1);

// So many clients or fewer are on the fullest address in all but `share` of the dealings: the least
// n with addresses x P(Binomial(clients, 1/addresses) > n) <= share (exact for two addresses, else
// at most one too many for small shares). 0 < share < 1.
std::uint64_t clients_on_fullest(std::uint64_t clients, std::uint64_t addresses, double share);

}  // namespace natbound::calculator
