#pragma once
// Reads certificates of small scenarios unit by unit, as docs/certificates.md says it, and finds
// what is wrong with them. Slow and simple.
#include <boost/json.hpp>

#include "natbound/model/json_io.hpp"
#include "small_world.hpp"

namespace small {

namespace bj = boost::json;

inline std::size_t number(const bj::value& v) {
    return v.is_string() ? std::stoul(std::string(v.get_string()))
                         : static_cast<std::size_t>(v.to_number<std::uint64_t>());
}

template <class Set>
Set set_of(const bj::value& v) {
    Set out;
    json_io::read(v, "", out);
    return out;
}

inline std::string name(const bj::value& v) { return std::string(v.get_string()); }

class reader {
  public:
    explicit reader(const world& w) : w_(w) {}

    // Empty, or the first thing that is wrong with a body of kind fits that carries so many.
    std::string fits(const bj::object& body, std::size_t said) const {
        std::map<flow, external> given;
        std::set<flow> routed;
        for (const auto& b : body.at("blocks").as_array())
            if (auto wrong = block(b.as_object(), given, routed); !wrong.empty()) return wrong;
        if (given.size() + routed.size() != said || number(body.at("connections")) != said)
            return "another number of connections";
        for (const auto& r : w_.routers)
            if (auto wrong = apart(r, given); !wrong.empty()) return wrong;
        return body.if_contains("demand") ? demand(body.at("demand").as_array(), given, routed)
                                          : "";
    }

    // The same of a body of kind does-not-fit that admits so many.
    std::string does_not_fit(const bj::object& body, std::size_t said) const {
        std::size_t total = 0;
        if (body.at("nats").as_array().size() != w_.routers.size()) return "a NAT is missing";
        for (const auto& item : body.at("nats").as_array()) {
            const auto& o = item.as_object();
            const router* r = router_named(name(o.at("nat")));
            if (!r) return "no such NAT";
            std::size_t sum = 0;
            std::set<std::tuple<int, endpoint>> seen;
            // subscribers that are counted by their quota; the groups speak of the others
            router others = *r;
            if (const auto* capped = o.if_contains("quota")) {
                if (!r->plan.quota) return "no quota";
                std::set<ip_address> who;
                for (const auto& c : capped->as_array()) {
                    const auto* client = client_named(name(c.as_object().at("client")));
                    for (const auto a :
                         elements(set_of<address_set>(c.as_object().at("addresses")))) {
                        if (!client || !client->addresses.contains(a)) return "no such subscriber";
                        if (!who.insert(a).second) return "a subscriber twice";
                    }
                }
                std::erase_if(others.flows,
                              [&](const flow& f) { return who.count(f.source.address) > 0; });
                sum += *r->plan.quota * who.size();
            }
            for (const auto& g : o.at("groups").as_array())
                if (auto wrong = group(others, g.as_object(), sum, seen); !wrong.empty())
                    return wrong;
            for (const auto& f : others.flows)
                if (seen.count({static_cast<int>(f.protocol), f.destination}) == 0)
                    return "a destination is in no group";
            if (!o.at("table").is_null()) {
                const std::size_t table = number(o.at("table"));
                if (table < limit(*r)) return "no such limit";
                sum = std::min(sum, table);
            }
            if (number(o.at("at-most")) != sum) return "another sum of the groups";
            total += sum;
        }
        std::size_t direct = 0;
        for (const auto& d : body.at("direct").as_array())
            direct += number(d.as_object().at("at-most"));
        if (direct != w_.direct.size()) return "another number of routed connections";
        return total + direct == said && number(body.at("at-most")) == said ? "" : "another sum";
    }

  private:
    const router* router_named(const std::string& n) const {
        for (const auto& r : w_.routers)
            if (r.plan.of->name == n) return &r;
        return nullptr;
    }
    const client_set* client_named(const std::string& n) const {
        for (const auto& c : w_.of.clients)
            if (c.name == n) return &c;
        return nullptr;
    }

    // Protocol and endpoint, in the order that a certificate counts them.
    std::vector<std::pair<transport, endpoint>> destinations(const bj::value& list) const {
        std::vector<std::pair<transport, endpoint>> out;
        for (const auto& v : list.as_array())
            for (const auto& s : w_.of.servers)
                if (s.name == name(v.as_object().at("server")))
                    for (const auto a :
                         elements(set_of<address_set>(v.as_object().at("addresses"))))
                        for (const auto p : elements(set_of<port_set>(v.as_object().at("ports"))))
                            out.push_back({s.protocol, {a, p}});
        return out;
    }

