#pragma once
// Limits that a connection meets one after another, and which of them refuses it:
//
// 1. its subscriber's quota (flows at a time);
// 2. the pool: a new block of ports is needed, and none is left (block 1: a pool of ports);
// 3. the session table: all flows together;
// 4. a limit of connections a second: a token bucket that refills at `rate` and holds `burst`.
//
// Subscribers come in classes, each with its number, load, quota and hold; arrivals are Poisson.
// The first three limits leave a set of states from which flows may always depart, so the
// stationary law keeps its product form for any laws of holds (F. P. Kelly, Adv. Appl. Probab. 18
// (1986) 473; J. S. Kaufman 1981), and the shares are exact: the law of blocks and flows of all
// other subscribers is a convolution. As in port_blocks.hpp flows fill a block before the next is
// taken.
//
// The bucket has no product form. It empties and fills within seconds where flows live for minutes,
// so it is taken to meet a Poisson stream of what the others let in, independent of what is live:
// it then refuses as M/D/1/burst does (finite_queue.hpp), and the load of the others is what it
// lets in. That is an estimate: what a bucket lets in is smoother than Poisson, so that what stands
// behind it in effect, a pool beside it, refuses less, by orders of magnitude where all holds are
// the same and little passes the bucket unevenly; and the bucket then refuses more. How much
// depends on the law of holds. So the answer has bounds beside it (`low`, `high`; `exact` is
// false): no limit refuses more than it would alone, for what the others refuse leaves room in it;
// and all together refuse no less than any of them alone. (With exponential holds, all of one mean,
// and blocks of one port, by pairing what is live in both systems: the one with more limits never
// has more live, nor fewer tokens. Elsewhere no simulation broke it: tests/cpp/calculator/
// test_limits_in_sequence.cpp. A pool of blocks is taken to refuse no more than quota, pool and
// table do without a bucket.)
#include <cstdint>
#include <optional>
#include <vector>

namespace natbound::calculator {

struct subscriber_class {
    std::uint64_t subscribers = 1;  // 1 .. 1e6
    double load = 1;                // live flows that each wants: above 0, at most 1e9
    std::uint64_t quota = 1024;     // flows each may have at a time: 1 .. 2^20
    double hold = 1;                // mean seconds (or any unit, that of rate): above 0
};

struct limit_sequence {
    std::vector<subscriber_class> classes;  // 1 .. 32
    std::uint64_t block = 1;                // ports in a block: 1 .. 65,536
    std::optional<std::uint64_t> pool;      // blocks of all: 1 .. 2^22
    std::optional<std::uint64_t> table;     // flows of all: 1 .. 2^26
    std::optional<double> rate;             // connections a second that the bucket lets in
    std::uint64_t burst = 1;                // that it holds: 1 .. 2^20
};

// Shares of the connections that are tried.
struct sequence_refusals {
    double by_quota = 0, by_pool = 0, by_table = 0, by_rate = 0;
    double refusal() const { return by_quota + by_pool + by_table + by_rate; }
};

// Bounds of each share and of their sum, which is no sum of the bounds.
struct sequence_bound {
    sequence_refusals by;
    double refusal = 0;
};

struct sequence_answer {
    sequence_refusals all;
    sequence_bound low, high;  // of `all`; the same without a limit of connections a second
    std::vector<sequence_refusals> classes;
    bool exact = true;  // false: with a limit of connections a second
};

// Relative error 1e-12, down to 1e-290 (with a rate: of the approximation). The work, classes x
// subscribers x (pool + 1) x (table + 1) x quota of what can bind, is at most 2e10 steps of a
// nanosecond; more is refused, and the answer of a smaller system of the same shape shows what
// binds. Throws domain_error.
sequence_answer limits_in_sequence(const limit_sequence& what);

}  // namespace natbound::calculator
