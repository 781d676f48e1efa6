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

void nat_table::follow(const nat_plan& plan) {
    plan_ = &plan;
    pool_ = static_cast<std::uint64_t>(plan.pool_size);
    pairs_ = plan.pairs();
    counts_subscribers_ = pairs_ || plan.quota || plan.of->mapping_limits.limit_subscribers;
    drops_ = plan.table && plan.design.pressure != pressure_kind::refuse;
    shares_ = plan.design.mapping_type != mapping_type::edm;
    takes_over_ = !plan.design.reuse.take_over.empty();
}

void nat_table::move_to(const nat_plan& next, bool cut) {
    std::vector<std::pair<flow, entry>> live(flows_.begin(), flows_.end());
    std::sort(live.begin(), live.end(),
              [](const auto& a, const auto& b) { return a.first < b.first; });
    if (drops_) {  // in the order of last use
        std::unordered_map<flow, std::size_t, flow_hash> used;
        for (const auto& f : by_use_) used.emplace(f, used.size());
        std::stable_sort(live.begin(), live.end(), [&](const auto& a, const auto& b) {
            return used.at(a.first) < used.at(b.first);
        });
    }
    std::vector<ip_address> at;
    for (const auto& [f, e] : live) at.push_back(external(e.rank, e.at).address);
    follow(next);
    moved_ = true;
    flows_.clear();
    live_of_each_ = {};
    by_source_.clear();
    subscribers_.clear();
    by_use_.clear();
    taken_.clear();
    holders_.clear();
    left_.clear();
    for (std::size_t i = 0; i < live.size(); ++i) {
        auto& [f, e] = live[i];
        if (const auto rank = next.of->external_ip_address_pool.rank(at[i])) {
            e.rank = static_cast<std::uint64_t>(*rank);
        } else {
            const auto known = std::find(left_.begin(), left_.end(), at[i]);
            e.rank = pool_ + static_cast<std::uint64_t>(known - left_.begin());
            if (known == left_.end()) left_.push_back(at[i]);
        }
        if (cut && is_away(f, e)) continue;
        opened unused;
        insert(f, e.rank, e.at, unused);
        entry& now = flows_.at(f);
        now.closing = e.closing;
        now.cause = e.cause;
        now.until = e.until;
    }
    for (const auto& [f, e] : flows_) mark(f, e);
}

bool nat_table::is_away(const flow& f, const entry& e) const {
    return e.rank >= pool_ || !plan_->permitted(f.source.port).contains(e.at) ||
           on_static_mapping(f, e);
}

// Which came to it by a change.
bool nat_table::on_static_mapping(const flow& f, const entry& e) const {
    return moved_ && e.rank < pool_ && !plan_->holes.empty() &&
           plan_->holes.contains(f.protocol, external(e.rank, e.at).address, e.at);
}

endpoint nat_table::external(std::uint64_t rank, port at) const {
    if (rank >= pool_) return {left_[rank - pool_], at};
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
        if ((moved_ || type == mapping_type::eim_if_possible) && is_away(other, e)) continue;
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
    if (!there) return nullptr;
    const entry& e = flows_.at(*it);
    return moved_ && is_away(*it, e) ? nullptr : &e;
}

bool nat_table::draws_address(const flow& f) const {
    if (plan_->design.port_contiguity == contiguity::require && partner_of(f)) return false;
    return plan_->draws_rank(f.source.address, f.destination.address) &&
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
    if (fresh && rank < pool_ && !plan_->holes.empty()) {
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
    ++live_of_each_[static_cast<std::size_t>(f.protocol)];
    if (shares_) by_source_.insert(f);
    if (counts_subscribers_) {
        auto& own = subscribers_[f.source.address];
        if (own.live++ == 0 || own.rank >= pool_) own.rank = rank;
    }
    if (shares_ || takes_over_ || moved_)
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
    const bool gives_way = !on_static_mapping(f, e) &&
                           std::all_of(held.begin(), held.end(),
                                       [&](const auto& o) { return can_take_over(flows_.at(o)); });
    ports_of(f, e.rank).set_closing(e.at, gives_way);
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
    --live_of_each_[static_cast<std::size_t>(f.protocol)];
    if (counts_subscribers_) {
        const auto own = subscribers_.find(f.source.address);
        if (--own->second.live == 0) subscribers_.erase(own);
    }
    const cell here{scope_of(f, plan_->design.clash_scope), e.rank};
    if (shares_ || takes_over_ || moved_) {
        const auto held = holders_.find({here, e.at});
        held->second.erase(f);
        if (!held->second.empty()) return mark(f, e);
        holders_.erase(held);
    }
    const auto bits = taken_.find(here);
    if (on_static_mapping(f, e)) return;
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
