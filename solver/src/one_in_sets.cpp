// Sets put side by side as one range of ports, and back.
#include "one_in_sets.hpp"

#include <algorithm>

#include "cascade_quota.hpp"
#include "cascade_view.hpp"
#include "nat_capacity.hpp"
#include "nat_demand.hpp"

namespace natbound {
namespace {

port_set moved_up(const port_set& ports, port by, port last) {
    port_set out;
    for (const auto& part : ports.parts())
        if (part.first + by <= last) out.append(part.first + by, std::min(part.last + by, last));
    return out;
}

}  // namespace

one_in_sets::one_in_sets(const scenario& s, const reach_table& reach, std::size_t nat,
                         const std::vector<std::size_t>& clients, const subscriber_class& of)
    : nat_(nat), clients_(clients), of_(of) {
    const auto& n = s.nats[nat];
    std::uint64_t next = 1;
    for (const auto& l : of.layers) {
        begins_.push_back(static_cast<port>(next));
        next = std::min<std::uint64_t>(next + l.of->size, port_count);
    }
    begins_.push_back(static_cast<port>(next));
    const ip_address outside = n.external_ip_address_pool.at(0);
    nat_ = nat;
    natbound::nat own = own_nat(n, {outside, 1, std::max<port>(begins_.back(), 2) - 1});
    // which port is a subscriber's own says nothing here: a search gives each of its sets'
    own.design.first_choice = first_choice::none;
    own.inside.clear();
    if (own.static_mappings) own.static_mappings->clear();
    for (std::size_t j = 0; j < of.layers.size(); ++j)
        for (const auto& h : of.layers[j].of->kept) {
            auto ports = moved_up(h.ports, begins_[j], begins_[j + 1] - 1);
            if (!ports.empty())
                own.static_mappings->push_back({{outside, outside}, std::move(ports), h.protocol});
        }
    auto& quota = own.connection_limits.limit_per_subscriber;
    if (clients.size() > 1 && quota) {
        quota_ = *quota;
        quota.reset();
    }
    const ip_address who = of.addresses.at(0);
    for (const auto c : clients) {
        inside_.push_back(alone_.clients.size());
        alone_.clients.push_back(s.clients[c]);
        alone_.clients.back().addresses = {who, who};
        reach_.push_back(reach[c]);
    }
    alone_.servers = s.servers;
    alone_.nats.push_back(std::move(own));
}

std::vector<block> one_in_sets::most(const boost::json::storage_ptr& memory) const {
    if (of_.layers.empty()) return {};
    auto out = capacity_of(alone_, reach_, 0, inside_, memory).blocks;
    return quota_ ? within_each_quota(out, *quota_) : out;
}

std::optional<std::vector<block>> one_in_sets::placed(
    const demand_list& demand, const boost::json::storage_ptr& memory) const {
    demand_list mine;
    for (const auto& p : demand) {
        const auto at = std::find(clients_.begin(), clients_.end(), p.client);
        if (at == clients_.end() || p.connections == 0) continue;
        mine.push_back({static_cast<std::size_t>(at - clients_.begin()), p.server, p.connections});
        if (short_of_sockets(alone_, mine.back())) return std::nullopt;
    }
    if (mine.empty()) return std::vector<block>();
    if (of_.layers.empty() || (quota_ && total_of(mine) > *quota_)) return std::nullopt;
    auto found = demand_through(alone_, reach_, 0, inside_, mine, memory);
    if (found.verdict != fit_verdict::fits) return std::nullopt;
    return std::move(found.blocks);
}

void one_in_sets::lay(const std::vector<block>& blocks, std::vector<block>& out) const {
    for (const auto& spread : blocks)
        for (const auto& b : unspread(spread)) lay(b, out);
}

// Cut where its sockets begin anew and where one set ends.
void one_in_sets::lay(const block& b, std::vector<block>& out) const {
    const count own = b.ports.size();
    for (count done = 0; done < b.size;) {
        const count from = (b.first + b.shift + done) % own;
        const count to = b.via_first + done;
        const port first = b.via_ports.at(static_cast<u128>(to));
        const auto j = static_cast<std::size_t>(
            std::upper_bound(begins_.begin(), begins_.end(), first) - begins_.begin() - 1);
        count here = std::min<count>(b.size - done, own - from);
        auto ports = b.via_ports.slice(static_cast<u128>(to), here) &
                     port_set(begins_[j], begins_[j + 1] - 1);
        here = std::min<count>(here, ports.size());
        port_set in_set;
        for (const auto& part : ports.parts())
            in_set.append(part.first - begins_[j], part.last - begins_[j]);
        block one = b;
        one.client = clients_[b.client];
        one.ports = b.ports.slice(static_cast<u128>(from), here);
        over_all(std::move(one), of_.layers[j], in_set, out);
        done += here;
    }
}

// Subscriber after subscriber onto set after set: the sets of an address are a row, of which the
// first and the last may be cut.
void one_in_sets::over_all(block b, const layer& l, const port_set& ports,
                           std::vector<block>& out) const {
    const auto& sets = *l.of;
    const count row = sets.firsts.size(), all = of_.addresses.size();
    b.nat = nat_;
    b.preserve = b.spread = false;
    b.first = b.shift = b.via_first = 0;
    for (count done = 0; done < all;) {
        const count at = l.first + done, column = at % row;
        const bool whole = column == 0 && all - done >= row;
        const count rows = whole ? (all - done) / row : count(1);
        const count some = whole ? row : std::min<count>(all - done, row - column);
        block one = b;
        one.addresses = of_.addresses.slice(static_cast<u128>(done), rows * some);
        one.via_addresses = sets.addresses.slice(static_cast<u128>(count(at / row)), rows);
        one.via_ports = {};
        for (count k = 0; k < some; ++k) {
            const port first = sets.firsts[static_cast<std::size_t>(count(column + k))];
            for (const auto& part : ports.parts())
                one.via_ports.append(part.first + first, part.last + first);
        }
        one.size = rows * some * b.ports.size();
        out.push_back(std::move(one));
        done += rows * some;
    }
}

}  // namespace natbound
