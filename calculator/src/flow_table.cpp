// Bookkeeping of the fast table.
#include "natbound/calculator/flow_table.hpp"

#include <algorithm>
#include <bit>
#include <string>

#include "bit_rows.hpp"
#include "natbound/model/error.hpp"

namespace natbound::calculator {

table_setup setup_for(const nat_plan& plan, std::vector<destination_place> destinations,
                      std::uint32_t scopes, std::uint32_t ranks) {
    const auto& d = plan.design;
    table_setup out;
    out.plan = &plan;
    out.scopes = scopes;
    out.ranks = ranks;
    out.table = plan.table;
    out.quota = plan.quota;
    out.pairs = ranks > 1 && plan.pairs();
    out.keeps_order = plan.table && d.pressure == pressure_kind::drop_least_recently_used;
    // A mapping of the same source matters where that source has several destinations.
    out.remembers = d.mapping_type != mapping_type::edm && destinations.size() > 1;
    out.partners = d.port_contiguity != contiguity::none;
    out.takes_over = !d.reuse.take_over.empty() && d.reuse.chance > 0;
    out.destinations = std::move(destinations);
    return out;
}

void join_columns(table_setup& before, table_setup& after) {
    const auto& pool = before.plan->of->external_ip_address_pool;
    const auto& next = after.plan->of->external_ip_address_pool;
    std::uint32_t columns = after.ranks;
    for (std::uint32_t rank = 0; rank < before.ranks; ++rank) {
        const auto there = next.rank(pool.at(rank));
        before.column.push_back(there ? static_cast<std::uint32_t>(*there) : columns++);
    }
    before.columns = after.columns = columns;
    // what either asks to be known of live flows is known from the start
    before.remembers = after.remembers = before.remembers || after.remembers;
    before.partners = after.partners = before.partners || after.partners;
}

flow_table::flow_table(table_setup setup)
    : setup_(std::move(setup)),
      destinations_(static_cast<std::uint32_t>(setup_.destinations.size())),
      columns_(std::max(setup_.columns, setup_.ranks)) {
    const std::uint64_t cells = std::uint64_t{setup_.scopes} * columns_;
    if (cells > 1024)
        throw unsupported(
            "a simulation is limited to 1,024 pairs of an external address and a destination; this "
            "one has " +
            std::to_string(cells));
    cells_.resize(static_cast<std::size_t>(cells));
    busy_given_.resize(cells_.size());
    find_given();
    if (!setup_.plan->holes.empty()) keep_holes();
    const auto type = setup_.plan->design.mapping_type;
    if (setup_.remembers && (type == mapping_type::eim || type == mapping_type::adm)) {
        if (setup_.takes_over)
            throw unsupported(
                "a design whose flows share mappings and take closing ones over can't be simulated "
                "yet");
        shared_.assign(cells_.size(), std::vector<std::uint16_t>(port_count));
    } else {
        flows_.resize(cells_.size() * port_count);
    }
}

// Static mappings are taken from the start, and for good.
void flow_table::keep_holes() {
    const auto& pool = setup_.plan->of->external_ip_address_pool;
    kept_.assign(cells_.size(), {});
    for (const auto& to : setup_.destinations)
        for (std::uint32_t rank = 0; rank < setup_.ranks; ++rank) {
            const port_set kept =
                setup_.plan->holes.at(to.protocol, pool.at(setup_.first_rank + rank));
            for (const auto& part : kept.parts())
                for (port p = part.first; p <= part.last; ++p) {
                    const std::uint32_t cell = to.scope * columns_ + column_of(rank);
                    kept_[cell].take(p);
                    cells_[cell].set_closing(p, false);
                    if (!cells_[cell].busy(p)) count_given(cell, p, 1);
                    cells_[cell].take(p);
                }
        }
}

void flow_table::find_given() {
    const auto& plan = *setup_.plan;
    const auto give = [&](port p) { given_[p / 64] |= std::uint64_t{1} << (p % 64); };
    const port_range_plan* last = nullptr;
    for (port source = 0; source < port_count; ++source) {
        if (plan.preserves(source)) give(source);
        const auto& range = plan.class_of(source);
        if (&range == last) continue;
        last = &range;
        for (const auto& part : range.ports.parts())
            for (port p = part.first; p <= part.last; ++p) give(p);
    }
    given_count_ = static_cast<std::uint32_t>(detail::ones(given_.data(), 0, port_count));
}

std::uint64_t flow_table::source_key(std::uint32_t pair, port source) const {
    const std::uint64_t client = pair / destinations_;
    const auto protocol =
        static_cast<std::uint64_t>(setup_.destinations[pair % destinations_].protocol);
    return client << 24U | protocol << 16U | source;
}

// The flow of the same source whose destination comes first, as nat_table finds it.
std::uint32_t flow_table::shared_mapping(std::uint32_t client, std::uint32_t destination,
                                         port source) const {
    const auto* flows = memory_.of(source_key(client * destinations_ + destination, source));
    if (!flows) return none;
    const auto type = setup_.plan->design.mapping_type;
    std::uint32_t best = none, best_to = none;
    for (const std::uint32_t id : *flows) {
        const live_flow& f = flows_[id];
        const std::uint32_t to = f.pair % destinations_;
        if (type == mapping_type::adm &&
            setup_.destinations[to].address != setup_.destinations[destination].address)
            continue;
        if ((moved_ || type == mapping_type::eim_if_possible) && is_away(id)) continue;
        if (to < best_to) {
            best = id;
            best_to = to;
        }
    }
    return best;
}

bool flow_table::held_by_source(std::uint64_t key, std::uint32_t cell, port external) const {
    const auto* flows = memory_.of(key);
    return flows && std::any_of(flows->begin(), flows->end(), [&](std::uint32_t id) {
               return cell_of(id) == cell && external_of(id) == external;
           });
}

std::uint32_t flow_table::partner_of(std::uint32_t pair, port source) const {
    if (!setup_.partners) return none;
    const auto* flows = memory_.of(source_key(pair, source ^ 1U));
    if (!flows || (moved_ && is_away(flows->front()))) return none;
    return flows->front();
}

std::uint32_t flow_table::rank_of(std::uint32_t cell) const {
    const std::uint32_t column = cell % columns_;
    if (setup_.column.empty()) return column < setup_.ranks ? column : none;
    const auto at = std::find(setup_.column.begin(), setup_.column.end(), column);
    return at == setup_.column.end() ? none
                                     : static_cast<std::uint32_t>(at - setup_.column.begin());
}

bool flow_table::is_away(std::uint32_t id) const {
    const port source = flows_[id].source, external = external_of(id);
    const auto& plan = *setup_.plan;
    return rank_of(cell_of(id)) == none || is_kept(cell_of(id), external) ||
           !((external == source && plan.preserves(source)) ||
             plan.class_of(source).ports.contains(external));
}

void flow_table::count_client(const live_flow& f, std::uint32_t cell) {
    const std::uint32_t client = destinations_ == 1 ? f.pair : f.pair / destinations_;
    if (client >= held_.size()) {
        held_.resize(client + std::size_t{1});
        paired_.resize(held_.size());
    }
    if (held_[client]++ == 0 || rank_of(paired_[client]) == none) paired_[client] = cell % columns_;
}

// Entries that are closing stay as they were marked: what takes them over is told by new ones. A
// table that begins to drop entries takes those before it as having been used in any order.
void flow_table::move_to(const table_setup& next) {
    const bool ordered = setup_.keeps_order;
    setup_ = next;
    moved_ = true;
    given_.fill(0);
    find_given();
    held_.clear();
    memory_ = {};
    kept_.clear();
    for (std::uint32_t cell = 0; cell < cells_.size(); ++cell) {
        port_bits& bits = cells_[cell];
        for (std::size_t w = 0; w < port_count / 64; ++w)
            for (std::uint64_t left = bits.busy_words()[w]; left != 0; left &= left - 1) {
                const auto bit = static_cast<std::size_t>(std::countr_zero(left));
                const auto p = static_cast<port>(w * 64 + bit);
                const bool held = shared_.empty()
                                      ? flows_[cell << 16U | p].state != flow_state::gone
                                      : shared_[cell][p] > 0;
                if (!held) bits.release(p);  // a static mapping's
            }
        busy_given_[cell] = 0;
        for (std::size_t w = 0; w < port_count / 64; ++w)
            busy_given_[cell] +=
                static_cast<std::uint32_t>(std::popcount(bits.busy_words()[w] & given_[w]));
    }
    if (!setup_.plan->holes.empty()) keep_holes();
    for (std::uint32_t id = 0; id < ids(); ++id) {
        const live_flow& f = flows_[id];
        if (f.state == flow_state::gone) continue;
        if (setup_.quota || setup_.pairs) count_client(f, cell_of(id));
        if (setup_.remembers || setup_.partners) memory_.add(source_key(f.pair, f.source), id);
        if (setup_.keeps_order && !ordered) order_.push(id);
    }
}

std::uint32_t flow_table::insert(std::uint32_t pair, std::uint32_t cell, port source,
                                 port external) {
    std::uint32_t id = cell << 16U | external;
    if (!shared_.empty()) {
        const std::uint32_t where = id;
        ++shared_[cell][external];
        if (unused_.empty()) {
            id = ids();
            flows_.emplace_back();
            place_.push_back(where);
        } else {
            id = unused_.back();
            unused_.pop_back();
            place_[id] = where;
        }
    }
    flows_[id] = {pair, static_cast<std::uint16_t>(source), 0, flow_state::open};
    if (!cells_[cell].busy(external)) count_given(cell, external, 1);
    cells_[cell].take(external);
    ++live_;
    if (setup_.quota || setup_.pairs) count_client(flows_[id], cell);
    if (setup_.keeps_order) order_.push(id);
    if (setup_.remembers || setup_.partners) memory_.add(source_key(pair, source), id);
    return id;
}

void flow_table::close(std::uint32_t id, close_cause cause) {
    flows_[id].state = flow_state::closing;
    if (setup_.keeps_order) {
        order_.erase(id);
        order_.push(id);
    }
    const auto& causes = setup_.plan->design.reuse.take_over;
    if (setup_.takes_over && std::find(causes.begin(), causes.end(), cause) != causes.end() &&
        !is_kept(cell_of(id), external_of(id)))
        cells_[cell_of(id)].set_closing(external_of(id), true);
}

void flow_table::remove(std::uint32_t id) {
    live_flow& f = flows_[id];
    const std::uint32_t cell = cell_of(id);
    const port external = external_of(id);
    const bool last = shared_.empty() || --shared_[cell][external] == 0;
    if (last && !is_kept(cell, external)) {
        cells_[cell].release(external);
        count_given(cell, external, -1U);
    }
    if (!shared_.empty()) unused_.push_back(id);
    f.state = flow_state::gone;
    --live_;
    if (setup_.quota || setup_.pairs) --held_[destinations_ == 1 ? f.pair : f.pair / destinations_];
    if (setup_.keeps_order) order_.erase(id);
    if (setup_.remembers || setup_.partners) memory_.erase(source_key(f.pair, f.source), id);
}

}  // namespace natbound::calculator
