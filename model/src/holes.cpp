// Reading static mappings as holes.
#include "natbound/model/holes.hpp"

namespace natbound {

hole_list::hole_list(const nat& n, bool by_protocol) : pool_(n.external_ip_address_pool) {
    if (!n.static_mappings) return;
    for (const auto& m : *n.static_mappings) {
        // of a pool that was made smaller (`size`), those that are left
        const auto& own = m.external_src_address;
        const address_set on = own.empty() ? pool_ : own & pool_;
        if (on.empty()) continue;
        all_.push_back(
            {on, m.external_src_port, by_protocol ? m.transport_protocol : std::nullopt});
    }
}

port_set hole_list::at(transport protocol, ip_address address) const {
    port_set out;
    for (const auto& h : all_)
        if ((!h.protocol || *h.protocol == protocol) && h.addresses.contains(address))
            out = out | h.ports;
    return out;
}

bool hole_list::contains(transport protocol, ip_address address, port p) const {
    for (const auto& h : all_)
        if ((!h.protocol || *h.protocol == protocol) && h.ports.contains(p) &&
            h.addresses.contains(address))
            return true;
    return false;
}

port_set hole_list::anywhere(std::optional<transport> protocol) const {
    port_set out;
    for (const auto& h : all_)
        if (!protocol || !h.protocol || *h.protocol == *protocol) out = out | h.ports;
    return out;
}

std::vector<address_set> hole_list::alike() const {
    std::vector<address_set> sets{pool_};
    for (const auto& h : all_) sets.push_back(h.addresses);
    return atoms(sets);
}

}  // namespace natbound
