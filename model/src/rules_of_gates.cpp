// What firewalls in rows and limits of one protocol must keep, and the ways of spread clients.
#include <algorithm>
#include <map>

#include "natbound/model/cascade.hpp"
#include "natbound/model/gates.hpp"
#include "rules.hpp"

namespace natbound::rules {

namespace {

// The first NAT on the way that begins at this NAT or firewall; none where nothing on it
// translates.
std::size_t first_nat(const scenario& s, const std::vector<std::size_t>& outer, std::size_t n) {
    while (n < s.nats.size() && !translates(s.nats[n])) n = outer[n];
    return n;
}

// Of the ways of a client set that begin at these two, that they meet at no NAT before another one.
void ways_apart(const scenario& s, const std::vector<std::size_t>& outer, const std::string& client,
                std::size_t a, std::size_t b) {
    const auto two_ways = [&](std::size_t to, const std::string& how) {
        fail(at("nats", b, "inside"), client,
             "comes to " + s.nats[to].name + " by two ways, " + how +
                 ", and nothing says which of its connections take which",
             "let it be inside one of the two, or write a client set for each");
    };
    const auto leads = [&](std::size_t from, std::size_t to) {
        while (from < s.nats.size() && from != to) from = outer[from];
        return from == to;
    };
    if (leads(a, b)) two_ways(b, "directly and through " + s.nats[a].name);
    if (leads(b, a)) two_ways(a, "directly and through " + s.nats[b].name);
    const auto first = first_nat(s, outer, a), other = first_nat(s, outer, b);
    const auto none = s.nats.size();
    if (first == none || other == none)
        not_yet(at("nats", b, "inside"), client,
                "clients of a firewall (translates: false) with no NAT around it, " +
                    s.nats[first == none ? a : b].name + ", that are inside " +
                    s.nats[first == none ? b : a].name + ", too, are not modelled yet",
                "write a client set for each");
    if (first == other)
        two_ways(first, "through " + s.nats[a].name + " and through " + s.nats[b].name);
}

}  // namespace

void of_ways(const scenario& s) {
    std::map<std::string, std::vector<std::size_t>> around;  // by client set or NAT
    for (std::size_t n = 0; n < s.nats.size(); ++n)
        for (const auto& name : s.nats[n].inside) around[name].push_back(n);
    const auto outer = outer_of(s);
    for (const auto& [name, nats] : around)
        for (std::size_t k = 0; k < nats.size(); ++k)
            for (std::size_t j = 0; j < k; ++j) ways_apart(s, outer, name, nats[j], nats[k]);
}

void of_gates(const scenario& s, std::size_t i) {
    const auto& limits = s.nats[i].connection_limits;
    if (limits.limit_per_protocol)
        for (const auto& one : *limits.limit_per_protocol)
            if (one.limit == 0)
                fail(at("nats", i, "connection-limits.limit-per-protocol"), "0",
                     "a limit of 0 admits nothing", "leave it out for no limit");
    if (!is_in_row(s, i)) return;
    if (limits.limit_per_subscriber && !keeps_quota_of(s, i))
        not_yet(at("nats", i, "connection-limits.limit-per-subscriber"), "",
                "a quota of a firewall in a row with NATs is modelled where all that a NAT has "
                "inside are that firewall's client sets",
                "give the NAT the quota");
}

}  // namespace natbound::rules
