#pragma once
// A processor or a rate limit before the ports: work comes as a Poisson process, `room` items fit
// (the one in service counted), more are lost. Service takes an exponential (M/M/1/K) or a constant
// time (M/D/1/K), mean 1: the unit of time.
//
// A token bucket of depth K that refills at rate 1 and polices (drops at once, delays nothing)
// loses just what M/D/1/K loses: tokens spent and not yet refilled are work that waits.
#include <cstdint>

namespace natbound::calculator {

enum class service { exponential, constant };

struct queue_answer {
    double loss;      // share of arrivals that find no room
    double log_loss;  // its natural logarithm, also where loss is below the least double
    double waiting;   // mean time from arrival to start of service, of those admitted
    double delay;     // the same to its end: waiting + 1
    double length;    // mean number in the system
};

// room 1 .. 4,194,304 (constant: 1,048,576); load = arrivals x mean service, > 0 and at most 1e6
// (constant: 100). Relative error of loss about 1e-13 (constant: 1e-11), next to load 1 as well.
// M/D/1/K: the chain at departures by level crossings, in which every term is positive (L. Takacs,
// Introduction to the Theory of Queues, 1962; J. Keilson, J. R. Stat. Soc. B 28 (1966) 190).
queue_answer finite_queue(service law, std::uint64_t room, double load);

// The least room with loss <= target, 0 < target < 1; throws where no room up to the most will do.
std::uint64_t room_for(service law, double load, double target);

// The most load with loss <= target, to 1e-11 and on the side that meets it; throws where the most
// load of the domain meets it too.
double load_for_room(service law, std::uint64_t room, double target);

}  // namespace natbound::calculator
