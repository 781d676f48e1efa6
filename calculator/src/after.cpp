// Systems before a change matched with those after it, and their courses.
#include <algorithm>
#include <cmath>

#include "after_follower.hpp"
#include "after_kept.hpp"
#include "after_parts.hpp"
#include "after_stepped.hpp"
#include "natbound/calculator/erlang.hpp"
#include "natbound/model/error.hpp"
#include "natbound/model/json_io.hpp"
#include "refusal_by_draws.hpp"

namespace natbound::calculator {
namespace {

constexpr double much = 1e-3;  // refused

bool in_bursts(const loss_system& system) {
    return std::any_of(system.parts.begin(), system.parts.end(),
                       [](const auto& p) { return p.arrives.changes(); });
}

void check(const after_options& o) {
    if (o.times.size() > 1000) throw domain_error("after: times: at most 1,000 are answered");
    for (const double t : o.times)
        if (!(t >= 0 && t <= 1e12))
            throw domain_error("after: times: " + shortest(t) +
                               ": each must be at least 0 and at most 1e12 seconds");
    for (const double p : o.quantiles)
        if (!(p > 0 && p < 1))
            throw domain_error("after: quantiles: " + shortest(p) +
                               ": each must be above 0 and below 1");
    if (o.live && !(*o.live >= 0 && *o.live <= 4'194'304 && *o.live == std::floor(*o.live)))
        throw domain_error("after: live = " + shortest(*o.live) +
                           ": must be a whole number from 0 to 4,194,304");
    if (o.runs == 1 || o.runs > 1'000'000)
        throw domain_error("after: runs must be 2 to 1,000,000, or 0: as time allows");
}

}  // namespace

namespace detail {

after_result follower::run() {
    begin();
    courses();
    limits();
    odds();
    first_refusal();
    finish();
    return std::move(out_);
}

bool follower::leaves_much_open(const after_result& found) const {
    const bool moved = joined_ && !options_.live &&
                       std::any_of(now_.nats.begin(), now_.nats.end(), [&](const auto& n) {
                           return carried_from(before_, n) != nullptr;
                       });
    if ((limits_stepped_ || moved) && overlap_ > much) return true;
    return limits_approximate_ && std::any_of(found.overall.begin(), found.overall.end(),
                                              [](const auto& odds) { return odds.value > much; });
}

void follower::begin() {
    out_.times = options_.times;
    out_.live.assign(times(), 0);
    old_ = options_.live ? traffic_ : as_kept(before_, fill_traffic(before_), now_, traffic_);
    if (options_.live)
        for (auto& s : old_.streams) s.rate *= *options_.live / traffic_.load();
    std::uint64_t assignment = 0;
    split_ = split(now_, traffic_);
    if (split_.unknown_hash) {
        const auto all = assignments_by_load(now_, traffic_);
        assignment = all[all.size() / 2].second;
        split_ = split(now_, traffic_, assignment);
        split_.assumed.push_back("which address a client gets is not known: the median of " +
                                 std::to_string(all.size()) +
                                 " random assignments, by the load of the fullest address");
    }
    kinds_now_ = split_.kinds.size();
    if (!options_.live || *options_.live > 0)
        old_split_ = split(options_.live ? now_ : before_, old_, assignment);
    out_.rate = split_.rate;
    out_.load = split_.load;
    out_.load_before = options_.live.value_or(old_.load());
    out_.assumed = traffic_.assumed;
    for (const auto& a : split_.assumed) say(a);
    if (const auto sets = not_carried(old_scenario(), now_); !sets.empty()) note(sets);
    if (options_.live && *options_.live > 0)
        say("the flows that are live at the change are spread as the traffic is, and have run "
            "for as long as flows met at any moment have");
}

const loss_system* follower::old_of(const loss_system& system) {
    if (old_split_.systems.empty()) return nullptr;
    const std::string name = place_of(now_, split_, system);
    for (const auto& one : old_split_.systems)
        if (place_of(old_scenario(), old_split_, one) == name) return &one;
    return nullptr;
}

void follower::courses() {
    std::map<std::string, std::size_t> known;
    ports_.assign(now_.nats.size(), 0);
    std::vector<std::unique_ptr<loss_curve>> curves;
    for (const auto& system : split_.systems) {
        curves.push_back(std::make_unique<loss_curve>(now_, split_, system, options_.seed,
                                                      [this] { progress(0); }));
        ports_[system.nat] += system.copies * curves.back()->ports();
    }
    std::vector<const loss_system*> olds;
    std::vector<std::string> keys;
    for (const auto& system : split_.systems) {
        const loss_system* old = old_of(system);
        if (old) matched_.insert(old);
        olds.push_back(old);
        keys.push_back(
            structure_key(system, split_) + "|" + shortest(system.load()) + "|" +
            (old ? structure_key(*old, old_split_) + shortest(old->load()) : std::string()));
    }
    share_of_work_ = 1 / static_cast<double>(std::max<std::size_t>(
                             std::set<std::string>(keys.begin(), keys.end()).size(), 1));
    limits_ = std::make_unique<other_limits>(now_, traffic_, split_, ports_);
    for (std::size_t i = 0; i < split_.systems.size(); ++i) {
        const auto& system = split_.systems[i];
        if (alone(i) && limits_->has_table(system.nat) &&
            split_.plans[system.nat].design.pressure == pressure_kind::refuse &&
            curves[i]->takes_table(limits_->table(system.nat), now_.nats[system.nat])) {
            limits_->drop_table(system.nat);
            by_table_.push_back(system.nat);
        }
        const loss_system* old = olds[i];
        const auto [it, fresh] = known.try_emplace(keys[i], courses_.size());
        of_system_.push_back(it->second);
        if (!fresh) continue;
        if (courses_.size() >= most_systems)
            throw unsupported("more than " + std::to_string(most_systems) +
                              " systems that differ can't be followed through a change");
        courses_.push_back(course_of(system, *curves[i], old));
        std::vector<std::size_t> places;
        for (const auto& part : system.parts) {
            const auto& all = curves[i]->kinds();
            places.push_back(curves[i]->exact()
                                 ? 0
                                 : static_cast<std::size_t>(
                                       std::find(all.begin(), all.end(), part.kind) - all.begin()));
        }
        places_.push_back(std::move(places));
    }
    for (const auto& old : old_split_.systems)
        if (matched_.count(&old) == 0) leave(old);
}

// Flows of a system that the NAT has no more: on an address that it gives no more, or towards a
// destination that none go to.
void follower::leave(const loss_system& old) {
    const auto& n = old_scenario().nats[old.nat];
    const auto now = std::find_if(now_.nats.begin(), now_.nats.end(),
                                  [&](const auto& other) { return other.name == n.name; });
    if (now == now_.nats.end())
        return note(n.name + " is not there after the change, and its flows are gone at once");
    const auto& pool = n.external_ip_address_pool;
    const bool address = old.rank && !now->external_ip_address_pool.contains(pool.at(*old.rank));
    if (address && options_.cut) return;
    const auto was = curve_before(old);
    bool approximate = false;
    const double carried = stationary_of(*was, old.load(), approximate).mean() / old.load();
    approximate_ = approximate_ || approximate;
    for (std::size_t t = 0; t < times(); ++t)
        out_.live[t] += old.copies * carried * without_refusals(&old.parts, {}, options_.times[t]);
}

bool follower::alone(std::size_t i) const {
    const auto mine = [&](const loss_system& x) { return x.nat == split_.systems[i].nat; };
    return split_.systems[i].copies == 1 &&
           std::count_if(split_.systems.begin(), split_.systems.end(), mine) == 1;
}

system_course follower::course_of(const loss_system& system, const loss_curve& curve,
                                  const loss_system* old) {
    const double load = system.load(), hold = one_hold(system.parts);
    const auto method = curve.method();
    explain(curve.explained());
    if (method == loss_method::nothing_refuses) {
        const double stay = old && options_.cut ? share_that_stays(system, curve, *old) : 1;
        std::vector<double> live;
        for (const double t : options_.times)
            live.push_back(without_refusals(nullptr, system.parts, t) +
                           (old ? stay * without_refusals(&old->parts, {}, t) : 0));
        return free_course(live, times());
    }
    if (in_bursts(system) || (old && in_bursts(*old))) {
        explain("the rates of bursts change by themselves: the design is stepped");
        return simulated(system, old);
    }
    const auto stop = [this] { progress(0); };
    const auto ports = static_cast<std::uint64_t>(curve.ports());
    const bool chain = method == loss_method::erlang_b || method == loss_method::attempts;
    const bool one_mean = hold > 0 && (!old || one_hold(old->parts) == hold);
    const bool has_chain = one_mean && chain && ports <= 4'194'304;
    if (auto found = far_from_full(system, curve, old, has_chain)) return std::move(*found);
    if (has_chain) {
        const auto start = start_of(system, curve, old);
        refusal_law refusal;
        if (method == loss_method::attempts)
            refusal = [ports, tries = curve.tries()](std::uint64_t n) {
                refusal_by_draws draws(static_cast<double>(ports), tries, true);
                draws.to(static_cast<double>(n));
                return n == 0 ? 0.0 : draws.refused();
            };
        auto found =
            !start.sampled.empty()
                ? sampled_course(ports, load, hold, refusal, start.sampled, options_.times, stop)
            : refusal ? stepped_course(ports, load, hold, refusal, start.law, options_.times, stop)
                      : erlang_course(ports, load, hold, start.law, options_.times, stop);
        for (std::size_t t = 0; t < times(); ++t) {
            if (!options_.cut) found.live[t] += start.outside * std::exp(-options_.times[t] / hold);
            // below what a law of chances holds
            if (options_.times[t] == 0 && start.same_as_before && !refusal) {
                found.refused[0][t].log = log_erlang_b(curve.ports(), old->load());
                found.unseen[t] = 0;
            }
        }
        return found;
    }
    if (method == loss_method::erlang_b)
        if (const auto start = known_start(system, curve, old); start && !start->approximate)
            return by_number(system, curve, old, *start);
    if (chain) explain("holds are not all exponential with one mean: the design is stepped");
    return simulated(system, old);
}

void follower::explain(const std::string& why) {
    if (!why.empty() && std::find(why_.begin(), why_.end(), why) == why_.end()) why_.push_back(why);
}

void follower::note(const std::string& sentence) {
    say(sentence);
    auto& notes = out_.notes;
    if (std::find(notes.begin(), notes.end(), sentence) == notes.end()) notes.push_back(sentence);
}

void follower::say(const std::string& sentence) {
    if (std::find(out_.assumed.begin(), out_.assumed.end(), sentence) == out_.assumed.end())
        out_.assumed.push_back(sentence);
}

void follower::progress(double part) const {
    if (!options_.progress) return;
    const double all = static_cast<double>(std::max<std::size_t>(split_.systems.size(), 1));
    options_.progress(std::min(1.0, (static_cast<double>(of_system_.size()) + part) / all));
}

}  // namespace detail

after_result after(const scenario& before, const scenario& now, const after_options& given) {
    check(given);
    need_traffic(now, "a change is one of traffic");
    if (!given.live) need_traffic(before, "a change is one of traffic");
    after_options options = given;
    if (options.times.empty()) {
        const auto traffic = fill_traffic(now);
        for (const double holds : {0.0, 0.1, 0.25, 0.5, 1.0, 2.0, 5.0})
            options.times.push_back(holds * detail::taken_a_connection(traffic));
    }
    refuse_clashes(now);
    if (!options.live) refuse_clashes(before);
    const auto why = detail::stepped_for(options.live ? now : before, now, options.cut);
    if (!why.empty()) return detail::after_stepped(before, now, options, why);
    detail::follower each(before, now, options);
    auto found = each.run();
    if (each.leaves_much_open(found))
        return detail::after_stepped(before, now, options,
                                     "a table or a quota beside holds of several laws, or beside "
                                     "another NAT than before");
    return found;
}

}  // namespace natbound::calculator
