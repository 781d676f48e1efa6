#include "after_stepped.hpp"

#include <algorithm>
#include <cmath>
#include <deque>
#include <map>

#include "after_both.hpp"
#include "after_kept.hpp"
#include "after_reach.hpp"
#include "after_runs.hpp"
#include "dealt_simulation.hpp"
#include "natbound/model/cascade.hpp"
#include "natbound/model/error.hpp"
#include "natbound/model/json_io.hpp"
#include "network_simulation.hpp"

namespace natbound::calculator::detail {
namespace {

constexpr double around = 0.01;  // of a mean hold, to either side of a time
// arrivals in all
constexpr double most_work = 3e6, most_work_of_networks = 3e5, most_work_of_sets = 6e6;

kind_result who_of(const scenario& s, const named_kind& kind, double rate) {
    kind_result out;
    out.kind.clients = kind.clients;
    out.kind.servers = kind.servers;
    out.kind.rate = rate;
    out.clients = s.clients[kind.clients].name;
    out.servers = s.servers[kind.servers].name;
    out.destination = kind.destination.empty() ? "all of it" : kind.destination;
    out.protocol = json_io::name_of(s.servers[kind.servers].protocol);
    if (const nat* n = nat_of(s, kind.clients)) {
        out.nat = n->name;
        out.kind.nat = static_cast<std::size_t>(n - s.nats.data());
    }
    return out;
}

bool deals_ports(const scenario& s) {
    return std::any_of(s.nats.begin(), s.nats.end(),
                       [](const auto& n) { return n.port_set.has_value(); });
}

class stepper {
  public:
    stepper(const scenario& before, const scenario& now, const after_options& options)
        : options_(options),
          network_(needs_network(now) || deals_ports(now) ||
                   is_reshaped(options.live ? now : before, now)),
          now_(as_stepped(now)),
          old_(options.live ? now_ : as_stepped(before)),
          traffic_(fill_traffic(now_)),
          both_(old_, old_traffic(), now_, traffic_),
          all_{options_} {}

    after_result run(const std::string& why) {
        out_.times = options_.times;
        out_.assumed = traffic_.assumed;
        const auto sets = dealt_of(now_, both_.all);
        if (sets && hardly_reached(*sets)) return std::move(out_);
        if (sets)
            step_sets(*sets);
        else if (network_)
            step_network();
        else
            step_nats();
        finish(why, sets.has_value());
        return std::move(out_);
    }

  private:
    void note(const std::string& sentence) {
        out_.assumed.push_back(sentence);
        out_.notes.push_back(sentence);
    }

    filled_traffic old_traffic() const {
        if (!options_.live) return as_kept(old_, fill_traffic(old_), now_, traffic_);
        filled_traffic out = traffic_;
        for (auto& s : out.streams) s.rate *= *options_.live / traffic_.load();
        return out;
    }

    void begin(double rate, double load, double rate_before, double warm_up, double most) {
        const auto& times = options_.times;
        all_.wide = around * taken_a_connection(traffic_);
        const double horizon = *std::max_element(times.begin(), times.end()) + all_.wide;
        const double fewest = fewest_runs_of(horizon * rate, most);
        if (warm_up * rate_before * fewest > most) {
            all_.most_warm_up = warm_up = most / (rate_before * fewest);
            note("before the change " + shortest(std::round(warm_up)) +
                 " s are stepped, from as many flows as are live in the long "
                 "run: fewer than how ports are arranged is remembered for");
        }
        all_.runs = options_.runs;
        if (all_.runs == 0)
            all_.runs = affordable_runs(warm_up * rate_before + horizon * rate, most, 1000, fewest);
        all_.overall.assign(times.size(), by_run(all_.runs));
        all_.live.assign(times.size(), 0);
        all_.first.assign(all_.runs, never);
        out_.rate = rate;
        out_.load = load;
        horizon_ = horizon;
    }

