// Building the network of a demand and reading the cut off it.
#include "pair_network.hpp"

#include <algorithm>
#include <map>
#include <set>

#include "blocks.hpp"
#include "hall.hpp"
#include "natbound/model/work.hpp"
#include "natbound/solver/flow_network.hpp"
#include "words.hpp"

namespace natbound {

namespace bj = boost::json;

namespace {

using pair_index = std::map<std::pair<std::size_t, std::size_t>, std::uint32_t>;

pair_index index_of(const std::vector<pair_demand>& demands) {
    pair_index out;
    for (std::uint32_t d = 0; d < demands.size(); ++d)
        out[{demands[d].client, demands[d].server}] = d;
    return out;
}

// The demand that a class of a group read by pair serves.
const std::uint32_t* demand_of(const pair_index& index, const group& g, const source_class& c) {
    const auto it =
        index.find({c.runs.front().client, g.bundles[c.runs.front().to].front().server});
    return it == index.end() ? nullptr : &it->second;
}

template <class Number>
class network {
  public:
    network(const std::vector<group>& groups, const std::vector<pair_demand>& demands,
            const count& enough, const count& copies, const flow_limits& limits)
        : groups_(groups), demands_(demands), flows_(nodes(groups, demands, limits)) {
        const auto source = nodes(groups, demands, limits) - 2;
        const auto index = index_of(demands);
        const auto bounded = [&](const count& value) {
            return static_cast<Number>(std::min(value, enough));
        };
        auto next = static_cast<std::uint32_t>(demands.size());
        const auto first_above = next;
        const auto above = [&](const std::optional<std::size_t>& place) {
            return place ? first_above + static_cast<std::uint32_t>(*place) : source;
        };
        for (const auto& one : limits.above)
            flows_.add_arc(above(one.around), next++, bounded(one.most * copies));
        for (std::uint32_t d = 0; d < demands.size(); ++d) {
            flows_.add_arc(d < limits.above_of.size() ? above(limits.above_of[d]) : source, d,
                           bounded(demands[d].connections));
            wanted_ += bounded(demands[d].connections);
        }
        std::map<std::size_t, std::uint32_t> table_of;  // by NAT: the node of its table
        std::map<std::size_t, std::uint32_t> room_of;   // by group: the node of its servers
        const auto limited = [&](const count& most) {
            flows_.add_arc(next, source + 1, bounded(most * copies));
            return next++;
        };
        for (const auto& [nat, most] : limits.tables) table_of[nat] = limited(most);
        for (std::size_t g = 0; g < limits.rooms.size(); ++g)
            if (limits.rooms[g]) room_of[g] = limited(*limits.rooms[g]);
        const auto exit = [&](const external_class& e, std::size_t g) {
            const auto& among = e.nat ? table_of : room_of;
            const auto it = among.find(e.nat.value_or(g));
            return it == among.end() ? source + 1 : it->second;
        };
        for (std::uint32_t i = 0; i < groups.size(); ++i) {
            const auto& g = groups[i];
            const std::uint32_t externals = next + static_cast<std::uint32_t>(g.sources.size());
            const count uses = i < limits.uses.size() && limits.uses[i] ? *limits.uses[i] : g.keys;
            for (std::uint32_t e = 0; e < g.externals.size(); ++e)
                flows_.add_arc(externals + e, exit(g.externals[e], i),
                               bounded(g.externals[e].size() * uses * copies));
            first_.push_back(next);
            for (std::uint32_t c = 0; c < g.sources.size(); ++c) {
                poll();
                const auto& cls = g.sources[c];
                const auto* d = demand_of(index, g, cls);
                if (!d) continue;
                flows_.add_arc(*d, next + c, bounded(cls.mappings * g.keys * copies));
                for (const auto e : cls.same_port)
                    links_.push_back(
                        {i, c, e, true, flows_.add_arc(next + c, externals + e, bounded(enough))});
                for (const auto e : cls.open)
                    links_.push_back(
                        {i, c, e, false, flows_.add_arc(next + c, externals + e, bounded(enough))});
            }
            next = externals + static_cast<std::uint32_t>(g.externals.size());
        }
        source_ = source;
    }

