// What is said of all limits together: the first, whether there are any but ports, and a scenario
// without them.
#include <algorithm>
#include <utility>

#include "limits.hpp"

namespace natbound {

namespace bj = boost::json;

bj::value first_limit(const bj::array& limits) {
    // how many could be live at most is no forecast, where there is one
    const bool forecast = std::any_of(limits.begin(), limits.end(), [](const bj::value& one) {
        return one.at("binds").as_string() != "maximum";
    });
    bj::object out;
    double first = 0;
    for (const auto& one : limits) {
        const auto& item = one.as_object();
        if (item.at("headroom").is_null()) return nullptr;
        if (forecast && item.at("binds").as_string() == "maximum") continue;
        bj::object shown{
            {"name", item.at("name")}, {"kind", item.at("kind")}, {"factor", item.at("headroom")}};
        const double load = item.at("load").as_double();
        if (!out.empty()) {
            shown["times"] = load / first;
            out["next"] = std::move(shown);
            return out;
        }
        first = load;
        out = std::move(shown);
        out["next"] = nullptr;
    }
    if (out.empty()) return nullptr;
    return out;
}

bool has_other_limits(const scenario& s) {
    return std::any_of(s.nats.begin(), s.nats.end(),
                       [](const nat& n) {
                           return n.connection_limits.limit_per_instance ||
                                  n.connection_limits.limit_per_subscriber ||
                                  n.mapping_limits.limit_port_mappings ||
                                  n.mapping_limits.limit_subscribers || n.rate_limits;
                       }) ||
           std::any_of(s.servers.begin(), s.servers.end(),
                       [](const server_set& v) { return v.connection_limits || v.listen; }) ||
           std::any_of(s.clients.begin(), s.clients.end(),
                       [](const client_set& c) { return c.time_wait.has_value(); });
}

scenario with_ports_alone(scenario s) {
    for (auto& n : s.nats) {
        n.connection_limits = {};
        n.mapping_limits = {};
        n.rate_limits.reset();
        n.memory.reset();
    }
    for (auto& v : s.servers) {
        v.connection_limits.reset();
        v.listen.reset();
    }
    return s;
}

}  // namespace natbound
