#pragma once
// How an entry of the traffic is divided: over the endpoints that it goes to, and over the ways
// that its client sets have.
#include <map>
#include <string>
#include <vector>

#include "natbound/model/scenario.hpp"

namespace natbound {

// Each endpoint's share of the entry, over all of its server sets in the order given, so many in
// all; none where it is even. Throws unsupported for more than 1,048,576 that are not.
std::vector<double> endpoint_shares(const traffic_entry& t, double endpoints);

class way_shares {
  public:
    // Of a scenario that must outlive it.
    explicit way_shares(const scenario& s);

    // By client set, the part of its traffic that comes from the client set or through the NAT of
    // this name: an even one of a set that is spread over several.
    std::map<std::string, double> through(const std::string& name) const;

  private:
    void gather(const std::string& name, std::map<std::string, double>& out) const;

    std::map<std::string, const nat*> nats_;
    std::map<std::string, double> ways_;  // of a client set: the NATs that name it
};

}  // namespace natbound
