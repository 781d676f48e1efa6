// What a system begins with: the flows that are live at the change, where they lie.
#include <algorithm>
#include <cmath>

#include "after_follower.hpp"
#include "after_kept.hpp"
#include "after_parts.hpp"
#include "natbound/model/error.hpp"

namespace natbound::calculator::detail {
namespace {

// A source goes on in the state that it is in, unless the change is one of how it switches: then
// the flows of before come from a source of their own.
void part_sources(std::vector<system_part>& before, const std::vector<system_part>& now) {
    constexpr std::size_t own = 1U << 20;
    for (auto& old : before) {
        if (!old.arrives.changes()) continue;
        const bool goes_on = std::any_of(now.begin(), now.end(), [&](const auto& p) {
            return p.arrives.changes() && p.arrives.source == old.arrives.source &&
                   p.arrives.switching == old.arrives.switching;
        });
        if (!goes_on) old.arrives.source += own;
    }
}

}  // namespace

std::unique_ptr<loss_curve> follower::curve_before(const loss_system& old) {
    auto was = std::make_unique<loss_curve>(old_scenario(), old_split_, old, options_.seed,
                                            [this] { progress(0); });
    const auto& plan = old_split_.plans[old.nat];
    const bool alone =
        old.copies == 1 && std::count_if(old_split_.systems.begin(), old_split_.systems.end(),
                                         [&](const auto& x) { return x.nat == old.nat; }) == 1;
    if (alone && plan.table && plan.design.pressure == pressure_kind::refuse)
        was->takes_table(static_cast<double>(*plan.table), *plan.of);
    return was;
}

// Of the ports and addresses of the system before the change those that it still has.
std::uint64_t follower::common_ports(const loss_system& system, const loss_curve& curve,
                                     const loss_system& old, const loss_curve& was) {
    const auto& pool = old_scenario().nats[old.nat].external_ip_address_pool;
    const auto& next = now_.nats[system.nat].external_ip_address_pool;
    const bool whole = old_split_.plans[old.nat].pool_size == old.ranks;
    const count addresses = whole ? (pool & next).size() : count(1);
    return saturated(addresses * (was.permitted() & curve.permitted()).size());
}

std::optional<start_law> follower::known_start(const loss_system& system, const loss_curve& curve,
                                               const loss_system* old) {
    const auto ports = static_cast<std::uint64_t>(curve.ports());
    start_law out;
    if (options_.live) {
        const double share = system.load() / split_.load;
        out.law = spread_over(static_cast<std::uint64_t>(*options_.live), share, ports);
        return out;
    }
    if (!old) return out;
    const auto was = curve_before(*old);
    auto law = trimmed(stationary_of(*was, old->load(), out.approximate));
    const auto& nat_before = old_scenario().nats[old->nat];
    const auto& nat_now = now_.nats[system.nat];
    if (!carried_from(old_scenario(), nat_now)) {
        if (was->ports() > curve.ports()) approximate_ = true;  // ports dealt out in sets
        out.same_as_before =
            was->method() == loss_method::erlang_b && was->ports() == curve.ports();
        out.law = std::move(law);
        return out;
    }
    const auto all = saturated(old->ranks * was->permitted().size());
    const bool kept_alike =
        nat_before.static_mappings.has_value() == nat_now.static_mappings.has_value() &&
        !nat_now.static_mappings;
    const auto common = kept_alike ? common_ports(system, curve, *old, *was) : 1;
    const bool same = !searches_otherwise(nat_before, nat_now);
    // Independent draws leave any flows on any ports with equal chance. And a table refuses by the
    // number of all, wherever they are.
    const bool drawn = was->method() == loss_method::attempts && kept_alike;
    const bool by_table = ports < curve.permitted().size() * system.ranks && kept_alike;
    if (out.approximate || !(same || common == all || common == 0 || drawn || by_table))
        return std::nullopt;
    out.same_as_before = was->method() == loss_method::erlang_b && was->ports() == curve.ports() &&
                         (same || common == all);
    if (same || common == all || by_table) {
        out.law = std::move(law);
        return out;
    }
    out.law = trimmed(on_some(law, all, common));
    out.outside = law.mean() - out.law.mean();
    return out;
}

start_law follower::start_of(const loss_system& system, const loss_curve& curve,
                             const loss_system* old) {
    if (auto known = known_start(system, curve, old)) {
        if (known->approximate)
            say("what is live before the change is as if only full ports refused before it");
        approximate_ = approximate_ || known->approximate;
        return std::move(*known);
    }
    const auto seen = states_before(system, *old);
    start_law out;
    out.sampled = seen.inside;
    out.outside = seen.outside;
    explain("on which ports the flows before the change lie is seen in " +
            std::to_string(seen.inside.size()) + " simulated states");
    return out;
}

double follower::share_that_stays(const loss_system& system, const loss_curve& curve,
                                  const loss_system& old) {
    const auto& nat_now = now_.nats[system.nat];
    const nat* before = carried_from(old_scenario(), nat_now);
    if (!before || !searches_otherwise(*before, nat_now)) return 1;
    const auto was = curve_before(old);
    if (common_ports(system, curve, old, *was) == saturated(old.ranks * was->permitted().size()))
        return 1;
    const auto seen = states_before(system, old);
    double inside = 0;
    for (const auto n : seen.inside) inside += static_cast<double>(n);
    inside /= static_cast<double>(seen.inside.size());
    approximate_ = true;
    return inside + seen.outside > 0 ? inside / (inside + seen.outside) : 1;
}

sampled_start follower::states_before(const loss_system& system, const loss_system& old) {
    course_start start;
    std::vector<std::size_t> kinds;
    const auto input = input_of(system, &old, start, kinds);
    auto seen = sample_start(input, start, options_.runs, options_.seed * 1009 + courses_.size(),
                             [this](double part) { progress(part); });
    by_design_ = true;
    count_runs(seen.inside.size());
    return seen;
}

// The fewest of any system are told.
void follower::count_runs(std::uint64_t runs) {
    simulated_ = true;
    out_.runs = out_.runs == 0 ? runs : std::min(out_.runs, runs);
}

simulation_input follower::input_of(const loss_system& system, const loss_system* old,
                                    course_start& start, std::vector<std::size_t>& kinds) {
    loss_system both = system;
    both.parts.clear();
    if (old) both.parts = in_terms_of(*old, old_scenario(), old_split_, system, now_, split_);
    part_sources(both.parts, system.parts);
    start.before = both.parts.size();
    start.cut = options_.cut;
    start.share_of_work = share_of_work_;
    for (const auto& part : both.parts) {
        const auto same = [&](const system_part& p) { return p.kind == part.kind; };
        const auto at = std::find_if(system.parts.begin(), system.parts.end(), same);
        start.becomes.push_back(at == system.parts.end()
                                    ? SIZE_MAX
                                    : start.before +
                                          static_cast<std::size_t>(at - system.parts.begin()));
    }
    if (options_.live) {
        start.live = *options_.live;
        start.share = std::min(1.0, system.load() / split_.load);
    }
    both.parts.insert(both.parts.end(), system.parts.begin(), system.parts.end());
    simulation_input input = input_for(now_, split_, both, kinds);
    input.clock = true;
    if (old && carried_from(old_scenario(), now_.nats[system.nat])) {
        loss_system was = *old;
        was.destinations = both.destinations;
        input.later = input.table;
        input.table = table_of(old_split_, was);
        // else one address alone, and the same
        if (input.table.plan->pool_size == old->ranks &&
            input.later->plan->pool_size == system.ranks)
            join_columns(input.table, *input.later);
    }
    return input;
}

system_course follower::simulated(const loss_system& system, const loss_system* old) {
    course_start start;
    std::vector<std::size_t> kinds;
    const auto input = input_of(system, old, start, kinds);
    auto found = simulated_course(input, start, options_.times, options_.runs,
                                  options_.seed * 1009 + courses_.size(),
                                  [this](double part) { progress(part); });
    by_design_ = true;
    count_runs(found.runs);
    // in the order of the kinds of the parts after the change
    std::vector<std::vector<log_odds>> mine;
    std::vector<std::size_t> seen;
    for (const auto& part : system.parts) {
        if (std::find(seen.begin(), seen.end(), part.kind) != seen.end()) continue;
        seen.push_back(part.kind);
        const auto at = std::find(kinds.begin(), kinds.end(), part.kind) - kinds.begin();
        mine.push_back(found.refused[static_cast<std::size_t>(at)]);
    }
    found.refused = std::move(mine);
    return found;
}

}  // namespace natbound::calculator::detail