    std::string block(const bj::object& b, std::map<flow, external>& given,
                      std::set<flow>& routed) const {
        const auto& from = b.at("from").as_object();
        const auto addresses = set_of<address_set>(from.at("addresses"));
        const auto ports = set_of<port_set>(from.at("ports"));
        const auto to = destinations(b.at("to"));
        const bool spread = b.at("spread").as_bool();
        const std::size_t n = static_cast<std::size_t>(ports.size()),
                          rows = static_cast<std::size_t>(addresses.size());
        const auto* via = b.if_contains("via");
        const router* r = via ? router_named(name(via->as_object().at("nat"))) : nullptr;
        if (via && !r) return "no such NAT";
        for (std::size_t k = 0; k < number(b.at("count")); ++k) {
            const std::size_t u = number(from.at("first")) + k;
            const std::size_t row = u / n % rows;
            if (u / n >= rows * (spread ? to.size() : 1)) return "more units than sockets";
            const endpoint source{addresses.at(row), ports.at((number(from.at("shift")) + u) % n)};
            std::vector<std::pair<transport, endpoint>> towards = to;
            if (spread) towards = {to.at(u / n / rows)};
            external e;
            if (r) {
                const auto outer = set_of<port_set>(via->as_object().at("ports"));
                const std::size_t v = number(via->as_object().at("first")) + k;
                const auto there = set_of<address_set>(via->as_object().at("addresses"));
                if (v / static_cast<std::size_t>(outer.size()) >= there.size())
                    return "more units than the pool's part has";
                const auto rank = r->plan.of->external_ip_address_pool.rank(
                    there.at(v / static_cast<std::size_t>(outer.size())));
                if (!rank) return "an address outside the pool";
                e = {static_cast<std::uint64_t>(*rank),
                     outer.at(v % static_cast<std::size_t>(outer.size()))};
                if (b.at("preserve").as_bool() && e.second != source.port)
                    return "a preserved port is another one outside";
            }
            for (const auto& [protocol, d] : towards) {
                const flow f{protocol, source, d};
                if (!r) {
                    if (w_.direct_client.count(f) == 0 || !routed.insert(f).second)
                        return "a routed connection that is not there, or twice";
                    continue;
                }
                const auto at = r->permitted.find(f);
                if (at == r->permitted.end()) return "a connection that is not there";
                if (!r->hash_unknown() && at->second.count(e) == 0)
                    return "an external endpoint that is not permitted";
                if (!given.emplace(f, e).second) return "a connection twice";
            }
        }
        return "";
    }

    std::string apart(const router& r, const std::map<flow, external>& given) const {
        std::map<mapping, external> of_mapping;
        std::map<std::pair<scope_key, external>, mapping> holder;
        std::size_t live = 0;
        for (const auto& [f, e] : given) {
            if (r.client.count(f) == 0) continue;
            ++live;
            const auto m = r.mapping_of(f);
            if (of_mapping.emplace(m, e).first->second != e)
                return "a mapping with two external endpoints";
            if (holder.emplace(std::pair{r.key_of(f), e}, m).first->second != m)
                return "an external endpoint used twice";
        }
        std::map<ip_address, std::size_t> of_subscriber;
        for (const auto& [f, e] : given)
            if (r.client.count(f) > 0 && r.plan.quota &&
                ++of_subscriber[f.source.address] > *r.plan.quota)
                return "more of one subscriber than its quota";
        if (r.plan.table && live > *r.plan.table) return "more than the table holds";
        if (const auto& most = r.plan.of->mapping_limits.limit_port_mappings)
            if (of_mapping.size() > *most) return "more mappings than the limit";
        return "";
    }

    std::string demand(const bj::array& list, const std::map<flow, external>& given,
                       const std::set<flow>& routed) const {
        std::map<std::pair<std::string, std::string>, std::size_t> carried, wanted;
        const auto add = [&](const flow& f, std::size_t client) {
            ++carried[{w_.of.clients[client].name, w_.of.servers[w_.server_of(f)].name}];
        };
        for (const auto& [f, e] : given)
            for (const auto& r : w_.routers)
                if (r.client.count(f) > 0) add(f, r.client.at(f));
        for (const auto& f : routed) add(f, w_.direct_client.at(f));
        for (const auto& d : list)
            wanted[{name(d.as_object().at("from")), name(d.as_object().at("to"))}] +=
                number(d.as_object().at("connections"));
        return carried == wanted ? "" : "other numbers than the demand";
    }

    // The smallest bound on connections that the NAT's limits give.
    std::size_t limit(const router& r) const {
        std::size_t out = SIZE_MAX;
        if (r.plan.table) out = *r.plan.table;
        if (r.plan.mappings) {
            std::map<std::tuple<int, endpoint, ip_address>, std::size_t> carried;
            std::size_t most = 1;
            const bool adm = r.plan.design.mapping_type == mapping_type::adm;
            for (const auto& f : r.flows)
                most = std::max(most, ++carried[{static_cast<int>(f.protocol), f.source,
                                                 adm ? f.destination.address : 0}]);
            out = std::min(out, static_cast<std::size_t>(*r.plan.mappings) * most);
        }
        return out;
    }

    struct left {
        address_set addresses;
        port_set ports;
        std::size_t client = 0, mappings = 0, level = 0;
        std::optional<std::set<std::tuple<int, endpoint>>> to;
        bool closed = false;
    };

