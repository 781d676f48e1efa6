#pragma once
// Static mappings as the allocator sees them: external endpoints that are taken for every
// destination. Searches pass over them, and no live connection holds them.
#include <optional>
#include <vector>

#include "natbound/model/scenario.hpp"

namespace natbound {

struct hole {
    address_set addresses;  // of the pool
    port_set ports;
    std::optional<transport> protocol;  // none: every one
};

class hole_list {
  public:
    hole_list() = default;
    // `by_protocol`: the clash scope holds the protocol. Else one mapping holds its endpoint for
    // every protocol.
    hole_list(const nat& n, bool by_protocol);

    bool empty() const { return all_.empty(); }
    const std::vector<hole>& all() const { return all_; }
    // The ports that are kept on an address of the pool.
    port_set at(transport protocol, ip_address address) const;
    bool contains(transport protocol, ip_address address, port p) const;
    // All ports that are kept somewhere (from that protocol).
    port_set anywhere(std::optional<transport> protocol = std::nullopt) const;
    // The pool in parts: on the addresses of one the same ports are kept.
    std::vector<address_set> alike() const;

  private:
    address_set pool_;
    std::vector<hole> all_;
};

}  // namespace natbound
