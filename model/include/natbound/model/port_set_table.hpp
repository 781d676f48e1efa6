#pragma once
// A NAT that deals out its ports in sets, stepped flow by flow: what nat_table is to any other.
//
// To its subscriber a set is a NAT of its own (own_nat), so a subscriber's table is a nat_table for
// each set that it holds: its own for ever (deterministic), then those dealt on demand in the order
// in which they were dealt. A flow goes where its source has a mapping already; else to the first
// of these sets in which its search finds a port; else the subscriber is dealt another set, if it
// may hold one more: of the free ones that static mappings leave a port of, one that they keep the
// fewest ports of, of the lowest number. A set that was dealt on demand is free again as soon as no
// entry is left in it, closing ones among them.
//
// Under paired pooling a subscriber's sets lie on one external address: while it holds one, on that
// of its first; else on the one that the design's choice picks, or (fallback) on the next that has
// a free set.
#include <cstdint>
#include <memory>
#include <queue>
#include <set>
#include <unordered_map>
#include <vector>

#include "natbound/model/nat_table.hpp"
#include "natbound/model/port_sets.hpp"

namespace natbound {

class port_set_table {
  public:
    // Of a NAT with port-set, which must outlive it. Throws unsupported for a table that drops
    // entries, and for a limit on mappings that flows share.
    port_set_table(const scenario& s, const nat& n);

    // As those of nat_table.
    template <class Random>
    opened open(const flow& f, Random& random);
    void close(const flow& f, close_cause cause);
    void reopen(const flow& f);
    void remove(const flow& f);
    void pass(double seconds);
    std::uint64_t live() const { return live_; }
    std::uint64_t live_of(ip_address client) const;
    bool is_live(const flow& f) const;
    std::optional<endpoint> external_of(const flow& f) const;

    // Whether the address on which the flow's subscriber is to be dealt its sets would be drawn.
    bool draws_address(const flow& f) const;
    // The sets that a subscriber holds now, its own among them.
    std::size_t sets_of(ip_address client) const;

  private:
    struct held_set {
        held_set(const nat& n, double now) : of(n), plan(of), table(plan), passed(now) {}
        nat of;
        nat_plan plan;
        nat_table table;
        double passed;                        // when the table was last let go on
        std::optional<std::uint64_t> number;  // where it was dealt on demand
    };
    using held_sets = std::vector<std::unique_ptr<held_set>>;
    // Free sets among consecutive numbers: those that were used before, by the ports that static
    // mappings keep of them, then by number; and all from next on, of which they keep none.
    struct free_sets {
        std::set<std::pair<std::uint64_t, std::uint64_t>> returned;
        std::uint64_t next, end;
    };
    struct whole_nat {
        explicit whole_nat(const nat& n) : of(undealt(n)), plan(of) {}
        nat of;
        nat_plan plan;
    };
    struct timer {
        double until;
        ip_address client;
        bool operator<(const timer& other) const { return until > other.until; }  // soonest on top
    };

    std::unique_ptr<held_set> set_of(const dealt_set& where) const;
    // The subscriber's sets, let go on until now; its own is made where it has none yet.
    held_sets& sets_for(ip_address client);
    held_set& holder(const flow& f);
    const held_set* find(const flow& f) const;
    void give_back(ip_address client);
    void return_empty(held_sets& sets);
    // What has become of a set's entries since there were so many.
    void recount(const held_set& set, const protocol_counts& before);
    std::uint64_t number_of(ip_address client) const;
    // Those on the external address of that rank (paired pooling), or all.
    free_sets& free_on(std::uint64_t rank);
    std::optional<std::uint64_t> lowest_free(std::uint64_t rank, transport protocol);
    template <class Random>
    std::optional<std::uint64_t> next_free(const flow& f, const held_sets& sets, Random& random);
    std::uint64_t kept_of(std::uint64_t number) const;
    std::uint64_t rank_of(std::uint64_t number) const { return paired_ ? number / here_ : 0; }
    template <class Random>
    opened open_in(held_set& set, const flow& f, Random& random);

