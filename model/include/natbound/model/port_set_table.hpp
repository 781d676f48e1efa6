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
    std::uint64_t number_of(ip_address client) const;
    std::optional<std::uint64_t> next_free(transport protocol) const;
    std::uint64_t kept_of(std::uint64_t number) const;
    template <class Random>
    opened open_in(held_set& set, const flow& f, Random& random);

    port_set_layout layout_;
    hole_list holes_;
    nat base_;  // a subscriber's, but for its address and its range
    const subscriber_port_sets* rule_;
    std::optional<std::uint64_t> table_, quota_;
    // Addresses of the subscribers, with the number of the first of them.
    std::vector<std::pair<address_set, std::uint64_t>> order_;
    std::uint64_t shared_ = 0;  // sets that are dealt on demand, and
    std::uint64_t each_ = 0;    // the most of a subscriber
    // Free sets, by the ports that static mappings keep of them, then by number; and all from next_
    // on, of which they keep none.
    std::set<std::pair<std::uint64_t, std::uint64_t>> returned_;
    std::uint64_t next_ = 0;
    std::unordered_map<ip_address, held_sets, address_hash> subscribers_;
    std::priority_queue<timer> timers_;
    std::uint64_t live_ = 0;
    double now_ = 0;
};

template <class Random>
opened port_set_table::open_in(held_set& set, const flow& f, Random& random) {
    const std::size_t before = set.table.live();
    const opened out = set.table.open(f, random);
    live_ += set.table.live() - before;  // entries that it took over are gone
    return out;
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
    if (sets.size() >= own + each_) return refused(refusal::no_port);
    const auto number = next_free(f.protocol);
    if (!number) return refused(refusal::no_port);
    auto set = set_of(layout_.shared_at(*number));
    out = open_in(*set, f, random);
    if (out.refused != refusal::none) return refused(refusal::no_port);
    if (*number == next_)
        ++next_;
    else
        returned_.erase({kept_of(*number), *number});
    set->number = number;
    sets.push_back(std::move(set));
    return out;
}

}  // namespace natbound
