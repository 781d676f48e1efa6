#pragma once
// Endpoint-independent mappings (and address-dependent ones) that carry connections to several
// destinations: a new connection needs an external endpoint only where its socket has none yet.
//
// For any law of holds the live connections have a product form, cut to states of n busy sockets
// (F. P. Kelly, Reversibility and Stochastic Networks, 1979, ch. 1.6, 3.4): towards each of d
// destinations alike, of S sockets, x live ones weigh a^x / x!, spread evenly over sets of x
// sockets, and a new one is refused where its socket is idle and n others are busy. So with one
// destination the law of the busy sockets is Erlang's, and with very many Engset's with odds
// e^r - 1, r the load of a socket. Between them, adding a busy socket to k of them multiplies the
// weight by (S - k) / (k + 1) times the odds (1 + t)^d - 1, where t = a / (S - x) is what one more
// towards a destination weighs at the x that k busy sockets have there (the point of most weight:
// exact for d = 1 and in the limit).
#include <vector>

#include "natbound/calculator/systems.hpp"

namespace natbound::calculator::detail {

class shared_sockets {
  public:
    // What the connections of a system have in common.
    shared_sockets(const scenario& s, const system_split& all, const loss_system& system);

    // The logarithm of the probability of refusal by a search that finds every free one of `ports`
    // endpoints, at a load (connections).
    double log_refused(double ports, double load) const;
    // The standard error of that logarithm, as measured against the exact law of small systems and
    // simulations (docs/calculator.md): more where sockets or destinations are not used alike, and
    // further down.
    double error(double log) const;
    // The share of connections that find their socket with a mapping, at most, where so many
    // endpoints are busy.
    double meeting(double busy) const;

  private:
    // With so many busy sockets: the odds that one more is, and how many have a connection towards
    // one destination.
    struct step {
        double odds, towards_one;
    };
    step at(double busy, double load) const;

    double sockets_ = 0;       // as many, used alike, as make meetings as likely
    double destinations_ = 0;  // likewise
    bool alike_ = true;
};

// Whether a mapping carries connections under several clash-scope keys in this traffic, so that
// its endpoint may be another one's towards some destination: then neither law holds.
bool overloaded(const scenario& s, const system_split& all, std::size_t nat);

}  // namespace natbound::calculator::detail
