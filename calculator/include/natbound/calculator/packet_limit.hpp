#pragma once
// A limit on packets a second: how likely a packet is lost there, and the one that opens a
// connection among them.
//
// Connections that are live send their packets evenly over their time, each by a Poisson process;
// how many are live is a Poisson number that changes over holds. One whose first packet is lost
// sends no others, and does not count as live.
//
// Where the number live hardly changes while a bucket runs empty, that is M/D/1/K
// (finite_queue.hpp) at the rate of so many live ones, averaged over how many there are
// (packet_average.hpp). Else it is a chain of the number live and of what waits
// (packet_chain.hpp); which of the two is decided by the most likely time in which a full bucket
// runs empty, below 0.02 holds the average, above 0.04 the chain, between them some of each.
//
// Measured against 62 plain simulations of up to 4e9 packets (tests/reference/packets.csv: depths
// of 10 to 10,000, holds of 0.01 to 100 s at 1,000 packets a second, 5 to 10,000 live, utilisation
// 0.6 to 1.2, refusals 8e-7 to 0.11): refusal and loss within 6 %, delay within 3 %, besides the
// simulations' own error (rare losses of deep buckets are known to 6 to 20 %); where 20 or
// fewer live ones have one to three packets in all, to 14 % too low, delay 5 %. With hold = 0 the
// senders stay, all have got in, and it is the average of M/D/1/K to 1e-4. Refusals below 1e-280 of
// deep buckets are bounded from above. Time 10 us (average), 1 to 6 ms (chain); 1 MB.
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
// negative and a rate above 0. The error is the model's own, above.
packet_answer packet_limit(double per_second, std::uint64_t depth, const packet_load& load);

// The factor on `opening` and `live` at which the refusal reaches a target in (0, 1), to 1e-5 of
// the refusal where it has no steps: 0.05 ms, or two to four times the chain.
double scale_for_packets(double per_second, std::uint64_t depth, const packet_load& load,
                         double target);

}  // namespace natbound::calculator
