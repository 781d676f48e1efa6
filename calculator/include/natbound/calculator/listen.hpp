#pragma once
// Accept queues: connections that a server has not yet accepted.
#include <cstdint>
#include <natbound/model/scenario.hpp>

namespace natbound::calculator {

// Of connections that wait to be accepted: `backlog` and one more wait (Linux's accept queue), and
// one is being accepted.
std::uint64_t listen_room(const listen_queue& queue);
// log probability that a connection finds no room there (M/M/1/K); load: arrivals over accepts.
double log_listen_loss(std::uint64_t room, double load);

}  // namespace natbound::calculator
