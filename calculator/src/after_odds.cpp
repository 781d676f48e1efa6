// What is summed over the courses of all systems, and what limits add.
#include <algorithm>
#include <cmath>
#include <limits>

#include "after_follower.hpp"
#include "after_kept.hpp"
#include "after_parts.hpp"
#include "after_runs.hpp"
#include "after_stepped.hpp"
#include "kind_names.hpp"
#include "logarithms.hpp"
#include "natbound/calculator/erlang.hpp"

namespace natbound::calculator::detail {
namespace {

constexpr double infinite = std::numeric_limits<double>::infinity();

}  // namespace

std::vector<stream> follower::untranslated(const scenario& s, const filled_traffic& traffic) const {
    const auto counted = [&](const nat& n) {  // by its table
        for (const auto& one : tables_)
            if (now_.nats[one.first].name == n.name) return true;
        return false;
    };
    std::vector<stream> out;
    for (const auto& t : traffic.streams) {
        const nat* n = nat_of(s, t.clients);
        if (!n || (!translates(*n) && !counted(*n))) out.push_back(t);
    }
    return out;
}

// A NAT's table, where it can be reached: also by flows on ports that it no longer gives.
double follower::table_after(std::size_t n) {
    if (limits_->has_table(n)) return limits_->table(n);
    const auto& table = split_.plans[n].table;
    const bool alone = std::find(by_table_.begin(), by_table_.end(), n) != by_table_.end();
    const nat* was = carried_from(old_scenario(), now_.nats[n]);
    if (!table || alone || !was || !searches_otherwise(*was, now_.nats[n])) return 0;
    const auto limit = static_cast<double>(*table);
    return limit < most_live_before(n, infinite) + ports_[n] ? limit : 0;
}

// Of the NAT before the change, by its ports and its table; `same`: what it is where it has not
// become another one.
double follower::most_live_before(std::size_t n, double same) {
    const nat* was = carried_from(old_scenario(), now_.nats[n]);
    if (!was) return same;
    const auto place = static_cast<std::size_t>(was - old_scenario().nats.data());
    double ports = 0;
    for (const auto& old : old_split_.systems)
        if (old.nat == place) ports += old.copies * curve_before(old)->ports();
    const auto table = nat_plan(*was).table;
    return table ? std::min(ports, static_cast<double>(*table)) : ports;
}

void follower::limits() {
    const auto add = [&](std::map<std::size_t, system_course>& to, std::size_t at,
                         limit_change change) {
        change.was = &old_scenario();
        change.is = &now_;
        bool approximate = false;
        const auto& found = to.emplace(at, limit_course(change, options_, approximate,
                                                        [this](double part) { progress(part); }))
                                .first->second;
        limits_approximate_ = limits_approximate_ || approximate;
        if (found.runs == 0) return;
        limits_stepped_ = by_number_ = true;
        count_runs(found.runs);
    };
    for (std::size_t n = 0; n < now_.nats.size(); ++n) {
        const double limit = table_after(n);
        if (limit == 0) continue;
        if (limits_->cuts(n)) {
            note(now_.nats[n].name +
                 ": ports refuse as if no entry were dropped from the full table");
            continue;
        }
        const std::string name = now_.nats[n].name;
        add(tables_, n,
            {limit, most_live_before(n, limit), 1, nullptr, nullptr,
             through(old_scenario(), old_, name), through(now_, traffic_, name)});
        if (!translates(now_.nats[n]) || tables_.at(n).never) continue;
        note(name +
             ": ports and the flow table refuse independently of one another (an upper "
             "bound)");
        joined_ = true;
    }
    for (std::size_t c = 0; c < now_.clients.size(); ++c) {
        if (!limits_->has_quota(c)) continue;
        const nat* n = nat_of(now_, c);
        const auto plan = static_cast<std::size_t>(n - now_.nats.data());
        const auto each = static_cast<double>(now_.clients[c].addresses.size());
        const auto quota = static_cast<double>(*split_.plans[plan].quota);
        double before = quota;
        if (const nat* was = carried_from(old_scenario(), *n)) {
            const auto held = nat_plan(*was).quota;
            before = held ? static_cast<double>(*held) : infinite;
        }
        const std::string name = now_.clients[c].name;
        add(quotas_, c,
            {quota, before, each, nullptr, nullptr, of_clients(old_scenario(), old_, name),
             of_clients(now_, traffic_, name)});
        if (quotas_.at(c).never) continue;
        note(n->name +
             ": a subscriber's quota refuses independently of ports and table (an "
             "upper bound)");
        joined_ = true;
    }
    if (limits_approximate_)
        say("tables of millions under holds that are not exponential with one mean: Erlang's "
            "formula with what would be live without refusals (modified offered load)");
}

void follower::odds() {
    std::vector<std::vector<log_odds>> sum(kinds_now_,
                                           std::vector<log_odds>(times(), {log_zero, 0, false}));
    std::vector<std::vector<double>> unseen(kinds_now_, std::vector<double>(times(), 0.0));
    std::vector<std::size_t> heaviest(kinds_now_, SIZE_MAX);
    for (std::size_t i = 0; i < split_.systems.size(); ++i) {
        const auto& system = split_.systems[i];
        const auto& course = courses_[of_system_[i]];
        for (std::size_t t = 0; t < times(); ++t) out_.live[t] += course.live[t] * system.copies;
        for (std::size_t p = 0; p < system.parts.size(); ++p) {
            const auto& part = system.parts[p];
            const auto& kind = split_.kinds[part.kind];
            const double share = part.rate * system.copies / kind.endpoints / kind.rate;
            if (heaviest[part.kind] == SIZE_MAX ||
                system.load() > split_.systems[heaviest[part.kind]].load())
                heaviest[part.kind] = i;
            for (std::size_t t = 0; t < times(); ++t) {
                const auto& here = course.refused[places_[of_system_[i]][p]][t];
                auto& to = sum[part.kind][t];
                if (!here.seen)
                    unseen[part.kind][t] +=
                        share * none_refused_of(static_cast<double>(course.runs));
                if (!course.unseen.empty()) unseen[part.kind][t] += share * course.unseen[t];
                if (here.log == log_zero) continue;
                const double log = here.log + std::log(share), all = log_sum(to.log, log);
                to.error = to.error * std::exp(to.log - all) + here.error * std::exp(log - all);
                to.log = all;
            }
        }
    }
    const auto untranslated_now = untranslated(now_, traffic_),
               untranslated_old = untranslated(old_scenario(), old_);
    for (const auto& [n, course] : tables_)
        if (!translates(now_.nats[n]))
            for (std::size_t t = 0; t < times(); ++t) out_.live[t] += course.live[t];
    for (std::size_t t = 0; t < times(); ++t)
        out_.live[t] +=
            detail::without_refusals(untranslated_old, untranslated_now, options_.times[t]);
    for (std::size_t k = 0; k < kinds_now_; ++k) {
        after_kind kind;
        kind.who = named(now_, split_, k, heaviest[k]);
        for (std::size_t t = 0; t < times(); ++t) {
            auto here = sum[k][t];
            const auto join = [&](const std::map<std::size_t, system_course>& of, std::size_t at) {
                const auto found = of.find(at);
                if (found == of.end()) return;
                const auto& by_limit = found->second.refused[0][t];
                const double limit = by_limit.log;
                overlap_ = std::max(overlap_, std::exp(std::min(limit, here.log)));
                const double rest = here.log + std::log1p(-std::min(1.0, std::exp(limit)));
                const double all = log_sum(limit, rest);
                if (all > log_zero)
                    here.error =
                        here.error * std::exp(rest - all) + by_limit.error * std::exp(limit - all);
                if (!by_limit.seen)
                    unseen[k][t] += none_refused_of(static_cast<double>(found->second.runs));
                here.log = all;
                if (!found->second.unseen.empty()) unseen[k][t] += found->second.unseen[t];
            };
            if (split_.kinds[k].nat) join(tables_, *split_.kinds[k].nat);
            join(quotas_, split_.kinds[k].clients);
            kind.at.push_back(as_odds(here, unseen[k][t], simulated_ ? out_.runs : 0));
        }
        out_.kinds.push_back(std::move(kind));
    }
}

void follower::first_refusal() {
    auto& first = out_.first;
    std::vector<std::pair<const system_course*, double>> all;
    std::map<std::size_t, double> copies;
    for (std::size_t i = 0; i < split_.systems.size(); ++i)
        copies[of_system_[i]] += split_.systems[i].copies;
    for (const auto& [c, many] : copies) all.emplace_back(&courses_[c], many);
    for (const auto& [n, course] : tables_) all.emplace_back(&course, 1);
    for (const auto& [c, course] : quotas_)
        all.emplace_back(&course, static_cast<double>(now_.clients[c].addresses.size()));
    first = first_of(all, options_);
    first.at_most = joined_ || std::any_of(all.begin(), all.end(),
                                           [](const auto& c) { return c.first->bounded; });
    if (all.size() > 1 && options_.live && *options_.live > 0)
        say("systems that share the flows live at the change are taken for independent in the "
            "time to the first refusal");
}

void follower::finish() {
    for (std::size_t t = 0; t < times(); ++t) {
        out_.overall.push_back(average(out_.kinds, t, out_.rate));
        const auto worst = std::max_element(
            out_.kinds.begin(), out_.kinds.end(),
            [&](const auto& a, const auto& b) { return rank(a.at[t]) < rank(b.at[t]); });
        out_.worst.push_back(worst->at[t]);
    }
    for (auto& kind : out_.kinds) {
        kind.who.odds = kind.at.front();
        for (const auto& at : kind.at)
            if (rank(at) > rank(kind.who.odds)) kind.who.odds = at;
    }
    std::stable_sort(out_.kinds.begin(), out_.kinds.end(), [](const auto& a, const auto& b) {
        return rank(a.who.odds) > rank(b.who.odds);
    });
    out_.exact = !simulated_ && !approximate_ && !out_.first.at_most;
    const std::string often =
        ", stepped through the change " + std::to_string(out_.runs) + " times or more, and ";
    const std::string by_design = "the concrete design" + often +
                                  "the exact probability given the state averaged over the runs";
    const std::string by_number =
        "the number live" + often +
        "the share of time in which all are busy within 1 % of a mean hold of each time";
    out_.method = by_design_ && by_number_ ? by_design + "; or " + by_number
                  : by_design_             ? by_design
                  : by_number_             ? by_number
                               : "the chain of the number live, followed through the change";
    if (simulated_ &&
        std::any_of(courses_.begin(), courses_.end(), [](const auto& c) { return c.runs == 0; }))
        out_.method += "; where it is a chain of the number live, that chain";
    for (const auto& why : why_) out_.method += "; " + why;
    const bool memoryless = std::all_of(
        traffic_.streams.begin(), traffic_.streams.end(),
        [](const auto& s) { return s.open.law == hold_law::exponential && s.closing.empty(); });
    say(memoryless
            ? "a changed hold holds for flows that are live, too (exponential holds have "
              "no memory)"
            : "flows that are open at the change stay as long as they would have (exponential: "
              "by "
              "the mean after it), and are then kept by the timers after it; closed ones "
              "keep theirs");
}

}  // namespace natbound::calculator::detail
