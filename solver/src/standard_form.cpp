// Making alike sets one, and putting lists in order.
#include "standard_form.hpp"

#include <algorithm>
#include <map>
#include <numeric>
#include <tuple>

#include "natbound/model/canonical.hpp"
#include "natbound/model/cascade.hpp"
#include "natbound/model/plan.hpp"
#include "natbound/model/ways_out.hpp"
#include "overlay.hpp"
#include "server_room.hpp"

namespace natbound {

namespace bj = boost::json;

namespace {

// "A+B+C"; of many the first and how many more.
std::string joined_name(const std::vector<std::string>& names) {
    constexpr std::size_t listed = 3;
    std::string out;
    for (std::size_t i = 0; i < std::min(names.size(), listed); ++i)
        out += (i == 0 ? "" : "+") + names[i];
    if (names.size() > listed) out += "+" + std::to_string(names.size() - listed) + " more";
    return out;
}

bool shares_mappings(const nat& n) {
    const auto& d = n.design;
    return (d.mapping_type == mapping_type::eim || d.mapping_type == mapping_type::adm) &&
           d.clash_scope.destination != scope_destination::none;
}

bool has_hard_limit(const nat& n) {
    return n.connection_limits.limit_per_subscriber || n.mapping_limits.limit_subscribers ||
           n.mapping_limits.limit_port_mappings;
}

// All that a limit or a backend counts together.
using alike_server = std::tuple<transport, std::optional<std::uint64_t>,
                                std::optional<std::uint64_t>, std::vector<bool>, std::size_t>;

}  // namespace

bool needs_standard_form(const scenario& s) {
    if (std::any_of(s.nats.begin(), s.nats.end(), [](const nat& n) { return n.port_set; }))
        return false;
    return is_cascade(s) || is_spread(s) || clash_in_words(s) || server_room(s).any() ||
           std::any_of(s.nats.begin(), s.nats.end(), [](const nat& n) {
               return shares_mappings(n) || has_hard_limit(n) ||
                      (translates(n) && n.design.pool.paired);
           });
}

standard_form::standard_form(const scenario& given, bool backwards)
    : given_(given), backwards_(backwards) {
    std::vector<std::vector<bool>> reach;
    for (const auto& c : given.clients) {
        reach.emplace_back();
        for (const auto& v : given.servers) reach.back().push_back(reaches(c, v));
    }
    join_servers(reach);
    join_clients(reach);
    order_nats();
}

void standard_form::join_servers(const std::vector<std::vector<bool>>& reach) {
    std::map<alike_server, std::vector<std::size_t>> alike;
    for (std::size_t v = 0; v < given_.servers.size(); ++v) {
        const auto& one = given_.servers[v];
        const auto limits = one.connection_limits.value_or(server_limits{});
        std::vector<bool> by;
        for (const auto& row : reach) by.push_back(row[v]);
        alike[{one.protocol, limits.limit_per_endpoint, limits.limit_per_address, std::move(by),
               one.backends ? v + 1 : 0}]
            .push_back(v);
    }
    struct made {
        server_set set;
        std::vector<std::size_t> of;
    };
    std::vector<made> all;
    for (const auto& [key, some] : alike) {
        const auto& limits = given_.servers[some.front()].connection_limits;
        std::vector<const address_set*> sets;
        for (const auto v : some) sets.push_back(&given_.servers[v].addresses);
        std::vector<std::tuple<port_set, address_set, std::vector<std::size_t>>> found;
        const auto add = [&](const port_set& ports, const address_set& addresses,
                             const std::vector<std::size_t>& of) {
            for (auto& [p, a, from] : found)
                if (p == ports) {
                    a = a | addresses;
                    from.insert(from.end(), of.begin(), of.end());
                    return;
                }
            found.emplace_back(ports, addresses, of);
        };
        // what an address holds is of one set's ports
        if (limits && limits->limit_per_address)
            for (const auto v : some)
                add(given_.servers[v].ports, given_.servers[v].addresses, {v});
        else
            for (const auto& o : overlay<ip_address>(sets)) {
                port_set ports;
                std::vector<std::size_t> of;
                for (const auto k : o.sets) {
                    ports = ports | given_.servers[some[k]].ports;
                    of.push_back(some[k]);
                }
                add(ports, o.atom, of);
            }
        for (auto& [ports, addresses, of] : found) {
            std::sort(of.begin(), of.end());
            of.erase(std::unique(of.begin(), of.end()), of.end());
            made one{given_.servers[of.front()], of};
            one.set.addresses = addresses;
            one.set.ports = ports;
            all.push_back(std::move(one));
        }
    }
    std::sort(all.begin(), all.end(), [](const made& a, const made& b) {
        const auto key = [](const server_set& v) {
            return std::tuple(v.protocol, v.addresses.at(0), v.ports.at(0));
        };
        return key(a.set) < key(b.set);
    });
    if (backwards_) std::reverse(all.begin(), all.end());
    for (auto& one : all) {
        std::vector<std::string> names;
        for (const auto v : one.of) names.push_back(given_.servers[v].name);
        one.set.name = joined_name(names);
        form_.servers.push_back(std::move(one.set));
        servers_.push_back(std::move(one.of));
    }
    std::map<std::string, std::size_t>
        used;  // a set may be in several: its name then gets a number
    for (auto& v : form_.servers)
        if (const auto k = used[v.name]++; k > 0) v.name += " (" + std::to_string(k + 1) + ")";
}

void standard_form::join_clients(const std::vector<std::vector<bool>>& reach) {
    std::map<std::string, std::size_t> index;
    for (std::size_t c = 0; c < given_.clients.size(); ++c) index[given_.clients[c].name] = c;
    std::vector<std::vector<std::size_t>> through(given_.clients.size());
    for (std::size_t n = 0; n < given_.nats.size(); ++n)
        for (const auto& name : given_.nats[n].inside)
            if (const auto it = index.find(name); it != index.end())
                through[it->second].push_back(n);
    using key =
        std::tuple<std::vector<std::pair<port, port>>, std::vector<bool>, std::vector<std::size_t>>;
    std::map<key, std::vector<std::size_t>> alike;
    for (std::size_t c = 0; c < given_.clients.size(); ++c) {
        std::vector<std::pair<port, port>> ports;
        for (const auto& p : given_.clients[c].ports.parts()) ports.emplace_back(p.first, p.last);
        std::sort(through[c].begin(), through[c].end());
        alike[{std::move(ports), reach[c], through[c]}].push_back(c);
    }
    std::vector<std::pair<ip_address, std::vector<std::size_t>>> order;
    for (auto& [k, some] : alike) {
        ip_address first = given_.clients[some.front()].addresses.at(0);
        for (const auto c : some) first = std::min(first, given_.clients[c].addresses.at(0));
        order.emplace_back(first, std::move(some));
    }
    std::sort(order.begin(), order.end());
    if (backwards_) std::reverse(order.begin(), order.end());
    clients_of_.resize(given_.nats.size());
    for (auto& [first, some] : order) {
        client_set one = given_.clients[some.front()];
        std::vector<std::string> names;
        for (const auto c : some) {
            one.addresses = one.addresses | given_.clients[c].addresses;
            names.push_back(given_.clients[c].name);
        }
        one.name = joined_name(names);
        one.reaches.clear();
        const auto& row = reach[some.front()];
        if (!std::all_of(row.begin(), row.end(), [](bool r) { return r; }))
            for (std::size_t v = 0; v < form_.servers.size(); ++v)
                if (row[servers_[v].front()]) one.reaches.push_back(form_.servers[v].name);
        for (const auto n : through[some.front()]) clients_of_[n].push_back(form_.clients.size());
        form_.clients.push_back(std::move(one));
        clients_.push_back(std::move(some));
    }
}

void standard_form::order_nats() {
    // what a NAT is, but for names
    scenario nameless;
    nameless.nats = given_.nats;
    for (auto& n : nameless.nats) {
        n.name.clear();
        n.inside.clear();
    }
    const auto written = canonical(nameless);
    const auto& list = written.as_object().at("nats").as_array();
    std::vector<std::tuple<std::vector<std::pair<ip_address, ip_address>>, std::vector<std::size_t>,
                           std::string>>
        keys;
    for (std::size_t n = 0; n < given_.nats.size(); ++n) {
        std::vector<std::pair<ip_address, ip_address>> pool;
        for (const auto& p : given_.nats[n].external_ip_address_pool.parts())
            pool.emplace_back(p.first, p.last);
        keys.emplace_back(std::move(pool), clients_of_[n], bj::serialize(list[n]));
    }
    nats_.resize(given_.nats.size());
    std::iota(nats_.begin(), nats_.end(), std::size_t{0});
    std::stable_sort(nats_.begin(), nats_.end(), [&](auto a, auto b) { return keys[a] < keys[b]; });
    if (backwards_) std::reverse(nats_.begin(), nats_.end());
    for (const auto n : nats_) {
        auto one = given_.nats[n];
        one.inside.clear();
        for (const auto c : clients_of_[n]) one.inside.push_back(form_.clients[c].name);
        form_.nats.push_back(std::move(one));
    }
    for (std::size_t i = 0; i < nats_.size(); ++i)  // NATs inside NATs, in order
        for (const auto n : nats_) {
            const auto& inside = given_.nats[nats_[i]].inside;
            if (std::find(inside.begin(), inside.end(), given_.nats[n].name) != inside.end())
                form_.nats[i].inside.push_back(given_.nats[n].name);
        }
}

}  // namespace natbound
