// Giving room away, block by block.
#include "server_room.hpp"

#include <algorithm>
#include <set>

#include "cascade_view.hpp"
#include "natbound/model/work.hpp"

namespace natbound {

namespace {

struct bound {
    count most;
    std::string words;
};

std::optional<bound> by_limits(const server_set& v) {
    if (!v.connection_limits) return std::nullopt;
    const auto& [endpoint, address] = *v.connection_limits;
    const count ports = v.ports.size(), addresses = v.addresses.size();
    std::optional<bound> out;
    const auto at_each = [&](const count& limit, const char* what, const count& all) {
        if (out && out->most <= all) return;
        out = {all, v.name + " holds " + grouped(limit) + " connections at each " + what +
                        (all == limit ? "" : ", " + grouped(all) + " in all")};
    };
    if (endpoint) at_each(*endpoint, "endpoint", *endpoint * ports * addresses);
    if (address) at_each(*address, "address", *address * addresses);
    return out;
}

}  // namespace

count backends_of(const server_set& v) {
    return v.backends->addresses.size() * v.backends->ports.size();
}

std::optional<destination_item> enough_for_backends(const scenario& s, std::size_t server) {
    const auto& v = s.servers[server];
    if (!v.backends) return std::nullopt;
    const count backends = backends_of(v);
    const count wide = v.addresses.size();
    if (backends >= wide * v.ports.size()) return std::nullopt;
    if (backends >= wide)
        return destination_item{server, v.addresses, v.ports.slice(0, backends / wide)};
    return destination_item{server, v.addresses.slice(0, backends), v.ports.slice(0, 1)};
}

std::optional<scenario> on_enough_endpoints(const scenario& s) {
    std::optional<scenario> out;
    for (std::size_t v = 0; v < s.servers.size(); ++v)
        if (auto used = enough_for_backends(s, v)) {
            if (!out) out = s;
            out->servers[v].addresses = std::move(used->addresses);
            out->servers[v].ports = std::move(used->ports);
        }
    return out;
}

count told_apart(const scenario& s, const destination_list& to) {
    count out = 0;
    for (const auto& item : to)
        out +=
            enough_for_backends(s, item.server) ? backends_of(s.servers[item.server]) : item.size();
    return out;
}

server_room::server_room(const scenario& s) : open_(s.servers.size(), false) {
    for (std::size_t i = 0; i < s.servers.size(); ++i) {
        const auto& v = s.servers[i];
        auto& cells = cells_.emplace_back();
        const auto least = by_limits(v);
        most_.push_back(least ? std::optional(least->most) : std::nullopt);
        words_.push_back(least ? least->words : std::string{});
        const auto backends = enough_for_backends(s, i);
        const count ports = v.ports.size();
        if (v.connection_limits) {
            const auto& [endpoint, address] = *v.connection_limits;
            if (address && (!endpoint || *address < *endpoint * ports)) {
                const count each = *address / ports, more = *address % ports;
                if (more > 0) cells.push_back({v.addresses, v.ports.slice(0, more), each + 1});
                cells.push_back(
                    {v.addresses, v.ports.slice(static_cast<u128>(more), ports - more), each});
            } else {
                cells.push_back({v.addresses, v.ports, *endpoint});
            }
        } else if (backends) {
            count sockets = 0;
            for (const auto& c : s.clients) sockets += c.addresses.size() * c.ports.size();
            cells.push_back({v.addresses, v.ports, sockets});
        }
        if (!backends) continue;
        std::vector<cell> left;
        const auto keep = [&](const address_set& addresses, const port_set& some) {
            for (const auto& c : cells) {
                auto both = c.addresses & addresses;
                auto on = c.ports & some;
                if (!both.empty() && !on.empty())
                    left.push_back({std::move(both), std::move(on), c.room});
            }
        };
        keep(backends->addresses, backends->ports);
        // and as many of the next port as there are backends left
        if (const count rest = backends_of(v) - backends->size(); rest > 0)
            keep(v.addresses.slice(0, rest),
                 v.ports.slice(static_cast<u128>(backends->ports.size()), 1));
        cells = std::move(left);
    }
}

void server_room::open(const std::vector<std::size_t>& servers, bool yes) {
    for (const auto v : servers) open_[v] = yes && !most_[v];
}

bool server_room::any() const {
    for (std::size_t v = 0; v < cells_.size(); ++v)
        if (limited(v)) return true;
    return false;
}

bool server_room::full(std::size_t server) const {
    return limited(server) && std::all_of(cells_[server].begin(), cells_[server].end(),
                                          [](const cell& c) { return c.room == 0; });
}

count server_room::room_at(std::size_t server) const {
    count out = 0;
    for (const auto& c : cells_[server]) out = std::max(out, c.room);
    return out;
}

std::optional<count> server_room::room_at(const destination_item& endpoint) const {
    if (!limited(endpoint.server)) return std::nullopt;
    for (const auto& c : cells_[endpoint.server])
        if (!(c.addresses & endpoint.addresses).empty() && !(c.ports & endpoint.ports).empty())
            return c.room;
    return count(0);
}

std::vector<block> server_room::admit(const std::vector<block>& blocks) {
    std::vector<block> out;
    for (const auto& b : blocks) {
        poll();
        if (std::none_of(b.to->list.begin(), b.to->list.end(),
                         [&](const auto& item) { return limited(item.server); }))
            out.push_back(b);
        else
            for (const auto& one : unspread(b)) admit(one, out);
    }
    return out;
}

// Its first units go to every endpoint that has room for them, the next to those that have room for
// more, and so on: so each unit is in one block, and a mapping that several connections share, too.
void server_room::admit(const block& b, std::vector<block>& out) {
    std::vector<std::pair<destination_item, count>> heights;
    for (const auto& item : b.to->list)
        if (limited(item.server))
            take(item, b.size, heights);
        else
            heights.emplace_back(item, b.size);
    std::set<count> steps;
    for (const auto& [item, height] : heights)
        if (height > 0) steps.insert(height);
    count from = 0;
    for (const auto& step : steps) {
        target to;
        for (const auto& [item, height] : heights)
            if (height >= step) to.list.push_back(item);
        to.endpoints = endpoints(to.list);
        const count there = to.endpoints;
        auto part = part_of(b, std::make_shared<const target>(std::move(to)), from, step - from);
        if (b.weight != 1) {  // a mapping now carries fewer
            const count weight = b.weight * there / b.to->endpoints;
            part.weight = weight * b.to->endpoints == b.weight * there && weight > 0 ? weight : 1;
        }
        out.push_back(std::move(part));
        from = step;
    }
}

void server_room::take(const destination_item& item, const count& most,
                       std::vector<std::pair<destination_item, count>>& out) {
    std::vector<cell> left;
    for (auto& c : cells_[item.server]) {
        const auto addresses = c.addresses & item.addresses;
        const auto ports = c.ports & item.ports;
        if (addresses.empty() || ports.empty() || c.room == 0) {
            left.push_back(std::move(c));
            continue;
        }
        const count height = std::min(c.room, most);
        out.emplace_back(destination_item{item.server, addresses, ports}, height);
        left.push_back({addresses, ports, c.room - height});
        if (auto rest = c.ports - ports; !rest.empty())
            left.push_back({addresses, std::move(rest), c.room});
        if (auto rest = c.addresses - addresses; !rest.empty())
            left.push_back({std::move(rest), c.ports, c.room});
    }
    cells_[item.server] = std::move(left);
}

std::optional<roomy_clients> parted_to_room(const scenario& s, const reach_table& reach,
                                            std::size_t nat, const std::vector<std::size_t>& inside,
                                            const server_room& room, bool whole) {
    roomy_clients out;
    out.nat = nat;
    out.s.nats = {s.nats[nat]};
    out.s.servers = s.servers;
    bool changed = false;
    const auto add = [&](std::size_t c, const address_set& addresses, const port_set& ports,
                         std::vector<bool> row) {
        if (addresses.empty() || ports.empty()) return;
        auto part = s.clients[c];
        part.addresses = addresses;
        part.ports = ports;
        out.inside.push_back(out.s.clients.size());
        out.client_of.push_back(c);
        out.reach.push_back(std::move(row));
        out.s.clients.push_back(std::move(part));
    };
    for (const auto c : inside) {
        const auto& client = s.clients[c];
        const count wide = client.addresses.size(), sockets = wide * client.ports.size();
        std::set<count> steps;
        for (std::size_t v = 0; v < s.servers.size(); ++v)
            if (reach[c][v])
                steps.insert(room.limited(v) ? std::min(sockets, room.room_at(v)) : sockets);
        steps.erase(0);
        if (steps.empty()) {  // reaches nothing that has room
            changed = true;
            continue;
        }
        if (whole && steps.size() > 1) return std::nullopt;
        changed = changed || *steps.begin() < sockets;
        count from = 0;
        // sockets in the order of their ports, so that all addresses have their part
        for (const auto& to : steps) {
            std::vector<bool> row(s.servers.size(), false);
            for (std::size_t v = 0; v < s.servers.size(); ++v)
                row[v] = reach[c][v] && (!room.limited(v) || room.room_at(v) >= to);
            const auto some_addresses = [&](const count& rank, const count& first,
                                            const count& last) {
                add(c, client.addresses.slice(static_cast<u128>(first), last - first),
                    client.ports.slice(static_cast<u128>(rank), 1), row);
            };
            const count row_of_first = from / wide, row_of_last = to / wide;
            const count before = from % wide, after = to % wide;
            if (whole) {
                add(c, client.addresses, client.ports.slice(0, (to + wide - 1) / wide), row);
            } else if (row_of_first == row_of_last) {
                some_addresses(row_of_first, before, after);
            } else {
                count first = row_of_first;
                if (before > 0) some_addresses(first++, before, wide);
                if (first < row_of_last)
                    add(c, client.addresses,
                        client.ports.slice(static_cast<u128>(first), row_of_last - first), row);
                if (after > 0) some_addresses(row_of_last, 0, after);
            }
            from = to;
        }
    }
    if (!changed) return std::nullopt;
    return out;
}

std::vector<block> roomy_clients::named_back(std::vector<block> blocks) const {
    for (auto& b : blocks) {
        b.client = client_of[b.client];
        b.nat = nat;
    }
    return blocks;
}

}  // namespace natbound
