// Summing NATs side by side and clients that are routed as they are.
#include "natbound/solver/maximum.hpp"

#include "blocks.hpp"
#include "nat_capacity.hpp"
#include "words.hpp"

namespace natbound {

namespace bj = boost::json;

namespace {

struct routed {
    count connections;
    std::vector<block> blocks;
    bj::array json;
};

// Inside no NAT every socket may be live towards every endpoint that its client set reaches.
routed routed_as_they_are(const scenario& s, const reach_table& reach,
                          const std::vector<std::size_t>& clients, const bj::storage_ptr& memory) {
    routed out{0, {}, bj::array(memory)};
    for (const auto c : clients) {
        const auto& client = s.clients[c];
        target to;
        for (std::size_t v = 0; v < s.servers.size(); ++v)
            if (reach[c][v]) to.list.push_back({v, s.servers[v].addresses, s.servers[v].ports});
        to.endpoints = endpoints(to.list);
        const count sockets = client.addresses.size() * client.ports.size();
        bj::object o(memory);
        o.emplace("client", client.name);
        o.emplace("sockets", json_count(sockets));
        o.emplace("endpoints", json_count(to.endpoints));
        o.emplace("at-most", json_count(sockets * to.endpoints));
        out.json.emplace_back(std::move(o));
        out.connections += sockets * to.endpoints;
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

void append(std::string& text, const std::string& more) {
    if (more.empty()) return;
    text += (text.empty() ? "" : "; ") + more;
}

}  // namespace

nat_capacity maximum_blocks(const scenario& s, const bj::storage_ptr& memory) {
    const auto reach = reaches_of(s);
    const auto inside = inside_of(s);
    nat_capacity out;
    bj::array nats(memory);
    const bool several = s.nats.size() + (inside.back().empty() ? 0 : 1) > 1;
    for (std::size_t n = 0; n < s.nats.size(); ++n) {
        auto one = capacity_of(s, reach, n, inside[n], memory);
        out.at_least += one.at_least;
        out.at_most += one.at_most;
        out.mappings += one.mappings;
        std::move(one.blocks.begin(), one.blocks.end(), std::back_inserter(out.blocks));
        std::move(one.dealt.begin(), one.dealt.end(), std::back_inserter(out.dealt));
        nats.emplace_back(std::move(one.does_not_fit));
        append(out.sets_it, (several ? s.nats[n].name + ": " : "") + one.sets_it);
        append(out.why_bounds, one.why_bounds);
        if (out.binds.empty() || out.binds == "sockets") out.binds = one.binds;
    }
    auto direct = routed_as_they_are(s, reach, inside.back(), memory);
    out.at_least += direct.connections;
    out.at_most += direct.connections;
    if (!inside.back().empty())
        append(out.sets_it,
               (several ? "routed untranslated: " : "") + sockets_in_words(s, inside.back()));
    if (out.binds.empty()) out.binds = "sockets";
    std::move(direct.blocks.begin(), direct.blocks.end(), std::back_inserter(out.blocks));
    out.does_not_fit = bj::object(memory);
    out.does_not_fit.emplace("at-most", json_count(out.at_most));
    out.does_not_fit.emplace("nats", std::move(nats));
    out.does_not_fit.emplace("direct", std::move(direct.json));
    return out;
}

maximum_result maximum(const scenario& s) {
    const auto memory = bj::make_shared_resource<bj::monotonic_resource>();
    auto all = maximum_blocks(s, memory);
    maximum_result out;
    out.at_least = all.at_least;
    out.at_most = all.at_most;
    out.mappings = all.mappings;
    out.binds = std::move(all.binds);
    out.sets_it = std::move(all.sets_it);
    out.why_bounds = std::move(all.why_bounds);
    bj::object fits(memory);
    fits.emplace("connections", json_count(out.at_least));
    fits.emplace("blocks", to_json(all.blocks, s, memory));
    add_json(fits, all.dealt, s, memory);
    out.evidence = bj::object(memory);
    if (out.at_least == out.at_most) {
        out.connections = out.at_least;
        out.evidence.emplace("connections", json_count(out.at_least));
    }
    out.evidence.emplace("fits", std::move(fits));
    out.evidence.emplace("does-not-fit", std::move(all.does_not_fit));
    return out;
}

}  // namespace natbound