    port_set_layout layout_;
    std::unique_ptr<whole_nat> whole_;
    hole_list holes_;
    nat base_;  // a subscriber's, but for its address and its range
    const subscriber_port_sets* rule_;
    std::optional<std::uint64_t> table_, quota_;
    // Addresses of the subscribers, with the number of the first of them.
    std::vector<std::pair<address_set, std::uint64_t>> order_;
    std::uint64_t shared_ = 0;  // sets that are dealt on demand, and
    std::uint64_t each_ = 0;    // the most of a subscriber
    std::uint64_t here_ = 0;    // of those, on one external address
    bool paired_ = false;
    std::unordered_map<std::uint64_t, free_sets> free_;  // by rank of the address, or all at 0
    std::uint64_t next_rank_ = 0;                        // round robin
    std::unordered_map<ip_address, held_sets, address_hash> subscribers_;
    std::priority_queue<timer> timers_;
    connection_limits limits_;  // of the NAT
    std::uint64_t live_ = 0;
    protocol_counts live_of_each_ = {};
    double now_ = 0;
};

template <class Random>
opened port_set_table::open_in(held_set& set, const flow& f, Random& random) {
    const auto before = set.table.live_of_each();
    const opened out = set.table.open(f, random);
    recount(set, before);  // entries that it took over are gone
    return out;
}

template <class Random>
std::optional<std::uint64_t> port_set_table::next_free(const flow& f, const held_sets& sets,
                                                       Random& random) {
    if (!paired_) return lowest_free(0, f.protocol);
    const auto& pool = whole_->of.external_ip_address_pool;
    if (!sets.empty()) {
        const auto rank = pool.rank(sets.front()->of.external_ip_address_pool.at(0));
        return lowest_free(static_cast<std::uint64_t>(*rank), f.protocol);
    }
    const auto& plan = whole_->plan;
    const std::uint64_t addresses = saturated(pool.size());
    const std::uint64_t rank =
        plan.start_rank(f.source.address, f.destination.address, next_rank_, random);
    for (std::uint64_t i = 0; i < (plan.design.pool.fallback ? addresses : 1); ++i)
        if (const auto found = lowest_free((rank + i) % addresses, f.protocol)) return found;
    return std::nullopt;
}

template <class Random>
opened port_set_table::open(const flow& f, Random& random) {
    opened out;
    const ip_address client = f.source.address;
    held_sets& sets = sets_for(client);
    for (const auto& set : sets)
        if (set->table.is_live(f)) throw error("the flow is live already");
    const auto refused = [&](refusal why) {
        out.refused = why;
        give_back(client);
        return out;
    };
    if (quota_ && live_of(client) >= *quota_) return refused(refusal::quota);
    if (limits_.full(f.protocol, live_of_each_)) return refused(refusal::table_full);
    if (table_ && live_ >= *table_) return refused(refusal::table_full);
    const held_set* tried = nullptr;
    for (const auto& set : sets)
        if (set->table.has_mapping(f)) {
            out = open_in(*set, f, random);
            if (out.refused == refusal::none || out.refused == refusal::conflict) return out;
            tried = set.get();
        }
    for (const auto& set : sets) {
        if (set.get() == tried) continue;
        out = open_in(*set, f, random);
        if (out.refused == refusal::none) return out;
    }
    const std::size_t own = rule_->deterministic ? 1 : 0;
    if (each_ == 0) return refused(refusal::no_port);
    if (sets.size() >= own + each_) return refused(refusal::sets_of_one);
    const auto number = next_free(f, sets, random);
    if (!number) return refused(refusal::no_set);
    auto set = set_of(layout_.shared_at(*number));
    out = open_in(*set, f, random);
    if (out.refused != refusal::none) return refused(refusal::no_port);
    auto& left = free_on(rank_of(*number));
    if (*number == left.next)
        ++left.next;
    else
        left.returned.erase({kept_of(*number), *number});
    set->number = number;
    sets.push_back(std::move(set));
    return out;
}

}  // namespace natbound
