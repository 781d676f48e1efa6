#pragma once
// Connections of several sizes in one pool: a class's connection takes `size` ports at once (a port
// block a subscriber) and is refused unless so many are free. The number of ports taken has
//
//     n q(n) = sum_k load_k size_k q(n - size_k)       (J. S. Kaufman, IEEE Trans. Commun. 29
//     (1981)
//                                                       1474; J. W. Roberts 1981),
//
// exact for Poisson arrivals and any laws of holds, for all the blocks are taken from anywhere in
// the pool.
//
// With trunk reservation a class is refused too where fewer than `reserved` ports would stay free.
// That chain has no product form; then the recursion without the terms of classes that n would not
// have let in is an *approximation* (J. W. Roberts 1983: it takes it that no connection of a class
// is live where the class is refused). It is exact where every class has reserved = 0; how far it
// is off docs/measure_reservation.py prints, beside the chain itself (reserved_sizes.hpp): a few
// per cent where holds are alike and the narrow class leaves room, many times where they are not.
#include <cstdint>
#include <vector>

namespace natbound::calculator {

struct size_class {
    double load;                 // offered connections: rate x mean hold; 0 .. 1e12
    std::uint64_t size;          // ports a connection takes; 1 .. 2^32
    std::uint64_t reserved = 0;  // ports to be left free for the others; 0 .. 2^32
};

struct kaufman_roberts_answer {
    std::vector<double> refusal;      // a class: share of its connections refused
    std::vector<double> log_refusal;  // natural logarithms; -infinity where it can't happen
    double mean;                      // ports taken, on average
    bool exact;                       // false: the approximation for reservation
};

// ports 0 .. 2^26; at least one class. Time ports x classes (1,032,192 ports and 8 classes: about
// 10 ms), 12 bytes a port. Relative error about 1e-16 sqrt(ports); weights carry their exponent, so
// nothing over- or underflows. Else natbound::domain_error, which names the class.
kaufman_roberts_answer kaufman_roberts(std::uint64_t ports, const std::vector<size_class>& classes);

// The least number of ports with which every class, also one of load 0, is refused at most
// `target`, 0 < target < 1. Without reservation the first of all that do, in one pass over the
// states (about 20 ns a port and class); a port more may refuse more again, where sizes fit badly
// into it. With reservation one that does where one port less does not. 2^26 ports that are too few
// are an error.
std::uint64_t ports_for_sizes(const std::vector<size_class>& classes, double target);

// The most factor on all loads with which the worst class is refused at most `target`: to 1e-12, on
// the side that meets it. (Refusal rises with the factor but for odd cases next to 1, in which the
// factor is one of those where it passes the target.) About ten times the work of kaufman_roberts.
// An error where a class does not fit at all, or every load is 0.
double scale_for_sizes(std::uint64_t ports, const std::vector<size_class>& classes, double target);

}  // namespace natbound::calculator
