// Their sockets as blocks and as items of a certificate.
#include "routed.hpp"

#include "server_room.hpp"

namespace natbound {

namespace bj = boost::json;

routed routed_as_they_are(const scenario& s, const reach_table& reach,
                          const std::vector<std::size_t>& clients, const bj::storage_ptr& memory) {
    routed out{0, 0, {}, {}, bj::array(memory)};
    for (const auto c : clients) {
        const auto& client = s.clients[c];
        target to;
        for (std::size_t v = 0; v < s.servers.size(); ++v)
            if (reach[c][v]) to.list.push_back({v, s.servers[v].addresses, s.servers[v].ports});
        to.endpoints = endpoints(to.list);
        const count sockets = client.addresses.size() * client.ports.size();
        bj::object o(memory);
        o.emplace("client", client.name);
        const count apart = told_apart(s, to.list);
        o.emplace("sockets", json_count(sockets));
        o.emplace("endpoints", json_count(apart));
        o.emplace("at-most", json_count(sockets * apart));
        out.json.emplace_back(std::move(o));
        out.connections += sockets * to.endpoints;
        out.most += out.most_of[c] = sockets * apart;
        if (to.list.empty()) continue;
        block b;
        b.to = std::make_shared<const target>(std::move(to));
        b.client = c;
        b.addresses = client.addresses;
        b.ports = client.ports;
        b.size = sockets;
        out.blocks.push_back(std::move(b));
    }
    return out;
}

}  // namespace natbound
