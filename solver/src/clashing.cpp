// Opens flows in empty tables until two ways have given one endpoint.
#include "clashing.hpp"

#include <algorithm>
#include <map>

#include "aiming.hpp"
#include "natbound/model/cascade.hpp"
#include "natbound/model/error.hpp"
#include "trace.hpp"

namespace natbound::detail {
namespace {

namespace bj = boost::json;

constexpr std::uint64_t most_tried = 64;  // client addresses, pool addresses, and ports

struct landing {
    actor who;
    port source;
    std::vector<std::uint64_t> draws;
};
using landings = std::map<endpoint, landing>;

// Endpoints that a way gives to the first flow towards a destination, among the shared ones.
landings of_clients(const scenario& s, const way_out& way, const clash& c, const endpoint& to,
                    const server_set& server) {
    landings out;
    const auto& set = s.clients[*way.client];
    for (std::uint64_t i = 0; i < std::min(most_tried, saturated(c.addresses.size())); ++i)
        for (std::uint64_t k = 0; k < std::min(most_tried, saturated(c.ports.size())); ++k) {
            const endpoint at{c.addresses.at(i), c.ports.at(k)};
            out.emplace(at, landing{{&set, at.address, &server, to}, at.port, {}});
        }
    return out;
}

landings of_nat(const scenario& s, const way_out& way, const clash& c, const endpoint& to,
                const server_set& server) {
    landings out;
    const nat_plan plan(s.nats[*way.nat]);
    const auto& pool = s.nats[*way.nat].external_ip_address_pool;
    for (const auto* set : inside(s, *plan.of)) {
        if (!reaches(*set, server)) continue;
        for (std::uint64_t i = 0; i < std::min(most_tried, saturated(set->addresses.size())); ++i)
            for (std::uint64_t a = 0; a < std::min(most_tried, saturated(c.addresses.size())); ++a)
                for (std::uint64_t k = 0; k < std::min(most_tried, saturated(c.ports.size()));
                     ++k) {
                    const port wanted = c.ports.at(k);
                    const port source = set->ports.contains(wanted) ? wanted : set->ports.at(i % 2);
                    const auto rank = plan.class_of(source).rank(wanted);
                    const actor who{set, set->addresses.at(i), &server, to};
                    aiming aim(plan);
                    nat_table table(plan);
                    aim.aim(table, who.at(source), rank.value_or(0),
                            static_cast<std::uint64_t>(*pool.rank(c.addresses.at(a))));
                    const auto got = table.open(who.at(source), aim);
                    if (!got.failed()) out.emplace(got.external, landing{who, source, aim.drawn});
                }
    }
    return out;
}

bj::object step_of(const scenario& s, const way_out& way, const landing& l) {
    bj::object out = trace_writer::failing(l.who, l.source, l.draws);
    out["nat"] = way.nat ? bj::value(s.nats[*way.nat].name) : bj::value(nullptr);
    return out;
}

std::string in_words(const landing& l, const way_out& way) {
    return l.who.from(l.source) + (way.nat ? " through " + way.name : "");
}

}  // namespace

guaranteed_result first_clash(const scenario& s, const std::string& words) {
    const auto ways = ways_out(s, s.nats.size());
    for (const auto& c : clashes_of(ways)) {
        const auto& server = s.servers[c.server];
        const endpoint to{server.addresses.at(0), server.ports.at(0)};
        const auto of = [&](const way_out& way) {
            return way.nat ? of_nat(s, way, c, to, server) : of_clients(s, way, c, to, server);
        };
        const auto first = of(ways[c.first]), second = of(ways[c.second]);
        for (const auto& [at, one] : first) {
            const auto it = second.find(at);
            if (it == second.end()) continue;
            guaranteed_result out;
            out.connections = out.at_most = 1;
            out.at_least = 1;
            out.binds = "clash";
            out.failing = in_words(it->second, ways[c.second]);
            out.sets_it = words + ". " + in_words(one, ways[c.first]) + " and " + out.failing +
                          " both become " + to_string(at.address) + ":" + std::to_string(at.port) +
                          " towards " + server.name + ":" + std::to_string(to.port) +
                          ": two flows, one tuple, and replies reach one of them";
            out.evidence = bj::object{{"connections", 1},
                                      {"lower-bound", bj::object{{"reason", "clash"}}},
                                      {"clash", bj::array{step_of(s, ways[c.first], one),
                                                          step_of(s, ways[c.second], it->second)}}};
            return out;
        }
    }
    throw unsupported(words + "; no two flows that do were found");
}

namespace {

// Two flows of one client through a way that leave it with one endpoint.
std::optional<std::pair<landing, landing>> alike(const scenario& s, const way_out& way,
                                                 const server_set& server, const endpoint& to,
                                                 const endpoint& other) {
    if (way.client) {
        const auto& c = s.clients[*way.client];
        const auto at = c.addresses.at(0);
        return std::pair{landing{{&c, at, &server, to}, c.ports.at(0), {}},
                         landing{{&c, at, &server, other}, c.ports.at(0), {}}};
    }
    const nat_plan plan(s.nats[*way.nat]);
    for (const auto* set : inside(s, *plan.of)) {
        if (!reaches(*set, server)) continue;
        for (std::uint64_t i = 0; i < std::min(most_tried, saturated(set->ports.size())); ++i) {
            const port source = set->ports.at(i);
            const actor one{set, set->addresses.at(0), &server, to};
            const actor two{set, set->addresses.at(0), &server, other};
            aiming aim(plan);
            nat_table table(plan);
            aim.aim(table, one.at(source), 0);
            const auto first = table.open(one.at(source), aim);
            if (first.failed()) continue;
            const landing was{one, source, aim.drawn};
            const auto rank = plan.class_of(source).rank(first.external.port);
            aim.aim(table, two.at(source), rank.value_or(0),
                    static_cast<std::uint64_t>(
                        *plan.of->external_ip_address_pool.rank(first.external.address)));
            const auto second = table.open(two.at(source), aim);
            if (!second.failed() && second.external == first.external)
                return std::pair{was, landing{two, source, aim.drawn}};
        }
    }
    return std::nullopt;
}

bool once_at_most(const scenario& s, const way_out& way) {
    if (way.client) return false;
    const auto& d = s.nats[*way.nat].design;
    return d.mapping_type == mapping_type::edm &&
           d.clash_scope.destination == scope_destination::none;
}

}  // namespace

std::optional<guaranteed_result> first_clash_at_backends(const scenario& s) {
    std::optional<std::vector<way_out>> ways;
    std::string open;  // where none was found
    for (std::size_t v = 0; v < s.servers.size(); ++v) {
        const auto& server = s.servers[v];
        if (!server.backends || server.addresses.size() * server.ports.size() == 1) continue;
        if (is_cascade(s))
            throw unsupported("server set " + server.name +
                              ": backends of several endpoints beside a cascade are not settled in "
                              "this version");
        if (!ways) ways = ways_out(s, s.nats.size());
        const endpoint to{server.addresses.at(0), server.ports.at(0)};
        std::vector<endpoint> others;
        if (server.addresses.size() > 1)
            others.push_back({server.addresses.at(1), server.ports.at(0)});
        if (server.ports.size() > 1) others.push_back({server.addresses.at(0), server.ports.at(1)});
        for (const auto& way : *ways) {
            if (!way.reaches[v] || once_at_most(s, way)) continue;
            for (const auto& other : others) {
                const auto found = alike(s, way, server, to, other);
                if (!found) continue;
                guaranteed_result out;
                out.connections = out.at_most = 1;
                out.at_least = 1;
                out.binds = "clash";
                out.failing = in_words(found->second, way);
                out.sets_it = out.failing + " towards " + to_string(other.address) + ":" +
                              std::to_string(other.port) +
                              " leaves with the endpoint that its flow " + "towards " +
                              to_string(to.address) + ":" + std::to_string(to.port) +
                              " has; sent to one backend of " + server.name +
                              ", the two are one tuple there, and replies reach one of them";
                out.evidence = bj::object{{"connections", 1},
                                          {"lower-bound", bj::object{{"reason", "clash"}}},
                                          {"clash", bj::array{step_of(s, way, found->first),
                                                              step_of(s, way, found->second)}}};
                return out;
            }
            open = way.name;
        }
        if (!open.empty())
            throw unsupported("server set " + server.name +
                              ": whether two flows of one endpoint of " + open +
                              " can be sent to one backend is not settled in this version");
    }
    return std::nullopt;
}

}  // namespace natbound::detail
