// Finding the endpoints that two ways share.
#include "natbound/model/ways_out.hpp"

#include <algorithm>
#include <map>
#include <set>

#include "natbound/model/cascade.hpp"
#include "natbound/model/error.hpp"
#include "natbound/model/gates.hpp"
#include "natbound/model/plan.hpp"
#include "natbound/model/port_sets.hpp"

namespace natbound {
namespace {

std::vector<bool> reached_by(const scenario& s, const client_set& c) {
    std::vector<bool> out;
    for (const auto& v : s.servers) out.push_back(reaches(c, v));
    return out;
}

way_out through(const scenario& s, std::size_t n,
                const std::map<std::string, std::size_t>& clients) {
    way_out out{s.nats[n].name, n, {}, s.nats[n].external_ip_address_pool, {}, {}};
    out.reaches.assign(s.servers.size(), false);
    const nat whole = s.nats[n].port_set ? undealt(s.nats[n]) : s.nats[n];
    const nat_plan plan(whole);
    port_set own;
    for (const auto& name : s.nats[n].inside) {
        const auto& c = s.clients[clients.at(name)];
        own = own | c.ports;
        const auto reached = reached_by(s, c);
        for (std::size_t v = 0; v < reached.size(); ++v)
            out.reaches[v] = out.reaches[v] || reached[v];
    }
    out.ports = external_ports(plan, own);
    return out;
}

std::string in_words(const scenario& s, const std::vector<way_out>& ways, const clash& c) {
    const auto& [a, b] = std::pair{ways[c.first], ways[c.second]};
    return a.name + " and " + b.name + " share " + to_string(c.addresses) + " ports " +
           to_string(c.ports) + ": a flow through either may get the tuple that one through the " +
           "other has towards " + s.servers[c.server].name;
}

}  // namespace

std::vector<way_out> ways_out(const scenario& flat, std::size_t view) {
    std::map<std::string, std::size_t> clients, inside;
    std::set<std::string> nats;
    for (const auto& n : flat.nats) nats.insert(n.name);
    for (std::size_t c = 0; c < flat.clients.size(); ++c) clients[flat.clients[c].name] = c;
    for (std::size_t n = 0; n < flat.nats.size(); ++n)
        for (const auto& name : flat.nats[n].inside)
            if (translates(flat.nats[n])) inside[name] = n;
    const auto in_view = [&](const std::string& name) {
        const auto it = inside.find(name);
        return (it == inside.end() ? flat.nats.size() : it->second) == view;
    };
    std::vector<way_out> out;
    for (std::size_t c = 0; c < flat.clients.size(); ++c)
        if (nats.count(flat.clients[c].name) == 0 && in_view(flat.clients[c].name))
            out.push_back({flat.clients[c].name,
                           {},
                           c,
                           flat.clients[c].addresses,
                           flat.clients[c].ports,
                           reached_by(flat, flat.clients[c])});
    for (std::size_t n = 0; n < flat.nats.size(); ++n)
        if (translates(flat.nats[n]) && in_view(flat.nats[n].name))
            out.push_back(through(flat, n, clients));
    return out;
}

std::vector<clash> clashes_of(const std::vector<way_out>& ways) {
    // most pools lie apart: a sweep finds those that do not
    struct span {
        interval<ip_address> part;
        std::size_t way;
    };
    std::vector<span> spans;
    for (std::size_t w = 0; w < ways.size(); ++w)
        for (const auto& part : ways[w].addresses.parts()) spans.push_back({part, w});
    std::sort(spans.begin(), spans.end(),
              [](const span& a, const span& b) { return a.part.first < b.part.first; });
    std::vector<std::pair<std::size_t, std::size_t>> pairs;
    for (std::size_t i = 0; i < spans.size(); ++i)
        for (std::size_t k = i + 1; k < spans.size() && !(spans[i].part.last < spans[k].part.first);
             ++k)
            if (spans[i].way != spans[k].way)
                pairs.push_back(std::minmax(spans[i].way, spans[k].way));
    std::sort(pairs.begin(), pairs.end());
    pairs.erase(std::unique(pairs.begin(), pairs.end()), pairs.end());
    std::vector<clash> out;
    for (const auto& [a, b] : pairs) {
        const auto& x = ways[a];
        const auto& y = ways[b];
        const port_set ports = x.ports & y.ports;
        if (ports.empty()) continue;  // rightly split
        for (std::size_t v = 0; v < x.reaches.size(); ++v)
            if (x.reaches[v] && y.reaches[v]) {
                out.push_back({a, b, x.addresses & y.addresses, ports, v});
                break;
            }
    }
    return out;
}

std::optional<std::string> clash_in_words(const scenario& s) {
    if (has_gates(s)) return clash_in_words(without_gates(s).rest);  // they change no tuple
    const bool cascade = is_cascade(s);
    const scenario flat = cascade ? side_by_side(s) : scenario{};
    const scenario& seen = cascade ? flat : s;
    const auto outer = outer_of(s);
    for (std::size_t n = 0; cascade && n < s.nats.size(); ++n) {
        if (std::find(outer.begin(), outer.end(), n) == outer.end()) continue;
        const auto ways = ways_out(seen, n);
        if (const auto found = clashes_of(ways); !found.empty())
            throw unsupported(in_words(s, ways, found.front()) + ", inside NAT " + s.nats[n].name +
                              "; that is not settled in this version");
    }
    const auto ways = ways_out(seen, s.nats.size());
    if (const auto found = clashes_of(ways); !found.empty())
        return in_words(s, ways, found.front());
    return std::nullopt;
}

}  // namespace natbound
