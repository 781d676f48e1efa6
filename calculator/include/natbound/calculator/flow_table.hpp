#pragma once
// One NAT's table at speed: the same steps as nat_table (model/nat_table.hpp), which the tests hold
// it to, with numbers in the place of addresses. A client address and a destination endpoint are
// each a number; a cell is one external address within one clash scope. The choice of the port is
// choose_port itself.
#include <array>
#include <natbound/calculator/flow_links.hpp>
#include <natbound/model/nat_table.hpp>
#include <optional>
#include <utility>
#include <vector>

namespace natbound::calculator {

// What the table needs to know of a destination endpoint. Destinations are numbered in the order of
// (protocol, address, port), which is nat_table's.
struct destination_place {
    std::uint32_t scope = 0;    // which clash scope it lies in
    std::uint32_t address = 0;  // which address it has
    transport protocol = transport::tcp;
};

struct table_setup {
    const nat_plan* plan = nullptr;
    std::vector<destination_place> destinations;
    std::uint32_t scopes = 1;
    std::uint32_t ranks = 1;       // addresses of the pool
    std::uint64_t first_rank = 0;  // the first of them
    // Where a change gives or takes addresses: cells of each scope, one for every address that is
    // in the pool before or after it, and the cell of each address of this pool. Else as `ranks`.
    std::uint32_t columns = 0;
    std::vector<std::uint32_t> column = {};
    std::optional<std::uint64_t> table;  // the most flows
    std::optional<std::uint64_t> quota;  // the most flows of one client
    bool pairs = false;                  // the live flows of a client share an external address
    bool keeps_order = false;            // of last use: a full table drops the oldest
    bool remembers = false;              // mappings of the same source (eim, adm, eim-if-possible)
    bool partners = false;               // mappings of source ports beside it (port contiguity)
    bool takes_over = false;             // closing entries
};

// From a plan, with as many of these as it and the destinations ask for.
table_setup setup_for(const nat_plan& plan, std::vector<destination_place> destinations,
                      std::uint32_t scopes, std::uint32_t ranks);

// Columns for the pools of two setups of one NAT, each of the whole pool.
void join_columns(table_setup& before, table_setup& after);

enum class flow_state : std::uint8_t { gone, open, closing };

struct live_flow {
    std::uint32_t pair = 0;  // client * destinations + destination
    std::uint16_t source = 0;
    std::uint8_t group = 0;  // the user's own
    flow_state state = flow_state::gone;
};

struct table_outcome {
    refusal refused = refusal::none;
    bool cut_was_open = false;
    bool took_over = false, cut = false;
    std::uint32_t id = 0;  // of the new flow, if it was let in

    bool failed() const { return refused != refusal::none || cut_was_open; }
};

class flow_table {
  public:
    static constexpr std::uint32_t none = UINT32_MAX;

    // Throws unsupported for more than 1024 cells, and for take-over of mappings that flows share.
    explicit flow_table(table_setup setup);

    // Opens a flow from `source` of `client`, whose socket must be free. The pool's address is
    // `rank`, or none: as the design chooses it. gone(id) is called before an entry is removed to
    // make room.
    template <class Random, class Gone>
    table_outcome open(std::uint32_t client, std::uint32_t destination, port source,
                       std::uint32_t rank, Random& random, Gone&& gone);

    // The users are done; the entry is kept until remove().
    void close(std::uint32_t id, close_cause cause);
    void remove(std::uint32_t id);

    // The NAT becomes another: all flows stay where they are, also on ports and addresses that are
    // given no more. With the same destinations, scopes and columns, and
    // both or neither with mappings that flows share.
    void move_to(const table_setup& next);
    // Whether a flow is where no new one from its source port could be.
    bool is_away(std::uint32_t id) const;