    void keep(const named_kind& kind, double rate, const std::vector<by_run>& by_time) {
        after_kind one;
        one.who = who_of(now_, kind, rate);
        for (const auto& at : by_time) one.at.push_back(at.odds());
        out_.kinds.push_back(std::move(one));
    }

    // Where a chance so small that nothing of it would be seen bounds all refusals.
    bool hardly_reached(const dealt_input& input) {
        const double horizon = *std::max_element(options_.times.begin(), options_.times.end());
        const double log = dealt_log_reach(input, both_.before, horizon);
        if (log > std::log(options_.runs > 0 ? as_good_as_never : bound_is_enough)) return false;
        const double most = std::max(std::exp(log), as_good_as_never);
        const auto& all = both_.all.streams;
        const auto middle = all.begin() + static_cast<std::ptrdiff_t>(both_.before);
        const std::vector<stream> old(all.begin(), middle), now(middle, all.end());
        for (const double t : options_.times) {
            out_.live.push_back(without_refusals(old, now, t));
            out_.overall.push_back(as_odds({-never, 0, true}, most, 0));
        }
        out_.worst = out_.overall;
        std::map<std::uint32_t, double> rates;
        for (std::size_t i = both_.before; i < all.size(); ++i)
            rates[input.streams[i].kind] += all[i].rate;
        for (const auto& [kind, rate] : rates) {
            out_.kinds.push_back({who_of(now_, input.kinds[kind], rate), out_.overall});
            out_.kinds.back().who.odds = out_.overall.front();
        }
        for (const auto& s : now) {
            out_.rate += s.rate;
            out_.load += s.load();
        }
        for (const auto& s : old) out_.load_before += s.load();
        auto course = free_course(out_.live, options_.times.size());
        out_.exact = most <= as_good_as_never;
        if (!out_.exact) {
            course.bounded = true;
            course.never = false;
            course.log_none = [most](double) { return std::log1p(-most); };
            course.first_quantile = [most](double p) { return p > most ? never : 0.0; };
        }
        out_.first = first_of({{&course, 1.0}}, options_);
        out_.first.at_most = course.bounded;
        out_.method =
            "without steps: for a refusal more would have to be live towards one destination than "
            "hardly ever are, on ports that every subscriber can be dealt";
        if (!options_.live)
            out_.assumed.emplace_back(
                "before the change the traffic has come for a million mean holds, or less");
        return true;
    }

    // Sets by the numbers of flows in them.
    void step_sets(const dealt_input& input) {
        const auto& all = both_.all.streams;
        auto streams = changed(all, both_.before, same_sets_of);
        std::map<std::uint32_t, double> rates;
        double load = 0;
        for (std::size_t i = 0; i < all.size(); ++i) {
            streams.rates.push_back(all[i].rate);
            streams.holds.push_back(all[i].hold());
            (i < both_.before ? out_.load_before : load) += all[i].load();
            if (i >= both_.before) rates[input.streams[i].kind] += all[i].rate;
        }
        const double warm_up = streams.warm_up(dealt_simulation(input, options_.seed), options_);
        begin(streams.rate(false), load, streams.rate(true), warm_up, most_work_of_sets);
        const auto found = follow<dealt_simulation>(input, streams, 1, options_.seed, 0, all_);
        for (const auto& [kind, rate] : rates) keep(input.kinds[kind], rate, found[kind]);
    }

