// Who holds which sets, and since when they are free again.
#include "natbound/model/port_set_table.hpp"

#include <algorithm>

#include "natbound/model/error.hpp"
#include "natbound/model/gates.hpp"

namespace natbound {

namespace {

constexpr std::uint64_t most_sorted = 1U << 20U;

}  // namespace

port_set_table::port_set_table(const scenario& s, const nat& n)
    : layout_(n),
      whole_(std::make_unique<whole_nat>(n)),
      holes_(n, n.design.clash_scope.protocol),
      base_(own_nat(n, layout_.at(0))),
      rule_(&*n.port_set) {
    const nat_plan& plan = whole_->plan;
    if (plan.mappings)
        throw unsupported("NAT " + n.name +
                          ": a limit on mappings that several flows share is not stepped together "
                          "with port sets");
    table_ = plan.table;
    quota_ = plan.quota;
    if (table_ && n.design.pressure != pressure_kind::refuse)
        throw unsupported(
            "NAT " + n.name +
            ": a table that drops its entries is not stepped together with port sets");
    limits_ = n.connection_limits;
    base_.connection_limits = {};
    base_.design.when_restricted = {};  // it acts already
    base_.design.remedies.clear();
    for (const auto& name : comes_to(s, n)) {
        const auto add = [&](const address_set& addresses) {
            const std::uint64_t first =
                order_.empty() ? 0 : order_.back().second + saturated(order_.back().first.size());
            order_.emplace_back(addresses, first);
        };
        for (const auto& c : s.clients)
            if (c.name == name) add(c.addresses);
        if (std::any_of(s.clients.begin(), s.clients.end(),
                        [&](const auto& c) { return c.name == name; }))
            continue;  // as side_by_side() writes NATs inside
        for (const auto& m : s.nats)
            if (m.name == name) add(m.external_ip_address_pool);
    }
    if (dealt_on_demand(*rule_)) {
        shared_ = saturated(layout_.shared_sets());
        each_ = rule_->dynamic ? rule_->dynamic->port_sets_per_subscriber
                               : rule_->port_sets_per_subscriber;
    }
    paired_ = pairs_sets(n);
    here_ = rule_->dynamic ? layout_.dynamic_on_an_address() : layout_.on_an_address();
    if (!holes_.empty() && shared_ > most_sorted)
        throw unsupported("NAT " + n.name + ": static mappings beside more than " +
                          grouped(most_sorted) + " port sets on demand are not stepped");
}

port_set_table::free_sets& port_set_table::free_on(std::uint64_t rank) {
    if (const auto known = free_.find(rank); known != free_.end()) return known->second;
    free_sets all{{}, paired_ ? rank * here_ : 0, paired_ ? (rank + 1) * here_ : shared_};
    if (!holes_.empty())
        for (; all.next < all.end; ++all.next) all.returned.emplace(kept_of(all.next), all.next);
    return free_.emplace(rank, std::move(all)).first->second;
}

std::unique_ptr<port_set_table::held_set> port_set_table::set_of(const dealt_set& where) const {
    nat of = base_;
    of.external_ip_address_pool = {where.address, where.address};
    of.port_set_restrict = port_restriction{where.first, where.last};
    return std::make_unique<held_set>(of, now_);
}

std::uint64_t port_set_table::kept_of(std::uint64_t number) const {
    if (holes_.empty()) return 0;
    const dealt_set set = layout_.shared_at(number);
    count kept = 0;
    for (const auto protocol : all_transports)
        kept += (port_set(set.first, set.last) & holes_.at(protocol, set.address)).size();
    return saturated(kept);
}

std::optional<std::uint64_t> port_set_table::lowest_free(std::uint64_t rank, transport protocol) {
    const auto& here = free_on(rank);
    for (const auto& [kept, number] : here.returned) {
        const dealt_set set = layout_.shared_at(number);
        if (kept == 0 ||
            !(port_set(set.first, set.last) - holes_.at(protocol, set.address)).empty())
            return number;
    }
    if (here.next < here.end) return here.next;
    return std::nullopt;
}

std::uint64_t port_set_table::number_of(ip_address client) const {
    for (const auto& [addresses, first] : order_)
        if (const auto rank = addresses.rank(client))
            return first + static_cast<std::uint64_t>(*rank);
    throw error("a flow from " + to_string(client) + ", which is not inside the NAT");
}

port_set_table::held_sets& port_set_table::sets_for(ip_address client) {
    auto& sets = subscribers_[client];
    for (const auto& set : sets) {
        const auto before = set->table.live_of_each();
        set->table.pass(now_ - set->passed);
        set->passed = now_;
        recount(*set, before);
    }
    return_empty(sets);
    if (sets.empty() && rule_->deterministic) sets.push_back(set_of(layout_.at(number_of(client))));
    return sets;
}

// Sets on demand in which nothing is left. The subscriber's own stays the first for as long as it
// holds others.
void port_set_table::return_empty(held_sets& sets) {
    std::erase_if(sets, [&](const auto& set) {
        if (set->table.live() > 0 || !set->number) return false;
        free_on(rank_of(*set->number)).returned.emplace(kept_of(*set->number), *set->number);
        return true;
    });
}

// And the subscriber, where it has nothing.
void port_set_table::give_back(ip_address client) {
    const auto it = subscribers_.find(client);
    if (it == subscribers_.end()) return;
    return_empty(it->second);
    if (std::all_of(it->second.begin(), it->second.end(),
                    [](const auto& set) { return set->table.live() == 0; }))
        subscribers_.erase(it);
}

const port_set_table::held_set* port_set_table::find(const flow& f) const {
    const auto it = subscribers_.find(f.source.address);
    if (it == subscribers_.end()) return nullptr;
    for (const auto& set : it->second)
        if (set->table.is_live(f)) return set.get();
    return nullptr;
}

port_set_table::held_set& port_set_table::holder(const flow& f) {
    for (const auto& set : sets_for(f.source.address))
        if (set->table.is_live(f)) return *set;
    throw error("the flow is not live");
}

void port_set_table::recount(const held_set& set, const protocol_counts& before) {
    const auto& now = set.table.live_of_each();
    for (std::size_t p = 0; p < now.size(); ++p) {
        live_ += now[p] - before[p];  // modulo 2^64
        live_of_each_[p] += now[p] - before[p];
    }
}

void port_set_table::close(const flow& f, close_cause cause) {
    auto& set = holder(f);
    const double kept = base_.timer(cause);
    if (kept <= 0) return remove(f);
    set.table.close(f, cause);
    timers_.push({now_ + kept, f.source.address});
}

void port_set_table::reopen(const flow& f) { holder(f).table.reopen(f); }

void port_set_table::remove(const flow& f) {
    auto& set = holder(f);
    const auto before = set.table.live_of_each();
    set.table.remove(f);
    recount(set, before);
    give_back(f.source.address);
}

void port_set_table::pass(double seconds) {
    now_ += seconds;
    while (!timers_.empty() && timers_.top().until <= now_) {
        const auto client = timers_.top().client;
        timers_.pop();
        if (subscribers_.count(client) == 0) continue;
        sets_for(client);
        give_back(client);
    }
}

std::uint64_t port_set_table::live_of(ip_address client) const {
    const auto it = subscribers_.find(client);
    std::uint64_t sum = 0;
    if (it != subscribers_.end())
        for (const auto& set : it->second) sum += set->table.live();
    return sum;
}

bool port_set_table::is_live(const flow& f) const { return find(f) != nullptr; }

std::optional<endpoint> port_set_table::external_of(const flow& f) const {
    const auto* set = find(f);
    return set ? set->table.external_of(f) : std::nullopt;
}

bool port_set_table::draws_address(const flow& f) const {
    return paired_ && sets_of(f.source.address) == 0 &&
           whole_->plan.draws_rank(f.source.address, f.destination.address);
}

std::size_t port_set_table::sets_of(ip_address client) const {
    const auto it = subscribers_.find(client);
    return it == subscribers_.end() ? 0 : it->second.size();
}

}  // namespace natbound
