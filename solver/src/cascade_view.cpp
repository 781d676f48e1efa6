// Cutting what inner NATs placed into client sets of the outer one, and going back.
#include "cascade_view.hpp"

#include <algorithm>
#include <map>
#include <set>

#include "cascade_quota.hpp"
#include "natbound/model/error.hpp"
#include "overlay.hpp"
#include "shares.hpp"

namespace natbound {
namespace {

constexpr std::size_t most_pieces = 20'000;
constexpr std::size_t most_rows = 5'000;  // one by one

[[noreturn]] void too_many(const std::string& nat) {
    throw unsupported("NAT " + nat +
                      ": the NATs inside it place their connections in too many pieces to follow");
}

// Units of a block of a cell that follow one another in a rectangle, too, and where they begin
// there.
struct unit_run {
    count done, size, at;
};

// `ports`: of the cell. Whole rows, or a part of one; of some of the cell's ports, row by row.
std::vector<unit_run> runs_in(const block& b, const port_set& ports, const address_set& rows,
                              const port_set& columns) {
    struct piece {
        count from, size, to;  // columns of the block, and the rectangle's
    };
    std::vector<piece> pieces;
    const bool whole = b.ports == ports;
    for (const auto& part : whole ? std::vector{ports.parts().front()} : b.ports.parts()) {
        const count width = whole ? ports.size() : to_count(part.last - part.first) + 1;
        pieces.push_back({to_count(b.ports.rank(part.first).value()), width,
                          to_count(columns.rank(part.first).value())});
    }
    std::vector<unit_run> out;
    const count width = b.ports.size(), end = b.first + b.size;
    count row = 0;
    for (const auto& part : b.addresses.parts()) {
        const count many = to_count(part.last - part.first) + 1;
        const count there = to_count(rows.rank(part.first).value());
        // rows that follow one another are one run where they are whole on both sides
        const count at_once = whole ? many : count(1);
        for (count k = 0; k < many && out.size() <= most_rows; k += at_once)
            for (const auto& p : pieces) {
                const count first = (row + k) * width + p.from;
                const count last = first + (at_once - 1) * width + p.size;
                const count from = std::max(first, b.first), to = std::min(last, end);
                if (from >= to) continue;
                out.push_back({from - b.first, to - from,
                               (there + k) * columns.size() + p.to + (from - first)});
            }
        row += many;
    }
    return out;
}

}  // namespace

std::vector<block> unspread(const block& b) {
    if (!b.spread) return {b};
    std::vector<block> out;
    const count sockets = b.addresses.size() * b.ports.size();
    for (count done = 0; done < b.size;) {
        const count at = b.first + done;
        const count here = std::min<count>(b.size - done, sockets - at % sockets);
        block one = b;
        one.spread = false;
        one.first = at % sockets;
        one.size = here;
        one.via_first += done;
        one.to =
            std::make_shared<const target>(target{slice_endpoints(b.to->list, at / sockets, 1), 1});
        trim(one);
        out.push_back(std::move(one));
        done += here;
        if (out.size() > most_pieces) return out;  // fewer, which is a bound too
    }
    return out;
}

cascade_view::cascade_view(const scenario& s, std::size_t nat,
                           const std::vector<std::size_t>& clients, std::vector<block> placed)
    : nat_(nat), clients_(clients), placed_(std::move(placed)) {
    seen_.nats = {s.nats[nat]};
    for (const auto c : clients_) seen_.clients.push_back(s.clients[c]);
    cut_servers(s);
    cut_clients();
    // port sets are given to one address at a time, and with them its quota is kept
    if (shares_addresses_ && !s.nats[nat].port_set)
        std::swap(quota_, seen_.nats.front().connection_limits.limit_per_subscriber);
    for (const auto c : clients_) {
        std::vector<bool> row(seen_.servers.size(), false);
        for (std::size_t v = 0; v < s.servers.size(); ++v)
            if (const auto& list = s.clients[c].reaches;
                list.empty() ||
                std::find(list.begin(), list.end(), s.servers[v].name) != list.end())
                for (const auto p : of_server_[v]) row[p] = true;
        reach_.push_back(std::move(row));
    }
    for (const auto& one : cells_) {
        client_set set;
        set.name = s.nats[*placed_[rectangles_[one.in.front()].of].nat].name;
        set.addresses = one.addresses;
        set.ports = one.ports;
        seen_.clients.push_back(std::move(set));
        std::vector<bool> row(seen_.servers.size(), false);
        for (const auto r : one.in)
            for (const auto p : pieces_[rectangles_[r].of]) row[p] = true;
        reach_.push_back(std::move(row));
    }
}

// Server sets of which the blocks use parts become pieces; each block is towards whole pieces.
void cascade_view::cut_servers(const scenario& s) {
    std::vector<std::vector<const destination_item*>> used(s.servers.size());
    for (const auto& b : placed_)
        for (const auto& item : b.to->list) used[item.server].push_back(&item);
    of_server_.resize(s.servers.size());
    for (std::size_t v = 0; v < s.servers.size(); ++v) {
        std::vector<const address_set*> addresses{&s.servers[v].addresses};
        std::vector<const port_set*> ports{&s.servers[v].ports};
        for (const auto* item : used[v]) {
            addresses.push_back(&item->addresses);
            ports.push_back(&item->ports);
        }
        for (const auto& where : overlay<ip_address>(addresses))
            for (const auto& at : overlay<port>(ports)) {
                of_server_[v].push_back(seen_.servers.size());
                server_of_.push_back(v);
                server_set piece = s.servers[v];
                piece.addresses = where.atom;
                piece.ports = at.atom;
                seen_.servers.push_back(std::move(piece));
                if (seen_.servers.size() > most_pieces) too_many(s.nats[nat_].name);
            }
    }
    for (const auto& b : placed_) {
        auto& mine = pieces_.emplace_back();
        for (const auto& item : b.to->list)
            for (const auto p : of_server_[item.server])
                if (item.addresses.contains(seen_.servers[p].addresses.at(0)) &&
                    item.ports.contains(seen_.servers[p].ports.at(0)))
                    mine.push_back(p);
    }
}

void cascade_view::cut_clients() {
    for (std::size_t i = 0; i < placed_.size(); ++i) {
        const auto& b = placed_[i];
        const count n = b.via_ports.size();
        for (count done = 0; done < b.size;) {
            const count at = b.via_first + done;
            const bool whole = at % n == 0 && b.size - done >= n;
            const count rows = whole ? (b.size - done) / n : count(1);
            const count some = whole ? n : std::min<count>(b.size - done, n - at % n);
            rectangles_.push_back(
                {i, done, b.via_addresses.slice(static_cast<u128>(count(at / n)), rows),
                 whole ? b.via_ports : b.via_ports.slice(static_cast<u128>(count(at % n)), some)});
            done += whole ? rows * n : some;
        }
    }
    std::vector<const address_set*> rows;
    for (const auto& r : rectangles_) rows.push_back(&r.addresses);
    for (const auto& where : overlay<ip_address>(rows)) {
        const std::size_t before = cells_.size();
        // whole rows of each: a cell for each set of ports, where these lie apart
        std::map<std::vector<std::pair<port, port>>, std::vector<std::size_t>> by_ports;
        port_set all;
        count sum = 0;
        for (const auto r : where.sets) {
            std::vector<std::pair<port, port>> key;
            for (const auto& part : rectangles_[r].ports.parts())
                key.emplace_back(part.first, part.last);
            auto& same = by_ports[std::move(key)];
            if (same.empty()) {
                sum += rectangles_[r].ports.size();
                all = all | rectangles_[r].ports;
            }
            same.push_back(r);
        }
        if (sum == all.size()) {
            for (auto& [key, in] : by_ports)
                cells_.push_back({where.atom, rectangles_[in.front()].ports, in});
        } else {
            // the rows of some are no whole rows of others: one address at a time
            for (const auto& part : where.atom.parts())
                for (ip_address a = part.first;; ++a) {
                    add_cells({a, a}, where.sets);
                    if (cells_.size() > most_pieces) too_many(seen_.nats.front().name);
                    if (a == part.last) break;
                }
        }
        shares_addresses_ = shares_addresses_ || cells_.size() > before + 1;
    }
}

// Runs of ports that are consecutive in each rectangle that they lie in.
void cascade_view::add_cells(const address_set& addresses, const std::vector<std::size_t>& here) {
    std::vector<const port_set*> ports;
    for (const auto r : here) ports.push_back(&rectangles_[r].ports);
    for (const auto& at : overlay<port>(ports)) {
        std::vector<std::size_t> in;
        for (const auto k : at.sets) in.push_back(here[k]);
        for (const auto& run : at.atom.parts())
            cells_.push_back({addresses, {run.first, run.last}, in});
    }
}

destination_list cascade_view::pieces_back(const destination_list& list) const {
    destination_list out;
    for (const auto& item : list)
        out.push_back({server_of_[item.server], item.addresses, item.ports});
    return out;
}

demand_list cascade_view::demand(const demand_list& own) const {
    const auto size = [&](std::size_t piece) {
        return seen_.servers[piece].addresses.size() * seen_.servers[piece].ports.size();
    };
    demand_list out;
    for (const auto& p : own) {
        const auto at = std::find(clients_.begin(), clients_.end(), p.client);
        if (at == clients_.end()) continue;
        shares parts;
        for (const auto piece : of_server_[p.server])
            parts[{static_cast<std::size_t>(at - clients_.begin()), piece}] = size(piece);
        for (auto& one : divided(parts, p.connections)) out.push_back(std::move(one));
    }
    for (std::size_t k = 0; k < cells_.size(); ++k) {
        std::set<std::size_t> towards;
        for (const auto r : cells_[k].in)
            towards.insert(pieces_[rectangles_[r].of].begin(), pieces_[rectangles_[r].of].end());
        for (const auto piece : towards)
            out.push_back({clients_.size() + k, piece,
                           cells_[k].addresses.size() * cells_[k].ports.size() * size(piece)});
    }
    return out;
}

std::vector<block> cascade_view::named_back(const std::vector<block>& blocks) const {
    std::vector<block> out;
    const auto add = [&](const block& b, block one, const destination_list& list) {
        target to{pieces_back(list), 0};
        to.endpoints = endpoints(to.list);
        one.to = std::make_shared<const target>(std::move(to));
        one.nat = nat_;
        one.via_addresses = b.via_addresses;
        one.via_ports = b.via_ports;
        one.via_first = b.via_first;
        one.weight = b.weight;
        out.push_back(std::move(one));
    };
    for (const auto& spread : quota_ ? within_each_quota(blocks, *quota_) : blocks)
        for (const auto& b : unspread(spread)) {
            if (b.client < clients_.size()) {
                block one = b;
                one.client = clients_[b.client];
                add(b, std::move(one), b.to->list);
                continue;
            }
            const auto& from = cells_[b.client - clients_.size()];
            if (b.preserve || b.shift != 0) continue;
            for (const auto r : from.in) {
                const auto& rect = rectangles_[r];
                const auto& mine = pieces_[rect.of];
                destination_list list;
                for (const auto& item : b.to->list)
                    if (std::find(mine.begin(), mine.end(), item.server) != mine.end())
                        list.push_back(item);
                if (list.empty()) continue;
                const auto& inner = placed_[rect.of];
                const bool whole = b.ports == from.ports;
                for (const auto& run : runs_in(b, from.ports, rect.addresses, rect.ports)) {
                    // fewer, which is a bound too
                    if (out.size() > (whole ? most_pieces : most_rows)) break;
                    block one = part_of(inner, inner.to, rect.offset + run.at, run.size);
                    one.before.push_back({*inner.nat, one.via_addresses, one.via_ports,
                                          one.via_first, inner.preserve});
                    one.preserve = false;
                    block outside = b;
                    outside.via_first += run.done;
                    add(outside, std::move(one), list);
                }
            }
        }
    return out;
}

}  // namespace natbound
