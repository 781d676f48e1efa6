// What a change has to be stepped for, in words.
#include <algorithm>

#include "after_kept.hpp"
#include "after_stepped.hpp"
#include "natbound/model/cascade.hpp"
#include "natbound/model/port_sets.hpp"

namespace natbound::calculator::detail {
namespace {

bool arrives(const scenario& s, bool (*so)(arrival_law)) {
    return std::any_of(s.traffic.begin(), s.traffic.end(),
                       [&](const auto& t) { return t.arrivals && so(t.arrivals->law); });
}
bool in_batches(const scenario& s) {
    return arrives(s, [](arrival_law law) { return law == arrival_law::batches; });
}
bool in_bursts(const scenario& s) {
    return arrives(s, [](arrival_law law) { return law != arrival_law::poisson; });
}

std::string limits_of(const scenario& s, bool bursts) {
    for (const auto& c : s.clients)
        if (c.time_wait) return "clients' time-wait";
    for (const auto& v : s.servers)
        if (v.connection_limits || v.listen) return "limits of servers";
    for (const auto& n : s.nats) {
        if (n.rate_limits) return "limits on connections or packets a second";
        if (n.mapping_limits.limit_subscribers) return "limits on subscribers";
        if (n.port_set && dealt_on_demand(*n.port_set)) return "port blocks dealt on demand";
        if (n.port_set && n.static_mappings) return "port sets beside static mappings";
        if (n.design.pool.paired && !n.port_set && nat_plan(n).pairs()) return "paired pooling";
        if (n.design.port_contiguity != contiguity::none) return "port contiguity";
        const bool table = n.connection_limits.limit_per_instance || n.memory ||
                           n.connection_limits.limit_per_subscriber ||
                           n.mapping_limits.limit_port_mappings;
        if (bursts && table) return "a table or a quota beside bursts";
    }
    return {};
}

}  // namespace

double taken_a_connection(const filled_traffic& traffic) {
    double sum = 0;
    for (const auto& s : traffic.streams) sum += s.rate * std::max(s.hold(), s.socket_hold());
    return sum / traffic.rate();
}

std::string stepped_for(const scenario& before, const scenario& now, bool cut) {
    if (is_reshaped(before, now))
        return "a NAT whose ports and addresses are parted otherwise than before";
    if (is_cascade(now) || is_cascade(before)) return "NATs inside others";
    if (is_spread(now) || is_spread(before)) return "clients that are spread over NATs";
    if (in_batches(now) || in_batches(before)) return "batches";
    for (const auto& n : now.nats) {
        const nat* was = carried_from(before, n);
        const bool limited = n.connection_limits.limit_per_instance || n.memory ||
                             n.connection_limits.limit_per_subscriber ||
                             n.mapping_limits.limit_port_mappings;
        if (cut && was && limited && searches_otherwise(*was, n))
            return "flows that are cut, beside a table or a quota";
    }
    const bool bursts = in_bursts(now) || in_bursts(before);
    const auto why = limits_of(now, bursts);
    return why.empty() ? limits_of(before, bursts) : why;
}

}  // namespace natbound::calculator::detail