    void step_network() {
        auto input = network_of(now_, both_.all);
        if (!options_.live) input.before = &old_;
        filled_traffic alone;
        alone.streams.assign(both_.all.streams.begin(),
                             both_.all.streams.begin() + static_cast<std::ptrdiff_t>(both_.before));
        const std::size_t before = network_of(now_, alone).streams.size();
        auto streams = changed(input.streams, before, [](const auto& a, const auto& b) {
            return a.clients == b.clients && a.servers == b.servers;
        });
        std::vector<double> rates(input.kinds.size());
        double load = 0;
        for (std::size_t i = 0; i < input.streams.size(); ++i) {
            const auto& s = input.streams[i];
            streams.rates.push_back(s.law.rate);
            streams.holds.push_back(s.taken());
            (i < before ? out_.load_before : load) += s.law.rate * s.law.hold();
            if (i >= before) rates[s.kind] += s.law.rate;
        }
        const double warm_up = streams.warm_up(network_simulation(input, options_.seed), options_);
        begin(streams.rate(false), load, streams.rate(true), warm_up, most_work_of_networks);
        const auto found = follow<network_simulation>(input, streams, 1, options_.seed, 0, all_);
        for (std::size_t k = 0; k < found.size(); ++k)
            if (rates[k] > 0) keep(input.kinds[k], rates[k], found[k]);
        out_.assumed.emplace_back(
            "where a NAT or a server further on refuses a connection, the entries that it has "
            "opened on the way go at once");
    }

    void step_nats() {
        std::deque<nat_plan> plans;
        std::vector<whole_nat> wholes;
        std::vector<changed_streams> streams;
        double rate = 0, load = 0, rate_before = 0, warm_up = 0;
        for (const auto& n : now_.nats) {
            plans.emplace_back(n);
            auto whole = whole_nat_of(now_, both_.all, plans.back(), options_.seed);
            if (whole.input.streams.empty()) continue;
            whole.input.clock = true;
            if (const nat* was = options_.live ? nullptr : carried_from(old_, n))
                begin_as(*was, n, whole.input);
            std::size_t before = 0;
            for (std::size_t i = 0; i < both_.before; ++i)
                before += nat_of(now_, both_.all.streams[i].clients) == &n ? 1 : 0;
            auto mine = changed(whole.input.streams, before, [](const auto& a, const auto& b) {
                return a.group == b.group && a.destinations == b.destinations;
            });
            for (std::size_t i = 0; i < whole.input.streams.size(); ++i) {
                const auto& s = whole.input.streams[i];
                mine.rates.push_back(s.rate);
                mine.holds.push_back(s.hold());
                (i < before ? out_.load_before : load) += s.rate * s.hold();
            }
            rate += mine.rate(false);
            rate_before += mine.rate(true);
            wholes.push_back(std::move(whole));
            streams.push_back(std::move(mine));
        }
        for (std::size_t n = 0; n < wholes.size(); ++n)
            warm_up = std::max(
                warm_up, streams[n].warm_up(simulation(wholes[n].input, options_.seed), options_));
        all_.parts = static_cast<double>(std::max<std::size_t>(wholes.size(), 1));
        begin(rate, load, rate_before, warm_up, most_work);
        for (std::size_t n = 0; n < wholes.size(); ++n) {
            const auto& input = wholes[n].input;
            std::vector<double> rates(wholes[n].kinds.size());
            double mine = 0;
            for (std::size_t i = streams[n].before; i < input.streams.size(); ++i)
                mine += add_rates(input, input.streams[i], rates);
            const auto found =
                follow<simulation>(input, streams[n], mine / load, options_.seed + 7919 * n,
                                   static_cast<double>(n), all_);
            for (std::size_t k = 0; k < found.size(); ++k)
                if (rates[k] > 0) keep(wholes[n].kinds[k], rates[k], found[k]);
            for (const auto& a : wholes[n].assumed) out_.assumed.push_back(a);
        }
    }

    // The NAT as it is before the change, to be stepped until then.
    void begin_as(const nat& was, const nat& n, simulation_input& input) {
        auto& one = nats_before_.emplace_back();
        one.with = now_;
        auto& here = one.with.nats[static_cast<std::size_t>(&n - now_.nats.data())];
        here = was;
        here.inside = n.inside;
        one.plan.emplace(here);
        const auto whole = whole_nat_of(one.with, both_.all, *one.plan, options_.seed);
        if (whole.input.table.destinations.size() != input.table.destinations.size())
            throw unsupported("NAT " + n.name +
                              ": so many destinations, of which some stand for all, through a "
                              "change of its pool are not stepped in this version");
        input.later = input.table;
        input.later_rank_of = input.rank_of;
        input.table = whole.input.table;
        input.rank_of = whole.input.rank_of;
        join_columns(input.table, *input.later);
    }

