// The table's bookkeeping: which endpoints are held, by whom, and since when.
#include "natbound/model/nat_table.hpp"

#include <algorithm>

#include "natbound/model/json_io.hpp"

namespace natbound {

scope_key scope_of(const flow& f, const clash_scope& scope) {
    const bool with_address = scope.destination != scope_destination::none;
    const bool with_port = scope.destination == scope_destination::endpoint;
    return {scope.protocol ? static_cast<int>(f.protocol) : -1,
            with_address ? f.destination.address : 0, with_port ? f.destination.port : 0};
}

endpoint nat_table::external(std::uint64_t rank, port at) const {
    return {plan_->of->external_ip_address_pool.at(rank), at};
}

// The entry whose mapping this flow may share: under eim any of the same source, under adm of the
// same source and destination address.
const nat_table::entry* nat_table::shared_mapping(const flow& f) const {
    if (!shares_) return nullptr;
    const auto type = plan_->design.mapping_type;
    for (auto it = by_source_.lower_bound({f.protocol, f.source, {}}); it != by_source_.end();
         ++it) {
        const flow& other = *it;
        if (other.protocol != f.protocol || other.source != f.source) break;
        if (type == mapping_type::adm && other.destination.address != f.destination.address)
            continue;
        const entry& e = flows_.at(other);
        if (type == mapping_type::eim_if_possible &&
            !plan_->permitted(f.source.port).contains(e.at))
            continue;
        return &e;
    }
    return nullptr;
}

const nat_table::entry* nat_table::partner_of(const flow& f) const {
    if (plan_->design.port_contiguity == contiguity::none) return nullptr;
    // under eim (which it needs: rules_of_nats.cpp) all its flows are on one endpoint
    const flow first{f.protocol, {f.source.address, f.source.port ^ 1U}, {}};
    const auto it = by_source_.lower_bound(first);
    const bool there =
        it != by_source_.end() && it->protocol == first.protocol && it->source == first.source;
    return there ? &flows_.at(*it) : nullptr;
}

bool nat_table::draws_address(const flow& f) const {
    if (plan_->design.port_contiguity == contiguity::require && partner_of(f)) return false;
    return !plan_->pool_rank(f.source.address, f.destination.address) &&
           plan_->design.pool.choice != pool_choice::round_robin &&
           !(pairs_ && live_of(f.source.address) > 0);
}

// Whether it is the flow's own mapping that holds its endpoint in the flow's scope. One flow of it
// there is enough: a scope's endpoint is never held by two mappings (the property `unique`).
bool nat_table::held_by_own(const flow& f, const entry& mapping) const {
    const auto scope = scope_of(f, plan_->design.clash_scope);
    for (auto it = by_source_.lower_bound({f.protocol, f.source, {}}); it != by_source_.end();
         ++it) {
        const flow& other = *it;
        if (other.protocol != f.protocol || other.source != f.source) return false;
        const entry& e = flows_.at(other);
        if (e.rank == mapping.rank && e.at == mapping.at &&
            scope_of(other, plan_->design.clash_scope) == scope)
            return true;
    }
    return false;
}

// The ports of one external address in the flow's clash scope, static mappings taken from the
// start.
sparse_port_bits& nat_table::ports_of(const flow& f, std::uint64_t rank) {
    const auto [it, fresh] = taken_.try_emplace({scope_of(f, plan_->design.clash_scope), rank});
    if (fresh && !plan_->holes.empty()) {
        const auto kept = plan_->holes.at(f.protocol, plan_->of->external_ip_address_pool.at(rank));
        for (const auto& part : kept.parts())
            for (port p = part.first; p <= part.last; ++p) it->second.take(p);
    }
    return it->second;
}

void nat_table::insert(const flow& f, std::uint64_t rank, port at, opened& out) {
    entry e;
    e.rank = rank;
    e.at = at;
    if (drops_) e.use = by_use_.insert(by_use_.end(), f);
    flows_.emplace(f, e);
    if (shares_) by_source_.insert(f);
    if (counts_subscribers_) {
        auto& own = subscribers_[f.source.address];
        if (own.live++ == 0) own.rank = rank;
    }
    if (shares_ || takes_over_)
        holders_[{{scope_of(f, plan_->design.clash_scope), rank}, at}].insert(f);
    auto& bits = ports_of(f, rank);
    bits.take(at);
    bits.set_closing(at, false);
    out.external = external(rank, at);
}

// A flow that holds this endpoint in the flow's scope.
std::optional<flow> nat_table::holder(const flow& f, std::uint64_t rank, port at) const {
    const auto it = holders_.find({{scope_of(f, plan_->design.clash_scope), rank}, at});
    if (it == holders_.end()) return std::nullopt;
    return *it->second.begin();
}

bool nat_table::can_take_over(const entry& e) const {
    const auto& causes = plan_->design.reuse.take_over;
    return e.closing && std::find(causes.begin(), causes.end(), e.cause) != causes.end();
}

take_over_rule nat_table::reuse_for(const flow& f) const {
    return {f.protocol == transport::tcp && !plan_->design.reuse.take_over.empty(),
            plan_->design.reuse.chance};
}

// An endpoint counts as closing when every flow on it in this scope can be taken over.
void nat_table::mark(const flow& f, const entry& e) {
    if (!takes_over_) return;
    const auto& held = holders_.at({{scope_of(f, plan_->design.clash_scope), e.rank}, e.at});
    ports_of(f, e.rank).set_closing(e.at, std::all_of(held.begin(), held.end(), [&](const auto& o) {
                                        return can_take_over(flows_.at(o));
                                    }));
}

// Now the last to have been used.
void nat_table::touch(const entry& e) {
    if (drops_) by_use_.splice(by_use_.end(), by_use_, e.use);
}

void nat_table::close(const flow& f, close_cause cause) {
    auto& e = flows_.at(f);
    const double kept = plan_->of->timer(cause);
    if (kept <= 0) return remove(f);
    e.closing = true;
    e.cause = cause;
    e.until = now_ + kept;
    timers_.push({e.until, f});
    touch(e);
    mark(f, e);
}

void nat_table::reopen(const flow& f) {
    auto& e = flows_.at(f);
    e.closing = false;
    touch(e);
    mark(f, e);
}

void nat_table::remove(const flow& f) {
    const auto it = flows_.find(f);
    if (it == flows_.end()) throw error("the flow is not live");
    const entry e = it->second;
    if (drops_) by_use_.erase(e.use);
    if (shares_) by_source_.erase(f);
    flows_.erase(it);
    if (counts_subscribers_) {
        const auto own = subscribers_.find(f.source.address);
        if (--own->second.live == 0) subscribers_.erase(own);
    }
    const cell here{scope_of(f, plan_->design.clash_scope), e.rank};
    if (shares_ || takes_over_) {
        const auto held = holders_.find({here, e.at});
        held->second.erase(f);
        if (!held->second.empty()) return mark(f, e);
        holders_.erase(held);
    }
    const auto bits = taken_.find(here);
    bits->second.release(e.at);
    if (bits->second.empty()) taken_.erase(bits);
}

void nat_table::pass(double seconds) {
    now_ += seconds;
    while (!timers_.empty() && timers_.top().until <= now_) {
        const timer due = timers_.top();
        timers_.pop();
        const auto it = flows_.find(due.of);  // it may be gone, or have been opened anew
        if (it == flows_.end() || !it->second.closing || it->second.until > now_) continue;
        remove(due.of);
    }
}

std::optional<endpoint> nat_table::external_of(const flow& f) const {
    const auto it = flows_.find(f);
    if (it == flows_.end()) return std::nullopt;
    return external(it->second.rank, it->second.at);
}

std::vector<std::pair<flow, endpoint>> nat_table::entries() const {
    std::vector<std::pair<flow, endpoint>> out;
    for (const auto& [f, e] : flows_) out.emplace_back(f, external(e.rank, e.at));
    std::sort(out.begin(), out.end());
    return out;
}

std::size_t nat_table::mappings() const {
    std::set<std::tuple<int, endpoint, ip_address, port, std::uint64_t, port>> keys;
    const auto type = plan_->design.mapping_type;
    for (const auto& [f, e] : flows_) {
        const bool address = type == mapping_type::adm || type == mapping_type::edm;
        keys.insert({static_cast<int>(f.protocol), f.source, address ? f.destination.address : 0,
                     type == mapping_type::edm ? f.destination.port : 0, e.rank, e.at});
    }
    return keys.size();
}

}  // namespace natbound
