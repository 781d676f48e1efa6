#pragma once
// The one concrete meaning of a design: a NAT's table, stepped flow by flow (open, close, pass
// time). Traces are replayed on it, the exhaustive tests enumerate it, and the fast simulator is
// held to it.
#include <list>
#include <map>
#include <optional>
#include <queue>
#include <set>
#include <string>
#include <tuple>
#include <unordered_map>
#include <vector>

#include "natbound/model/choose.hpp"
#include "natbound/model/flow_hash.hpp"
#include "natbound/model/scenario.hpp"

namespace natbound {

struct endpoint {
    ip_address address = 0;
    natbound::port port = 0;
    friend auto operator<=>(const endpoint&, const endpoint&) = default;
};

struct flow {
    transport protocol = transport::tcp;
    endpoint source, destination;
    friend auto operator<=>(const flow&, const flow&) = default;
};

struct flow_hash {
    std::size_t operator()(const flow& f) const {
        const std::uint64_t ports = std::uint64_t{f.source.port} << 32U | f.destination.port;
        const auto protocol = static_cast<std::uint64_t>(f.protocol);
        return mixed(
            mixed_address(mixed_address(protocol, f.source.address), f.destination.address), ports);
    }
};

// The part of a flow that mappings may not share besides the external endpoint (the clash scope),
// and the part that shares a mapping (the mapping type).
using scope_key = std::tuple<int, ip_address, port>;
scope_key scope_of(const flow& f, const clash_scope& scope);

// Of ports dealt out in sets (port_set_table.hpp): the subscriber may hold no more of them, or none
// is left to deal.
enum class refusal { none, no_port, conflict, table_full, quota, subscribers, sets_of_one, no_set };

struct opened {
    refusal refused = refusal::none;
    endpoint external;  // where it was let in
    std::optional<flow>
        taken_over;  // a closing entry that made room (with all others of its mapping in the scope)
    std::optional<flow> cut;  // an entry that a full table dropped, and whether it was still open
    bool cut_was_open = false;

    // To fail is to be refused, or to be let in by cutting a flow that is still open (DESIGN.md).
    bool failed() const { return refused != refusal::none || cut_was_open; }
};

class nat_table {
  public:
    explicit nat_table(const nat_plan& plan) { follow(plan); }

    // The NAT becomes another: all flows stay where they are, also on ports and addresses that it
    // no longer gives, where they count as entries alone; or cut: those are removed.
    void move_to(const nat_plan& next, bool cut);

    // Opens a flow that is not live. `Random` as in choose_port; the pool address is drawn from it
    // too where the design draws it or does not publish its hash.
    template <class Random>
    opened open(const flow& f, Random& random);

    // The flow's users are done: it is kept, closing, until its timer runs out (at once where the
    // timer is 0).
    void close(const flow& f, close_cause cause);
    // A live flow is used again, closing or not: it stays where it is, open.
    void reopen(const flow& f);
    // Removes the entry now.
    void remove(const flow& f);
    // Lets that many seconds pass; entries whose timers run out are removed.
    void pass(double seconds);

    std::size_t live() const { return flows_.size(); }
    const protocol_counts& live_of_each() const { return live_of_each_; }
    // Of one client address, closing entries too; counted where there is a quota, a limit on
    // subscribers or paired pooling.
    std::uint64_t live_of(ip_address client) const {
        const auto it = subscribers_.find(client);
        return it == subscribers_.end() ? 0 : it->second.live;
    }
    bool is_live(const flow& f) const { return flows_.count(f) != 0; }
    std::optional<endpoint> external_of(const flow& f) const;
    // Whether the flow's address in the pool would be drawn (paired pooling: none of its client is
    // live).
    bool draws_address(const flow& f) const;
    // Whether the flow's source has a mapping that it may share.
    bool has_mapping(const flow& f) const { return shared_mapping(f) != nullptr; }
    std::vector<std::pair<flow, endpoint>> entries() const;
    std::size_t mappings() const;

  private:
    struct entry {
        std::uint64_t rank = 0;  // of the address in the pool
        port at = 0;
        bool closing = false;
        close_cause cause = close_cause::tcp_fin;
        double until = 0;
        std::list<flow>::iterator use;  // place in the order of last use, where it is kept
    };
    struct subscriber {
        std::uint64_t live = 0;
        std::uint64_t rank = 0;  // of the external address of its first live flow
    };
    using cell = std::pair<scope_key, std::uint64_t>;  // scope, rank in the pool
    using place = std::pair<cell, port>;
    struct cell_hash {
        std::size_t operator()(const cell& c) const {
            const auto& [protocol, address, at] = c.first;
            const std::uint64_t rest =
                std::uint64_t{at} << 8U | static_cast<std::uint8_t>(protocol);
            return mixed(mixed(mixed_address(0, address), rest), c.second);
        }
        std::size_t operator()(const place& p) const { return mixed((*this)(p.first), p.second); }
    };
    struct timer {
        double until;
        flow of;
        bool operator<(const timer& other) const { return until > other.until; }  // soonest on top
    };

