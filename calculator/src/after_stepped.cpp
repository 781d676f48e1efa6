#include "after_stepped.hpp"

#include <algorithm>
#include <cmath>
#include <deque>

#include "after_kept.hpp"
#include "after_runs.hpp"
#include "natbound/model/cascade.hpp"
#include "natbound/model/error.hpp"
#include "natbound/model/json_io.hpp"
#include "network_simulation.hpp"

namespace natbound::calculator::detail {
namespace {

constexpr double around = 0.01;  // of a mean hold, to either side of a time
constexpr double most_work = 3e6, most_work_of_networks = 4e5;  // arrivals in all

bool same_sets(const stream& a, const stream& b) {
    return a.clients == b.clients && a.servers == b.servers;
}

// The streams of both, in the sets of the scenario after the change, and what becomes of the
// former. Those whose sets are gone are left out.
struct both_traffics {
    filled_traffic all;
    std::size_t before = 0;
    bool lost = false;

    both_traffics(const scenario& was, filled_traffic old, const scenario& now,
                  const filled_traffic& traffic) {
        for (auto& s : old.streams) {
            // of clients that are behind another NAT now
            const nat* behind = nat_of(was, s.clients);
            const auto place = [](const auto& sets, const std::string& name) {
                return static_cast<std::size_t>(
                    std::find_if(sets.begin(), sets.end(),
                                 [&](const auto& set) { return set.name == name; }) -
                    sets.begin());
            };
            s.clients = place(now.clients, was.clients[s.clients].name);
            s.servers = place(now.servers, was.servers[s.servers].name);
            const bool gone = s.clients == now.clients.size() || s.servers == now.servers.size();
            const nat* to = gone ? nullptr : nat_of(now, s.clients);
            if (gone || (behind && to && behind->name != to->name)) {
                lost = true;
                continue;
            }
            // a source goes on in its state, unless the change is one of how it switches
            const bool goes_on =
                std::any_of(traffic.streams.begin(), traffic.streams.end(), [&](const stream& t) {
                    return t.arrives.changes() && t.arrives.source == s.arrives.source &&
                           t.arrives.switching == s.arrives.switching;
                });
            if (s.arrives.changes() && !goes_on) s.arrives.source += std::size_t{1} << 20;
            const auto same =
                std::find_if(traffic.streams.begin(), traffic.streams.end(), [&](const stream& t) {
                    return same_sets(s, t) && t.weights.size() == s.weights.size();
                });
            if (!s.weights.empty() && same == traffic.streams.end()) s.weights.clear();
            all.streams.push_back(std::move(s));
        }
        before = all.streams.size();
        all.streams.insert(all.streams.end(), traffic.streams.begin(), traffic.streams.end());
        all.given = true;
    }
};

template <class Streams, class Same>
changed_streams changed(const Streams& streams, std::size_t before, const Same& same) {
    changed_streams out;
    out.before = before;
    for (std::size_t i = 0; i < before; ++i) {
        out.becomes.push_back(SIZE_MAX);
        for (std::size_t j = before; j < streams.size() && out.becomes.back() == SIZE_MAX; ++j)
            if (same(streams[i], streams[j])) out.becomes.back() = j;
    }
    return out;
}

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
        if (network_)
            step_network();
        else
            step_nats();
        finish(why);
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
        if (warm_up * rate_before * fewest_runs > most) {
            all_.most_warm_up = warm_up = most / (rate_before * fewest_runs);
            note("before the change " + shortest(std::round(warm_up)) +
                 " s are stepped, from as many flows as are live in the long "
                 "run: fewer than how ports are arranged is remembered for");
        }
        const double horizon = *std::max_element(times.begin(), times.end()) + all_.wide;
        all_.runs = options_.runs;
        if (all_.runs == 0)
            all_.runs = affordable_runs(warm_up * rate_before + horizon * rate, most);
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

    void finish(const std::string& why) {
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
        out_.method = "the whole network, stepped through the change " + std::to_string(all_.runs) +
                      " times; counted are the connections that arrive within 1 % of a mean hold "
                      "of each time; stepped for " +
                      why;
        if (const auto sets = not_carried(old_, now_); !sets.empty()) note(sets);
        if (network_) out_.assumed.emplace_back("the timers after the change hold before it, too");
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