    // Its rate by kind; and its load.
    static double add_rates(const simulation_input& input, const simulated_stream& s,
                            std::vector<double>& rates) {
        const std::size_t many = input.kind_of.size() / input.clients.size();
        double all = 0;
        for (const double w : s.weights) all += w;
        for (std::size_t i = 0; i < s.destinations.size(); ++i) {
            const double part = s.weights.empty() ? 1.0 / static_cast<double>(s.destinations.size())
                                                  : s.weights[i] / all;
            rates[input.kind_of[s.group * many + s.destinations[i]]] += s.rate * part;
        }
        return s.rate * s.hold();
    }

    void finish(const std::string& why, bool by_sets) {
        if (options_.live) out_.load_before = *options_.live;
        out_.live = all_.live;
        out_.runs = all_.runs;
        for (std::size_t t = 0; t < options_.times.size(); ++t) {
            out_.overall.push_back(all_.overall[t].odds());
            const auto worst = std::max_element(
                out_.kinds.begin(), out_.kinds.end(),
                [&](const auto& a, const auto& b) { return rank(a.at[t]) < rank(b.at[t]); });
            out_.worst.push_back(worst == out_.kinds.end() ? out_.overall.back() : worst->at[t]);
        }
        for (auto& kind : out_.kinds)
            kind.who.odds =
                *std::max_element(kind.at.begin(), kind.at.end(),
                                  [&](const auto& a, const auto& b) { return rank(a) < rank(b); });
        std::stable_sort(out_.kinds.begin(), out_.kinds.end(), [&](const auto& a, const auto& b) {
            return rank(a.who.odds) > rank(b.who.odds);
        });
        system_course course;
        std::sort(all_.first.begin(), all_.first.end());
        course.log_none = [first = all_.first](double t) {
            const auto come = std::upper_bound(first.begin(), first.end(), t) - first.begin();
            return std::log1p(-static_cast<double>(come) / static_cast<double>(first.size()));
        };
        course.known_until = horizon_;
        course.runs = all_.runs;
        out_.first = first_of({{&course, 1.0}}, options_);
        const std::string what =
            by_sets ? "the numbers of flows in each port set" : "the whole network";
        out_.method = what + ", stepped through the change " + std::to_string(all_.runs) +
                      " times; counted are the connections that arrive within 1 % of a mean hold "
                      "of each time; stepped for " +
                      why;
        if (const auto sets = not_carried(old_, now_); !sets.empty()) note(sets);
        if (network_ && !by_sets)
            out_.assumed.emplace_back("the timers after the change hold before it, too");
        if (all_.unoffered > 0)
            note(shortest(std::round(1e4 * all_.unoffered / all_.came) / 100) +
                 " % of the connections after the change found no port of their own and were not "
                 "sent: they are not among these");
        if (both_.lost)
            note(
                "flows of client and server sets, and through NATs, that the change takes away are "
                "gone at once");
    }

    const after_options& options_;
    bool network_;
    scenario now_, old_;
    filled_traffic traffic_;
    both_traffics both_;
    struct nat_before {
        scenario with;
        std::optional<nat_plan> plan;
    };
    std::deque<nat_before> nats_before_;
    course_of_all all_;
    double horizon_ = 0;
    after_result out_;
};

}  // namespace

after_result after_stepped(const scenario& before, const scenario& now,
                           const after_options& options, const std::string& why) {
    return stepper(before, now, options).run(why);
}

}  // namespace natbound::calculator::detail
