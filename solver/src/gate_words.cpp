// Naming gates, and counting what could meet them.
#include "gate_words.hpp"

#include "natbound/model/json_io.hpp"
#include "words.hpp"

namespace natbound {

namespace bj = boost::json;

std::string in_words(const scenario& s, const gate& g) {
    const auto& n = s.nats[g.nat];
    if (!g.protocol) return table_in_words(n, g.most) + " holds " + grouped(g.most);
    return n.name + " allows " + grouped(g.most) + " connections of " +
           json_io::name_of(*g.protocol);
}

bj::object json_of(const scenario& s, const gate& g, const bj::storage_ptr& memory) {
    bj::object out(memory);
    out.emplace("nat", s.nats[g.nat].name);
    if (g.protocol) out.emplace("protocol", json_io::name_of(*g.protocol));
    out.emplace("at-most", json_count(g.most));
    return out;
}

count all_of(const scenario& s, const reach_table& reach, const gate& g) {
    count out = 0;
    for (const auto c : g.clients)
        for (const auto v : g.servers)
            if (reach[c][v])
                out += s.clients[c].addresses.size() * s.clients[c].ports.size() *
                       s.servers[v].addresses.size() * s.servers[v].ports.size();
    return out;
}

void name_tables(const scenario& s, const without_gates& apart, std::string& words) {
    for (const auto& g : apart.gates) {
        if (g.protocol || g.ways.size() != 1) continue;
        const auto& n = apart.rest.nats[g.ways.front()];
        const auto& own = n.connection_limits.limit_per_instance;
        if (own && *own <= g.most) continue;
        const auto named = table_in_words(n, g.most) + " holds " + grouped(g.most);
        for (auto at = words.find(named); at != std::string::npos; at = words.find(named, at + 1))
            words.replace(at, named.size(), in_words(s, g));
    }
}

}  // namespace natbound
