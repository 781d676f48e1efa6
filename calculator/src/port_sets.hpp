#pragma once
// A NAT that deals out its ports in sets, to the calculator: each client address is a loss system
// of its own, and those of a client set are alike. Sets dealt on demand join them again
// (dealt_blocks.hpp).
#include <memory>
#include <natbound/calculator/traffic.hpp>
#include <natbound/model/plan.hpp>
#include <string>

namespace natbound::calculator::detail {

// The ports of one subscriber's first set, with the limits of all.
nat one_subscribers(const nat& n);

// One client address of a set, with its part of the traffic. Throws unsupported for sets that are
// dealt on demand.
struct subscriber {
    scenario s;  // of it alone
    filled_traffic traffic;
    std::unique_ptr<nat_plan> plan;  // of s.nats.front()
    std::size_t clients = 0;
    double copies = 1;
    std::string assumed;
};
subscriber one_subscriber(const scenario& s, const filled_traffic& traffic, const nat& n,
                          std::size_t clients);

}  // namespace natbound::calculator::detail