    live_flow& flow(std::uint32_t id) { return flows_[id]; }
    const live_flow& flow(std::uint32_t id) const { return flows_[id]; }
    const live_flow* flows() const { return flows_.data(); }
    bool is_open(std::uint32_t id) const { return flows_[id].state == flow_state::open; }
    bool shares() const { return !shared_.empty(); }
    std::uint64_t live() const { return live_; }
    // A flow's number is its cell and external port, unless flows share mappings.
    std::uint32_t ids() const { return static_cast<std::uint32_t>(flows_.size()); }
    std::uint32_t cell_of(std::uint32_t id) const {
        return shared_.empty() ? id >> 16U : place_[id] >> 16U;
    }
    port external_of(std::uint32_t id) const {
        return (shared_.empty() ? id : place_[id]) & 0xffffU;
    }
    const port_bits& cell(std::uint32_t scope, std::uint32_t rank) const {
        return cells_[scope * columns_ + column_of(rank)];
    }
    const table_setup& setup() const { return setup_; }
    std::uint32_t destination_of(const live_flow& f) const {
        return destinations_ == 1 ? 0 : f.pair % destinations_;
    }

  private:
    void keep_holes();
    std::uint32_t column_of(std::uint32_t rank) const {
        return setup_.column.empty() ? rank : setup_.column[rank];
    }
    // The pool's address there; none: it is in the pool no more.
    std::uint32_t rank_of(std::uint32_t cell) const;
    bool is_kept(std::uint32_t cell, port p) const { return !kept_.empty() && kept_[cell].busy(p); }
    void count_client(const live_flow& f, std::uint32_t cell);
    // The ports that any search of the plan may give.
    void find_given();
    // Whether no search could find a port in that cell: known without one, since an overloaded NAT
    // is full most of the time, and to see that a search goes through all of its ports.
    bool full(std::uint32_t cell) const {
        return busy_given_[cell] == given_count_ &&
               !(setup_.takes_over && cells_[cell].any_closing());
    }
    template <class Random>
    void draw_in_vain(port source, Random& random) const;
    void count_given(std::uint32_t cell, port p, std::uint32_t by) {
        if ((given_[p / 64] >> (p % 64) & 1U) != 0) busy_given_[cell] += by;
    }
    std::uint32_t insert(std::uint32_t pair, std::uint32_t cell, port source, port external);
    std::uint32_t shared_mapping(std::uint32_t client, std::uint32_t destination,
                                 port source) const;
    // A flow of the source port's partner, or none.
    std::uint32_t partner_of(std::uint32_t pair, port source) const;
    std::uint64_t source_key(std::uint32_t pair, port source) const;
    bool held_by_source(std::uint64_t key, std::uint32_t cell, port external) const;