    pair_flow run() {
        pair_flow out;
        const Number sent = flows_.augment(source_, source_ + 1);
        out.fits = sent == wanted_;
        const auto reached = flows_.source_side(source_);
        out.room = count(sent);
        for (std::size_t d = 0; d < demands_.size(); ++d) {
            out.closed.push_back(reached[d]);
            if (!reached[d]) out.room -= demands_[d].connections;
        }
        for (std::size_t g = 0; g < groups_.size(); ++g) {
            const auto classes = reached.begin() + first_[g];
            const auto externals = classes + static_cast<std::ptrdiff_t>(groups_[g].sources.size());
            out.closed_classes.emplace_back(classes, externals);
            out.open.emplace_back(
                externals, externals + static_cast<std::ptrdiff_t>(groups_[g].externals.size()));
        }
        out.placements.resize(groups_.size());
        for (const auto& l : links_)
            if (const Number f = flows_.flow(l.arc); f != 0)
                out.placements[l.of].push_back({l.source, l.external, l.keeps, count(f)});
        return out;
    }

  private:
    static std::uint32_t nodes(const std::vector<group>& groups,
                               const std::vector<pair_demand>& demands, const flow_limits& limits) {
        std::size_t n =
            demands.size() + 2 + limits.tables.size() + limits.rooms.size() + limits.above.size();
        for (const auto& g : groups) n += g.sources.size() + g.externals.size();
        return static_cast<std::uint32_t>(n);
    }

    struct link {
        std::uint32_t of, source, external;
        bool keeps;
        std::uint32_t arc;
    };

    const std::vector<group>& groups_;
    const std::vector<pair_demand>& demands_;
    flow_network<Number> flows_;
    std::vector<link> links_;
    std::vector<std::uint32_t> first_;  // by group: the node of its first class
    Number wanted_ = 0;
    std::uint32_t source_ = 0;
};

// The keys that all endpoints of these server sets have together.
count keys_of(const scenario& s, const clash_scope& scope, const std::set<std::size_t>& servers) {
    if (scope.destination == scope_destination::endpoint) {
        count total = 0;  // of one server set
        for (const auto v : servers)
            total += s.servers[v].addresses.size() * s.servers[v].ports.size();
        return total;
    }
    std::map<int, address_set> found;
    for (const auto v : servers) {
        auto& all = found[scope.protocol ? static_cast<int>(s.servers[v].protocol) : -1];
        all = all | s.servers[v].addresses;
    }
    if (scope.destination == scope_destination::none)
        return static_cast<std::uint64_t>(found.size());
    count total = 0;
    for (const auto& [protocol, all] : found) total += all.size();
    return total;
}

class hall_finder {
  public:
    hall_finder(const scenario& s, const nat_reading& reading, const std::vector<group>& groups,
                const std::vector<pair_demand>& demands, const bj::storage_ptr& memory)
        : s_(s), reading_(reading), groups_(groups), demands_(demands), memory_(memory) {}

    // All sockets of these client sets towards these server sets: whether they want more than is
    // open to them.
    std::optional<pair_hall> look(const std::set<std::size_t>& clients,
                                  const std::set<std::size_t>& servers) const {
        count wanted = 0;
        std::map<std::size_t, count> own;
        for (const auto& d : demands_)
            if (clients.count(d.client) != 0 && servers.count(d.server) != 0) {
                wanted += d.connections;
                own[d.client] += d.connections;
            }
        std::vector<external_class> open;
        for (const auto& g : groups_) {
            std::vector<bool> used(g.externals.size(), false);
            for (const auto& c : g.sources) {
                const auto& run = c.runs.front();
                if (own.count(run.client) == 0 ||
                    servers.count(g.bundles[run.to].front().server) == 0)
                    continue;
                for (const auto e : c.open) used[e] = true;
                for (const auto e : c.same_port) used[e] = true;
            }
            for (std::size_t e = 0; e < used.size(); ++e)
                if (used[e] && std::none_of(open.begin(), open.end(), [&](const external_class& x) {
                        return x.ports == g.externals[e].ports &&
                               x.addresses == g.externals[e].addresses;
                    }))
                    open.push_back(g.externals[e]);
        }
        count room = 0;
        for (const auto& e : open) room += e.size();
        const count keys = keys_of(s_, reading_.scope, servers);
        if (wanted <= keys * room) return std::nullopt;
        return write(own, servers, std::move(open), wanted, room, keys);
    }

