// Systems before a change matched with those after it, and their courses.
#include <algorithm>
#include <cmath>

#include "after_follower.hpp"
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
    return limits_approximate_ &&
           std::any_of(found.overall.begin(), found.overall.end(),
                       [](const refusal_odds& odds) { return odds.value > much; });
}

void follower::begin() {
    out_.times = options_.times;
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
    if (const auto other = of_another_nat(old_scenario(), now_); !other.empty()) note(other);
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
    std::vector<double> ports(now_.nats.size());
    std::vector<std::unique_ptr<loss_curve>> curves;
    for (const auto& system : split_.systems) {
        curves.push_back(std::make_unique<loss_curve>(now_, split_, system, options_.seed,
                                                      [this] { progress(0); }));
        ports[system.nat] += system.copies * curves.back()->ports();
    }
    limits_ = std::make_unique<other_limits>(now_, traffic_, split_, ports);
    for (std::size_t i = 0; i < split_.systems.size(); ++i) {
        const auto& system = split_.systems[i];
        if (alone(i) && limits_->has_table(system.nat) &&
            split_.plans[system.nat].design.pressure == pressure_kind::refuse &&
            curves[i]->takes_table(limits_->table(system.nat)))
            limits_->drop_table(system.nat);
        const loss_system* old = old_of(system);
        if (old) matched_load_ += old->load() * old->copies;
        const std::string key =
            structure_key(system, split_) + "|" + shortest(system.load()) + "|" +
            (old ? structure_key(*old, old_split_) + shortest(old->load()) : std::string());
        const auto [it, fresh] = known.try_emplace(key, courses_.size());
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
    double lost = options_.live ? 0 : old_.load() - matched_load_;
    for (const auto& t : untranslated(old_scenario(), old_)) lost -= t.load();
    if (lost > 1e-9 * std::max(old_.load(), 1.0))
        note(
            "flows on addresses, or towards destinations, that the change takes away are gone "
            "at once");
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
        std::vector<double> live;
        for (const double t : options_.times)
            live.push_back(without_refusals(old ? &old->parts : nullptr, system.parts, t));
        return free_course(live, times());
    }
    if (in_bursts(system) || (old && in_bursts(*old))) {
        explain("the rates of bursts change by themselves: the design is stepped");
        return simulated(system, old);
    }
    const auto stop = [this] { progress(0); };
    const auto ports = static_cast<std::uint64_t>(curve.ports());
    const bool chain = method == loss_method::erlang_b || method == loss_method::attempts;
    if (hold > 0 && chain && ports <= 4'194'304) {
        const occupancy start = start_of(system, old, ports);
        if (method == loss_method::erlang_b) {
            auto found = erlang_course(ports, load, hold, start, options_.times, stop);
            // below what a law of chances holds
            for (std::size_t t = 0; t < times(); ++t)
                if (options_.times[t] == 0 && same_as_before_) {
                    found.refused[0][t].log = log_erlang_b(curve.ports(), old->load());
                    found.unseen[t] = 0;
                }
            return found;
        }
        const auto tries = curve.tries();
        return stepped_course(
            ports, load, hold,
            [=](std::uint64_t n) {
                refusal_by_draws draws(static_cast<double>(ports), tries, true);
                draws.to(static_cast<double>(n));
                return n == 0 ? 0.0 : draws.refused();
            },
            start, options_.times, stop);
    }
    if (chain) explain("holds are not all exponential with one mean: the design is stepped");
    return simulated(system, old);
}

occupancy follower::start_of(const loss_system& system, const loss_system* old,
                             std::uint64_t ports) {
    same_as_before_ = false;
    if (options_.live) {
        const double share = system.load() / split_.load;
        return spread_over(static_cast<std::uint64_t>(*options_.live), share, ports);
    }
    if (!old) return exactly(0);
    const loss_curve was(old_scenario(), old_split_, *old, options_.seed, [this] { progress(0); });
    bool approximate = false;
    same_as_before_ =
        was.method() == loss_method::erlang_b && was.ports() == static_cast<double>(ports);
    approximate_ = approximate_ || was.ports() > static_cast<double>(ports);
    auto law = trimmed(stationary_of(was, old->load(), approximate));
    if (approximate)
        say("what is live before the change is as if only full ports refused before it");
    approximate_ = approximate_ || approximate;
    return law;
}

system_course follower::simulated(const loss_system& system, const loss_system* old) {
    simulated_ = true;
    loss_system both = system;
    both.parts.clear();
    course_start start;
    if (old) both.parts = in_terms_of(*old, old_scenario(), old_split_, system, now_, split_);
    part_sources(both.parts, system.parts);
    start.before = both.parts.size();
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
    std::vector<std::size_t> kinds;
    simulation_input input = input_for(now_, split_, both, kinds);
    input.clock = true;
    auto found = simulated_course(input, start, options_.times, options_.runs,
                                  options_.seed * 1009 + courses_.size(),
                                  [this](double part) { progress(part); });
    out_.runs = out_.runs == 0 ? found.runs : std::min(out_.runs, found.runs);
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
    const auto why = detail::stepped_for(options.live ? now : before, now);
    if (!why.empty()) return detail::after_stepped(before, now, options, why);
    detail::follower each(before, now, options);
    auto found = each.run();
    if (each.leaves_much_open(found))
        return detail::after_stepped(before, now, options,
                                     "a table or a quota beside holds of several laws");
    return found;
}

}  // namespace natbound::calculator
