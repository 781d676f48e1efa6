#pragma once
// Where the traffic of a scenario goes: what of it passes each NAT, and what the endpoints of a
// server set get of it.
#include <map>
#include <string>

#include "natbound/calculator/endpoint_amounts.hpp"
#include "natbound/calculator/packet_limit.hpp"
#include "natbound/calculator/traffic.hpp"
#include "natbound/model/scenario.hpp"
#include "natbound/model/traffic_shares.hpp"

namespace natbound {

struct passing_traffic {
    double rate = 0, load = 0;
    calculator::packet_load packets;
};

class traffic_behind {
  public:
    // Of a scenario that must outlive it.
    explicit traffic_behind(const scenario& s);

    // The part of a client set's traffic that passes a NAT which it, or a NAT that it is in, is
    // inside: even among several ways out.
    double share(const nat& n, std::size_t clients);
    passing_traffic through(const nat& n, const calculator::filled_traffic& traffic);

  private:
    const scenario* s_;
    way_shares ways_;
    std::map<std::string, std::map<std::string, double>> known_;  // by NAT
};

// What the endpoints of a server set get of each stream's amount.
template <class Amount>
calculator::endpoint_amounts amounts_of(const scenario& s,
                                        const calculator::filled_traffic& traffic, std::size_t v,
                                        Amount&& amount) {
    const auto& set = s.servers[v];
    calculator::endpoint_amounts out{static_cast<double>(set.addresses.size() * set.ports.size())};
    for (const auto& t : traffic.streams)
        if (t.servers == v) out.add(t, amount(t));
    return out;
}

// What the busiest address of the server set gets.
double busiest_address(const server_set& v, const calculator::endpoint_amounts& of);

}  // namespace natbound
