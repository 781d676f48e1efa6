#pragma once
// A limit on packets a second: how likely a packet is lost there, and the one that opens a
// connection among them.
//
// Connections that are live send their packets evenly over their time, each by a Poisson process;
// how many are live is a Poisson number that changes over holds. Were it to stay, the loss would be
// that of M/D/1/K (finite_queue.hpp) at the rate of so many live ones, averaged over how many there
// are. But a bucket takes a time T to run empty, and sees the mean over it: so the variance of the
// number live is taken for that of its mean over T, the most likely such time (the rate is an
// Ornstein-Uhlenbeck process; I. Norros, Queueing Systems 16 (1994) 387, for the time).
//
// A connection whose first packet is lost sends no others: the loss is the fixed point at which
// those that get in lose so much.
//
// Measured against 12 simulations of losses from 1e-4 to 3 %, depths of 10 to 4,000, holds of 0.1
// to 30 s (tests/python/test_rate_limits.py keeps some): 0.9 to 1.3 times the simulated loss, and
// where the bucket lasts for a hold or longer up to 2.1 times; by others within 10 % at depths of 5
// to 100 and holds of a second or more, 0.74 times where a sixth of the packets open a connection
// of a second. Where the bucket lasts for a twentieth of a hold or longer, rare losses are an upper
// estimate (4 times the simulated at 2e-5, over 100 times at 1e-5 with a bucket of 4 s and holds of
// 10 s), and the delay of deep queues (1,000 and more) is up to 6 times too low. Without T it is up
// to 7 times too high; with the mean rate alone (M/D/1/K) up to 1e100 times too low.
#include <cstdint>

namespace natbound::calculator {

struct packet_load {
    double opening = 0;  // packets a second that open connections
    double live = 0;     // mean number of connections that would send, were none refused
    double each = 0;     // packets a second of each that is live
    double hold = 0;     // mean seconds that it is; 0: so long that their number stays

    double rate() const { return opening + live * each; }
};

struct packet_answer {
    double refusal = 0, log_refusal = 0;  // that a connection's first packet is lost
    double loss = 0;                      // the share of all packets that are lost
    double delay = 0;                     // mean seconds in a processor's queue and in service
};

// per_second > 0, depth >= 1 (the burst; the packet in service counted), loads not
// negative and a rate above 0. Relative error 1e-4 of the average, the model's own apart.
packet_answer packet_limit(double per_second, std::uint64_t depth, const packet_load& load);

// The factor on `opening` and `live` at which the refusal reaches a target in (0, 1).
double scale_for_packets(double per_second, std::uint64_t depth, const packet_load& load,
                         double target);

}  // namespace natbound::calculator
