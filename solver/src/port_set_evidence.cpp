// Port sets in certificates.
#include "port_set_evidence.hpp"

#include <algorithm>

#include "blocks.hpp"

namespace natbound {

namespace bj = boost::json;

count connections(const std::vector<dealt_nat>& list) {
    count out = 0;
    for (const auto& n : list) out += n.connections;
    return out;
}

void keep_connections(std::vector<dealt_nat>& list, const count& most) {
    count left = most;
    for (auto& n : list) {
        n.connections = std::min(n.connections, left);
        left -= n.connections;
    }
    std::erase_if(list, [](const dealt_nat& n) { return n.connections == 0; });
}

namespace {

bj::object to_json(const dealt_subscribers& d, const scenario& s, const bj::storage_ptr& memory) {
    bj::object out(memory);
    out.emplace("client", s.clients[d.client].name);
    out.emplace("subscribers", json_count(d.subscribers));
    out.emplace("sets", json_count(d.sets));
    if (d.flows.empty()) return out;
    bj::array flows(memory);
    for (const auto& f : d.flows) {
        bj::object one(memory);
        one.emplace("to", to_json(f.to, s, memory));
        one.emplace("connections", json_count(f.connections));
        flows.emplace_back(std::move(one));
    }
    out.emplace("flows", std::move(flows));
    return out;
}

bj::object to_json(const alike_addresses& a, const bj::storage_ptr& memory) {
    bj::array on_each(memory);
    for (const auto& [item, many] : a.subscribers)
        on_each.emplace_back(bj::array({item, json_count(many)}, memory));
    bj::object out(memory);
    out.emplace("addresses", json_count(a.addresses));
    out.emplace("subscribers", std::move(on_each));
    return out;
}

}  // namespace

void add_json(bj::object& fits, const std::vector<dealt_nat>& list, const scenario& s,
              const bj::storage_ptr& memory) {
    if (list.empty()) return;
    bj::array all(memory);
    for (const auto& n : list) {
        bj::array subscribers(memory);
        for (const auto& d : n.subscribers) subscribers.emplace_back(to_json(d, s, memory));
        bj::object one(memory);
        one.emplace("nat", s.nats[n.nat].name);
        one.emplace("connections", json_count(n.connections));
        one.emplace("subscribers", std::move(subscribers));
        if (!n.on.empty()) {
            bj::array on(memory);
            for (const auto& a : n.on) on.emplace_back(to_json(a, memory));
            one.emplace("addresses", std::move(on));
        }
        all.emplace_back(std::move(one));
    }
    fits.emplace("port-sets", std::move(all));
}

}  // namespace natbound
