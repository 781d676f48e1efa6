// A search that finds every free port, of holds of any law: only the number live matters.
#include <algorithm>
#include <cmath>

#include "after_follower.hpp"
#include "after_kept.hpp"
#include "after_numbers.hpp"
#include "after_parts.hpp"
#include "after_reach.hpp"
#include "natbound/calculator/erlang.hpp"

namespace natbound::calculator::detail {

std::optional<system_course> follower::far_from_full(const loss_system& system,
                                                     const loss_curve& curve,
                                                     const loss_system* old, bool has_chain) {
    if (curve.method() != loss_method::erlang_b) return std::nullopt;
    const nat* before = carried_from(old_scenario(), now_.nats[system.nat]);
    const bool moved = before && searches_otherwise(*before, now_.nats[system.nat]);
    if (options_.cut && moved) return std::nullopt;  // of how many?
    const double load = system.load();
    double carried = 0, mean = 0;
    if (options_.live) {
        carried = *options_.live * load / split_.load;
        mean = std::max(carried, load);
    } else {
        mean = most_mean(old ? old->parts : std::vector<system_part>(), system.parts);
    }
    const double reach = log_reached(curve.ports(), mean);
    const double enough = has_chain || options_.runs > 0 ? as_good_as_never : bound_is_enough;
    if (!(reach < std::log(enough))) return std::nullopt;
    const auto was = old ? curve_before(*old) : nullptr;
    if (old) {
        bool approximate = false;
        carried = stationary_of(*was, old->load(), approximate).mean();
        approximate_ = approximate_ || approximate;
    }
    const auto& parts = old ? old->parts : system.parts;
    const double all = without_refusals(&parts, {}, 0);
    std::vector<double> live;
    for (const double t : options_.times)
        live.push_back(carried * without_refusals(&parts, {}, t) / all +
                       without_refusals(nullptr, system.parts, t));
    double rate = 0;
    for (const auto& p : system.parts) rate += p.rate;
    auto out = bounded_course(reach, rate, live);
    if (out.bounded)
        explain(
            "where all ports are busy with a chance below 1e-4, that chance without refusals is a "
            "bound");
    if (old && !moved && was->method() == loss_method::erlang_b && was->ports() == curve.ports())
        for (std::size_t t = 0; t < times(); ++t)
            if (options_.times[t] == 0) {
                out.refused[0][t].log = log_erlang_b(curve.ports(), old->load());
                out.unseen[t] = 0;
            }
    return out;
}

std::size_t follower::part_of(const loss_system& system, const system_part& old) const {
    const auto& was = old_split_.kinds[old.kind];
    const auto& s = old_scenario();
    for (std::size_t i = 0; i < system.parts.size(); ++i) {
        const auto& is = split_.kinds[system.parts[i].kind];
        if (s.clients[was.clients].name == now_.clients[is.clients].name &&
            s.servers[was.servers].name == now_.servers[is.servers].name &&
            was.address == is.address && was.port == is.port)
            return i;
    }
    return SIZE_MAX;
}

system_course follower::by_number(const loss_system& system, const loss_curve& curve,
                                  const loss_system* old, const start_law& start) {
    const auto stream = [](const system_part& p) {
        return number_stream{p.rate, {p.open, p.closing}};
    };
    number_change change;
    change.limit = curve.ports();
    change.start = start.law;
    for (const auto& p : system.parts) change.now.push_back(stream(p));
    const auto& parts = options_.live || !old ? system.parts : old->parts;
    for (const auto& p : parts) {
        if (!options_.live && !old) break;
        change.before.push_back(stream(p));
        change.before.back().becomes =
            options_.live ? change.before.size() - 1 : part_of(system, p);
    }
    const double all = without_refusals(&parts, {}, 0);
    const auto left = [&](double t) { return without_refusals(&parts, {}, t) / all; };
    const double carried = options_.live ? *options_.live * system.load() / split_.load
                           : old         ? all
                                         : 0;
    for (const double t : options_.times)
        change.means.push_back(carried * left(t) + without_refusals(nullptr, system.parts, t));
    auto found = number_course(change, options_.times, options_.runs, share_of_work_,
                               options_.seed * 1009 + courses_.size(),
                               [this](double part) { progress(part); });
    by_number_ = true;
    count_runs(found.runs);
    for (std::size_t t = 0; t < times(); ++t) {
        if (start.outside > 0 && !options_.cut)
            found.live[t] += start.outside * without_refusals(&old->parts, {}, options_.times[t]) /
                             without_refusals(&old->parts, {}, 0);
        if (options_.times[t] == 0 && start.same_as_before) {
            found.refused[0][t].log = log_erlang_b(curve.ports(), old->load());
            found.unseen[t] = 0;
        }
    }
    return found;
}

}  // namespace natbound::calculator::detail
