#include "kind_names.hpp"

#include "natbound/model/json_io.hpp"
#include "whole_nat.hpp"

namespace natbound::calculator::detail {

kind_result named(const scenario& s, const system_split& all, std::size_t kind,
                  std::size_t system) {
    const auto& k = all.kinds[kind];
    kind_result out;
    out.kind = k;
    out.clients = s.clients[k.clients].name;
    out.servers = s.servers[k.servers].name;
    out.destination = endpoint_text(k.address, k.port);
    out.protocol = json_io::name_of(s.servers[k.servers].protocol);
    if (k.nat) out.nat = s.nats[*k.nat].name;
    if (system < all.systems.size()) {
        const auto& pool = s.nats[*k.nat].external_ip_address_pool;
        const auto& rank = all.systems[system].rank;
        out.address = rank ? to_string(pool.at(*rank)) : to_string(pool);
    }
    return out;
}

}  // namespace natbound::calculator::detail