    table_setup setup_;
    std::uint32_t destinations_, columns_;
    bool moved_ = false;
    std::vector<port_bits> cells_;
    std::vector<port_bits> kept_;  // by static mappings, a cell's; none: empty
    std::array<std::uint64_t, port_count / 64> given_{};
    std::uint32_t given_count_ = 0;
    std::vector<std::uint32_t> busy_given_;  // a cell's
    std::vector<live_flow> flows_;
    std::uint64_t live_ = 0, next_rank_ = 0;
    std::vector<std::uint32_t> held_;    // flows of each client, where there is a quota or pairing
    std::vector<std::uint32_t> paired_;  // the address of each client that has flows
    use_order order_;
    source_memory memory_;
    // Where flows share mappings: how many a cell's port carries, and a flow's cell and port.
    std::vector<std::vector<std::uint16_t>> shared_;
    std::vector<std::uint32_t> place_, unused_;
};

// What choose_port draws where it finds nothing, so that the numbers that follow are the same.
template <class Random>
void flow_table::draw_in_vain(port source, Random& random) const {
    const auto& plan = *setup_.plan;
    const auto& range = plan.class_of(source);
    const auto& search = plan.design.search;
    std::uint64_t skipped = search.first_choice_counts && plan.preserves(source) ? 1 : 0;
    for (const auto& round : search.rounds) {
        const std::uint64_t probes = probe_count(round, range.size);
        if (skipped < probes) {
            const std::uint64_t values = draw_count(round, range.size);
            if (is_drawn(round)) random.draw(values);
            if (round.step == step_kind::independent)
                for (std::uint64_t i = skipped + 1; i < probes; ++i) random.draw(values);
        }
        skipped = 0;
        if (search.stop_when_covered && probes >= range.size) break;
    }
}

template <class Random, class Gone>
table_outcome flow_table::open(std::uint32_t client, std::uint32_t destination, port source,
                               std::uint32_t rank, Random& random, Gone&& gone) {
    const auto& design = setup_.plan->design;
    table_outcome out;
    if (setup_.quota && client < held_.size() && held_[client] >= *setup_.quota) {
        out.refused = refusal::quota;
        return out;
    }
    if (setup_.table && live_ >= *setup_.table) {
        if (!setup_.keeps_order) {
            out.refused = refusal::table_full;
            return out;
        }
        const std::uint32_t oldest = order_.oldest();
        out.cut = true;
        out.cut_was_open = is_open(oldest);
        gone(oldest);
        remove(oldest);
    }
    const std::uint32_t pair = client * destinations_ + destination;
    const std::uint32_t first_cell = setup_.destinations[destination].scope * columns_;
    if (setup_.remembers && design.mapping_type != mapping_type::edm) {
        const std::uint32_t same = shared_mapping(client, destination, source);
        if (same != none) {
            const std::uint32_t cell = first_cell + cell_of(same) % columns_;
            const port at = external_of(same);
            const bool if_possible = design.mapping_type == mapping_type::eim_if_possible;
            // its own flows do not stand in the way of a mapping that carries several
            if (!cells_[cell].busy(at) ||
                (!if_possible && held_by_source(source_key(pair, source), cell, at))) {
                out.id = insert(pair, cell, source, at);
                return out;
            }
            if (!if_possible) {
                out.refused = refusal::conflict;
                return out;
            }
        }
    }
    const std::uint32_t ranks = setup_.ranks;
    std::uint32_t beside_rank = none;
    port beside = port_count;
    if (const auto partner = partner_of(pair, source); partner != none) {
        beside_rank = rank_of(cell_of(partner));
        beside = setup_.plan->beside(source, external_of(partner));
        if (design.port_contiguity == contiguity::require) {
            const std::uint32_t cell = first_cell + column_of(beside_rank);
            if (beside != port_count && !cells_[cell].busy(beside))
                out.id = insert(pair, cell, source, beside);
            else
                out.refused = refusal::no_port;
            return out;
        }
    }
    const std::uint32_t own = setup_.pairs && client < held_.size() && held_[client] > 0
                                  ? rank_of(paired_[client])
                                  : none;
    const bool bound = own != none;
    if (bound) {
        rank = own;
    } else if (rank == none) {
        if (ranks == 1 || design.pool.choice == pool_choice::first)
            rank = 0;
        else if (design.pool.choice == pool_choice::round_robin)
            rank = static_cast<std::uint32_t>(next_rank_++ % ranks);
        else
            rank = static_cast<std::uint32_t>(random.draw(ranks));
    }
    const bool is_tcp = setup_.destinations[destination].protocol == transport::tcp;
    const take_over_rule reuse{setup_.takes_over && is_tcp, design.reuse.chance};
    const std::uint32_t tries = design.pool.fallback && !bound ? ranks : 1;
    for (std::uint32_t i = 0; i < tries; ++i) {
        const std::uint32_t cell = first_cell + column_of(rank);
        if (beside != port_count && rank == beside_rank && !cells_[cell].busy(beside)) {
            out.id = insert(pair, cell, source, beside);
            return out;
        }
        if (full(cell)) {
            draw_in_vain(source, random);
            rank = rank + 1 == ranks ? 0 : rank + 1;
            continue;
        }
        const auto found = choose_port(*setup_.plan, cells_[cell], source, reuse, random);
        if (found) {
            if (found->taken_over) {
                const std::uint32_t old = cell << 16U | found->at;
                out.took_over = true;
                gone(old);
                remove(old);
            }
            out.id = insert(pair, cell, source, found->at);
            return out;
        }
        rank = rank + 1 == ranks ? 0 : rank + 1;
    }
    out.refused = refusal::no_port;
    return out;
}

}  // namespace natbound::calculator