    void follow(const nat_plan& plan);
    // Whether no new flow from its source port could be there.
    bool is_away(const flow& f, const entry& e) const;
    bool on_static_mapping(const flow& f, const entry& e) const;
    void insert(const flow& f, std::uint64_t rank, port at, opened& out);
    std::optional<flow> holder(const flow& f, std::uint64_t rank, port at) const;
    take_over_rule reuse_for(const flow& f) const;
    bool can_take_over(const entry& e) const;
    void mark(const flow& f, const entry& e);
    void touch(const entry& e);
    const entry* shared_mapping(const flow& f) const;
    // Port contiguity: an entry of the source port's partner, if it has one.
    const entry* partner_of(const flow& f) const;
    bool held_by_own(const flow& f, const entry& mapping) const;
    endpoint external(std::uint64_t rank, port at) const;
    sparse_port_bits& ports_of(const flow& f, std::uint64_t rank);

    const nat_plan* plan_ = nullptr;
    std::uint64_t pool_ = 0;  // addresses
    bool pairs_ = false, counts_subscribers_ = false;
    bool drops_ = false;            // entries, when it is full
    bool shares_ = false;           // mappings among flows of one source
    bool takes_over_ = false;       // closing entries
    bool moved_ = false;            // two mappings may have come to share an endpoint
    std::vector<ip_address> left_;  // not in the pool any more, but in use: ranks beyond it
    double now_ = 0;
    std::unordered_map<flow, entry, flow_hash> flows_;
    protocol_counts live_of_each_ = {};
    std::set<flow> by_source_;  // in order, so that those of one source are neighbours: if shares_
    std::map<ip_address, subscriber> subscribers_;  // where they are counted
    std::list<flow> by_use_;                        // least recently used first: if drops_
    std::unordered_map<cell, sparse_port_bits, cell_hash> taken_;
    // Of each endpoint that is held, where that may be several or is asked for: if shares_,
    // takes_over_ or moved_.
    std::unordered_map<place, std::set<flow>, cell_hash> holders_;
    std::priority_queue<timer> timers_;  // also of flows that are gone
    std::uint64_t next_rank_ = 0;        // round robin
};

template <class Random>
opened nat_table::open(const flow& f, Random& random) {
    if (is_live(f)) throw error("the flow is live already");
    opened out;
    // before anything else is looked at, so a subscriber at its quota cuts nobody off
    if (plan_->quota && live_of(f.source.address) >= *plan_->quota) {
        out.refused = refusal::quota;
        return out;
    }
    if (const auto most = plan_->of->mapping_limits.limit_subscribers;
        most && subscribers_.size() >= *most && live_of(f.source.address) == 0) {
        out.refused = refusal::subscribers;
        return out;
    }
    if (plan_->of->connection_limits.full(f.protocol, live_of_each_)) {
        out.refused = refusal::table_full;
        return out;
    }
    if (plan_->table && flows_.size() >= *plan_->table) {
        if (!drops_) {
            out.refused = refusal::table_full;
            return out;
        }
        out.cut = by_use_.front();
        out.cut_was_open = !flows_.at(*out.cut).closing;
        remove(*out.cut);
    }
    const scope_key scope = scope_of(f, plan_->design.clash_scope);
    if (const entry* same = shared_mapping(f)) {
        // The mapping carries this flow too, unless another mapping holds the endpoint towards this
        // destination. Its own flows do not stand in its way, unless each flow is a mapping of its
        // own (eim-if-possible).
        const auto held = taken_.find({scope, same->rank});
        const bool busy = held != taken_.end() && held->second.busy(same->at);
        const bool shares = plan_->design.mapping_type != mapping_type::eim_if_possible;
        if (!busy || (shares && held_by_own(f, *same))) {
            insert(f, same->rank, same->at, out);
            return out;
        }
        if (shares) {
            out.refused = refusal::conflict;
            return out;
        }
    }
    const entry* partner = partner_of(f);
    const port beside = partner ? plan_->beside(f.source.port, partner->at) : port_count;
    if (partner && plan_->design.port_contiguity == contiguity::require) {
        if (beside != port_count && !ports_of(f, partner->rank).busy(beside))
            insert(f, partner->rank, beside, out);
        else
            out.refused = refusal::no_port;
        return out;
    }
    std::uint64_t rank = 0;
    bool bound = false;  // to the address that its client has already
    if (pairs_)
        if (const auto own = subscribers_.find(f.source.address);
            own != subscribers_.end() && own->second.rank < pool_) {
            rank = own->second.rank;
            bound = true;
        }
    if (!bound)  // else the choice was made for the client's first flow (paired pooling)
        rank = plan_->start_rank(f.source.address, f.destination.address, next_rank_, random);
    const take_over_rule reuse = reuse_for(f);
    const std::uint64_t tries = plan_->design.pool.fallback && !bound ? pool_ : 1;
    for (std::uint64_t i = 0; i < tries; ++i, rank = (rank + 1) % pool_) {
        if (beside != port_count && partner->rank == rank && !ports_of(f, rank).busy(beside)) {
            insert(f, rank, beside, out);
            return out;
        }
        const auto found = choose_port(*plan_, ports_of(f, rank), f.source.port, reuse, random);
        if (!found) continue;
        if (found->taken_over) {
            // a mapping goes as a whole: all its flows in this scope are closing
            for (auto held = holder(f, rank, found->at); held; held = holder(f, rank, found->at)) {
                if (!out.taken_over) out.taken_over = held;
                remove(*held);
            }
        }
        insert(f, rank, found->at, out);
        return out;
    }
    out.refused = refusal::no_port;
    return out;
}

}  // namespace natbound
