// What firewalls in rows and limits of one protocol must keep.
#include <algorithm>

#include "natbound/model/cascade.hpp"
#include "natbound/model/gates.hpp"
#include "rules.hpp"

namespace natbound::rules {

namespace {

// A firewall, or a NAT with a limit of one protocol, is on every way of those whose connections it
// counts.
void on_every_way(const scenario& s, std::size_t i) {
    const auto outer = outer_of(s);
    for (const auto& c : s.clients) {
        std::size_t through = 0, ways = 0;
        for (std::size_t n = 0; n < s.nats.size(); ++n) {
            const auto& inside = s.nats[n].inside;
            if (std::find(inside.begin(), inside.end(), c.name) == inside.end()) continue;
            ++ways;
            std::size_t m = n;
            while (m < s.nats.size() && m != i) m = outer[m];
            through += m == i ? 1 : 0;
        }
        if (through > 0 && through < ways)
            not_yet(at("nats", i, "inside"), c.name,
                    "sends some of its connections through " + s.nats[i].name +
                        ", and others not: with a firewall in a row, or a limit of one protocol, "
                        "that is not modelled yet",
                    "write a client set for each");
    }
}

}  // namespace

void of_gates(const scenario& s, std::size_t i) {
    const auto& limits = s.nats[i].connection_limits;
    if (limits.limit_per_protocol) {
        for (const auto& one : *limits.limit_per_protocol)
            if (one.limit == 0)
                fail(at("nats", i, "connection-limits.limit-per-protocol"), "0",
                     "a limit of 0 admits nothing", "leave it out for no limit");
        on_every_way(s, i);
    }
    if (!is_in_row(s, i)) return;
    on_every_way(s, i);
    if (limits.limit_per_subscriber && !keeps_quota_of(s, i))
        not_yet(at("nats", i, "connection-limits.limit-per-subscriber"), "",
                "a quota of a firewall in a row with NATs is modelled where all that a NAT has "
                "inside are that firewall's client sets",
                "give the NAT the quota");
}

}  // namespace natbound::rules