    std::string group(const router& r, const bj::object& g, std::size_t& sum,
                      std::set<std::tuple<int, endpoint>>& seen) const {
        std::set<std::tuple<int, endpoint>> here;
        std::set<scope_key> keys;
        for (const auto& [protocol, d] : destinations(g.at("to"))) {
            if (!seen.insert({static_cast<int>(protocol), d}).second)
                return "a destination in two groups";
            here.insert({static_cast<int>(protocol), d});
            keys.insert(r.key_of({protocol, {}, d}));
        }
        if (number(g.at("keys")) != keys.size()) return "another number of keys";
        std::vector<left> items;
        std::vector<std::size_t> weights;
        std::vector<std::set<external>> open;
        std::size_t bound = 0;
        for (const auto& l : g.at("levels").as_array()) {
            const auto& level = l.as_object();
            std::size_t b = 0;
            auto& there = open.emplace_back();
            for (const auto& o : level.at("open").as_array())
                for (const auto a : elements(set_of<address_set>(o.as_object().at("addresses"))))
                    for (const auto p : elements(set_of<port_set>(o.as_object().at("ports")))) {
                        const auto rank = r.plan.of->external_ip_address_pool.rank(a);
                        if (!rank) return "an address outside the pool";
                        there.insert({static_cast<std::uint64_t>(*rank), p});
                    }
            b += there.size();
            for (const char* kind : {"closed", "loose"})
                for (const auto& i : level.at(kind).as_array()) {
                    auto item = read_left(i.as_object());
                    item.level = weights.size();
                    item.closed = std::string(kind) == "closed";
                    if (!item.closed)
                        b += static_cast<std::size_t>(item.addresses.size() * item.ports.size()) *
                             item.mappings;
                    items.push_back(std::move(item));
                }
            if (number(level.at("at-most")) != b) return "another bound of a level";
            weights.push_back(number(level.at("weight")));
            bound += weights.back() * b;
        }
        if (number(g.at("at-most")) != bound * keys.size()) return "another bound of a group";
        sum += bound * keys.size();
        return mentioned(r, here, items, weights, open);
    }

    left read_left(const bj::object& o) const {
        left out;
        for (std::size_t c = 0; c < w_.of.clients.size(); ++c)
            if (w_.of.clients[c].name == name(o.at("client"))) out.client = c;
        out.addresses = set_of<address_set>(o.at("addresses"));
        out.ports = set_of<port_set>(o.at("ports"));
        out.mappings = number(o.at("mappings"));
        if (const auto* to = o.if_contains("to")) {
            out.to.emplace();
            for (const auto& [protocol, d] : destinations(*to))
                out.to->insert({static_cast<int>(protocol), d});
        }
        return out;
    }

    // Every mapping under every key is spoken of in levels that weigh as much as it does, and the
    // closed ones stay inside what is open.
    std::string mentioned(const router& r, const std::set<std::tuple<int, endpoint>>& here,
                          const std::vector<left>& items, const std::vector<std::size_t>& weights,
                          const std::vector<std::set<external>>& open) const {
        // by key, source and (where items tell destinations apart) item list: the mappings and
        // their flows
        std::map<std::tuple<scope_key, endpoint, std::vector<std::size_t>>,
                 std::map<mapping, std::size_t>>
            found;
        for (const auto& f : r.flows) {
            const std::tuple<int, endpoint> d{static_cast<int>(f.protocol), f.destination};
            if (here.count(d) == 0) continue;
            std::vector<std::size_t> at;
            for (std::size_t i = 0; i < items.size(); ++i) {
                const auto& item = items[i];
                if (item.client != r.client.at(f) || !item.addresses.contains(f.source.address) ||
                    !item.ports.contains(f.source.port))
                    continue;
                if (item.to && item.to->count(d) == 0) continue;
                at.push_back(i);
                if (!item.closed) continue;
                for (const auto& e : r.permitted.at(f))
                    if (open[item.level].count(e) == 0)
                        return "a closed mapping may use another endpoint";
            }
            ++found[{r.key_of(f), f.source, at}][r.mapping_of(f)];
        }
        for (const auto& [where, mappings] : found) {
            std::vector<std::size_t> sizes;
            for (const auto& [m, n] : mappings) sizes.push_back(n);
            std::sort(sizes.rbegin(), sizes.rend());
            std::vector<std::size_t> spoken(weights.size(), 0);
            for (const auto i : std::get<2>(where)) spoken[items[i].level] += items[i].mappings;
            for (std::size_t k = 0; k < sizes.size(); ++k) {
                std::size_t paid = 0;
                for (std::size_t l = 0; l < weights.size(); ++l)
                    paid += spoken[l] > k ? weights[l] : 0;
                if (paid < sizes[k]) return "a mapping is in levels of too little weight";
            }
        }
        return "";
    }

    const world& w_;
};

}  // namespace small
