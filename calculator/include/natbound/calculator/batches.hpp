#pragma once
// Connections that come in batches (a browser opens a page, a job starts its workers): batches
// arrive as a Poisson stream, each of a random number of connections, each connection holding one
// port for an exponential time of its own (M^[X]/M/c/c). Nobody can cross from n - 1 busy ports to
// n but by a batch, so in equilibrium
//
//     n p(n) = rate sum_{j<n} p(j) P(a batch met in j brings at least n - j in),
//
// all terms positive: an exact solution in one pass, with weights that carry their exponent. Unlike
// Erlang's formula the result depends on the law of holds; Poisson's `load` is that of connections:
// batch rate x mean size x mean hold.
#include <cstdint>

namespace natbound::calculator {

enum class batch_law {
    fixed,     // all batches of `mean_size`, a whole number
    geometric  // 1, 2, 3, ..., P(size > k) = (1 - 1/mean_size)^k
};

enum class batch_loss {
    partial,  // connections that find a port come in, the rest of the batch is refused
    whole     // a batch that does not fit comes in not at all
};

struct batch_answer {
    double refusal;            // share of connections refused
    double log_refusal;        // its natural logarithm
    double batch_refusal;      // share of batches of which any connection is refused
    double log_batch_refusal;  // its natural logarithm
    double full;               // share of time with all ports busy
    double mean;               // mean number busy
};

// ports 0 .. 2^26, load 0 or 1e-100 .. 1e12, mean_size 1 .. 1e9. About 30 ns a port, 32 bytes a
// port for fixed sizes. Relative error about 1e-16 sqrt(ports). Else natbound::domain_error.
batch_answer batches(std::uint64_t ports, double load, double mean_size,
                     batch_law law = batch_law::fixed, batch_loss loss = batch_loss::partial);

// Variance over mean of the number busy if ports were without end, exponential holds: (b + 1)/2 for
// fixed sizes b, b for geometric ones with mean b.
double batch_peakedness(double mean_size, batch_law law = batch_law::fixed);

// The least number of ports, and the most load, with refusal <= target, 0 < target < 1: the former
// exact by `batches`, the latter to 1e-12 and on the side that meets the target. About ten times
// the work of `batches`. A batch larger than all the ports loses its rest at any load: a target
// below that is an error, as are 2^26 ports that are too few.
std::uint64_t ports_for_batches(double load, double mean_size, double target,
                                batch_law law = batch_law::fixed,
                                batch_loss loss = batch_loss::partial);
double load_for_batches(std::uint64_t ports, double mean_size, double target,
                        batch_law law = batch_law::fixed, batch_loss loss = batch_loss::partial);

}  // namespace natbound::calculator