  private:
    pair_hall write(const std::map<std::size_t, count>& own, const std::set<std::size_t>& servers,
                    std::vector<external_class> open, const count& wanted, const count& room,
                    const count& keys) const {
        destination_list to;
        for (const auto v : servers)
            to.push_back({v, s_.servers[v].addresses, s_.servers[v].ports});
        bj::array closed(memory_);
        std::vector<std::string> names;
        for (const auto& [c, n] : own) {
            names.push_back(s_.clients[c].name);
            closed.emplace_back(
                bj::object({{"client", s_.clients[c].name},
                            {"addresses", json_set(s_.clients[c].addresses, memory_)},
                            {"ports", json_set(s_.clients[c].ports, memory_)},
                            {"demand", json_count(n)}},
                           memory_));
        }
        bj::array externals(memory_);
        for (const auto& e : joined(std::move(open)))
            externals.emplace_back(bj::object({{"addresses", json_set(e.addresses, memory_)},
                                               {"ports", json_set(e.ports, memory_)}},
                                              memory_));
        bj::array levels(memory_);
        levels.emplace_back(bj::object({{"weight", 1},
                                        {"closed", std::move(closed)},
                                        {"open", std::move(externals)},
                                        {"loose", bj::array{}},
                                        {"at-most", json_count(room)}},
                                       memory_));
        pair_hall out;
        out.group = bj::object({{"to", to_json(to, s_, memory_)},
                                {"keys", json_count(keys)},
                                {"levels", std::move(levels)},
                                {"at-most", json_count(keys * room)}},
                               memory_);
        out.in_words = listed(names) + (names.size() == 1 ? " wants " : " want ") +
                       grouped(wanted) + " connections through " + grouped(room) +
                       " external endpoints towards " +
                       destinations_in_words(s_, to, keys, reading_.scope.destination) + ": only " +
                       grouped(keys * room) + " fit";
        return out;
    }

    const scenario& s_;
    const nat_reading& reading_;
    const std::vector<group>& groups_;
    const std::vector<pair_demand>& demands_;
    const bj::storage_ptr& memory_;
};

}  // namespace

reach_table reach_of(const reach_table& all, const nat_reading& reading,
                     const std::vector<pair_demand>& demands) {
    if (reading.mapping != mapping_type::edm ||
        (reading.pool != pool_reading::any && reading.pool != pool_reading::lowest))
        return all;
    reach_table out(all.size(), std::vector<bool>(all.empty() ? 0 : all.front().size(), false));
    for (const auto& d : demands) out[d.client][d.server] = true;
    return out;
}

pair_flow send(const std::vector<group>& groups, const std::vector<pair_demand>& demands,
               const count& copies, const flow_limits& limits) {
    count wanted = 1;
    for (const auto& d : demands) wanted += d.connections;
    if (wanted * static_cast<std::uint64_t>(demands.size() + 1) < INT64_MAX)
        return network<std::int64_t>(groups, demands, wanted, copies, limits).run();
    return network<count>(groups, demands, wanted, copies, limits).run();
}

std::optional<pair_hall> hall_of(const scenario& s, const nat_reading& reading,
                                 const std::vector<group>& groups,
                                 const std::vector<pair_demand>& demands,
                                 const std::vector<bool>& closed, const bj::storage_ptr& memory) {
    std::map<std::size_t, std::set<std::size_t>> by_server;
    std::set<std::size_t> clients, servers;
    for (std::size_t d = 0; d < demands.size(); ++d) {
        if (!closed[d]) continue;
        by_server[demands[d].server].insert(demands[d].client);
        clients.insert(demands[d].client);
        servers.insert(demands[d].server);
    }
    const hall_finder finder(s, reading, groups, demands, memory);
    for (const auto& [v, who] : by_server)
        if (auto found = finder.look(who, {v})) return found;
    if (reading.scope.destination != scope_destination::endpoint)
        return finder.look(clients, servers);
    return std::nullopt;
}

}  // namespace natbound
