#pragma once
// NATs with worker threads, written out as NATs side by side.
#include "natbound/model/scenario.hpp"

namespace natbound {

// Throws input_error where the rules of nats[i].workers are broken, unsupported where what they go
// with is not settled.
void validate_workers(const scenario& s, std::size_t i);

// A NAT for each worker that has clients ("cgn worker 0"), with that worker's slice of the ports
// and its part of each client set ("lan (cgn worker 0)"). Traffic of a set comes from all its
// parts.
scenario written_out(scenario s);

}  // namespace natbound
