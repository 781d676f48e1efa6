#pragma once
// A NAT that deals out its ports in sets (port blocks): which sets there are, and whose they are.
//
// A set is port-set-size consecutive ports. Each run of the permitted ports is cut from its lowest
// port on; what is left over at a run's end goes unused. Sets are numbered through the lowest
// address of the pool first, then the next. Where they are deterministic (RFC 7422, 2, the
// sequential assignment) client address number i has set number i: the client sets in the order of
// `inside`, each one's addresses ascending.
//
// Beside a dynamic part (RFC 7422, 2) an address whose permitted ports would make C + D sets has C
// of them; all its other permitted ports are cut likewise, from each run's lowest port on, into
// dynamic sets. A client address has its own set, and so many of those as it needs and may have.
#include <optional>
#include <vector>

#include "natbound/model/scenario.hpp"

namespace natbound {

struct dealt_set {
    ip_address address = 0;
    port first = 0, last = 0;
};

class port_set_layout {
  public:
    // Of a NAT with port-set.
    explicit port_set_layout(const nat& n);

    std::uint64_t size() const { return rule_->port_set_size; }
    const port_set& permitted() const { return permitted_; }
    std::uint64_t on_an_address() const { return firsts_.size(); }
    count sets() const { return nat_->external_ip_address_pool.size() * firsts_.size(); }
    dealt_set at(const count& number) const;
    // Of an address: the ports that are dynamic, and the sets that they make.
    const port_set& dynamic_ports() const { return dynamic_ports_; }
    std::uint64_t dynamic_on_an_address() const { return dynamic_firsts_.size(); }
    count dynamic_sets() const {
        return nat_->external_ip_address_pool.size() * dynamic_on_an_address();
    }
    dealt_set dynamic_at(const count& number) const;
    const std::vector<port>& dynamic_firsts() const { return dynamic_firsts_; }
    // The sets that client addresses share: those, or (where none is deterministic) all.
    count shared_sets() const { return rule_->dynamic ? dynamic_sets() : sets(); }
    dealt_set shared_at(const count& number) const {
        return rule_->dynamic ? dynamic_at(number) : at(number);
    }

  private:
    dealt_set cut(const std::vector<port>& firsts, std::uint64_t size, const count& number) const;

    const nat* nat_;
    const subscriber_port_sets* rule_;
    port_set permitted_;
    std::vector<port> firsts_;
    port_set dynamic_ports_;
    std::vector<port> dynamic_firsts_;
};

// Whether client addresses share sets: all of them, or those of a dynamic part.
inline bool dealt_on_demand(const subscriber_port_sets& rule) {
    return !rule.deterministic || rule.dynamic;
}
// Whether paired pooling (RFC 4787, REQ-2) says which sets go together: client addresses may have
// several, from a pool of several addresses.
bool pairs_sets(const nat& n);
// The ports of a client address that has so many sets, its own (where there is one) the first.
count ports_of(const subscriber_port_sets& rule, const count& sets);

// The client addresses inside.
count subscribers_of(const scenario& s, const nat& n);
// The number of the first address of a client set that is inside.
count first_subscriber(const scenario& s, const nat& n, const client_set& c);

// What a set is to its subscriber: a NAT of its own, with this range of ports on one address and
// nothing of the limits that all subscribers share.
nat own_nat(const nat& n, const dealt_set& set);
// A NAT with these limits alone, whose design can be asked for its kind of mapping and scope.
nat undealt(const nat& n);

// Throws input_error where the rules of nats[i].port-set are broken.
void validate_port_sets(const scenario& s, std::size_t i);

}  // namespace natbound
