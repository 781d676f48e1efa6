// What traffic must keep.
#include <algorithm>
#include <cmath>
#include <map>

#include "natbound/model/json_io.hpp"
#include "rules.hpp"

namespace natbound::rules {
namespace {

constexpr double most_live = 1e15, most_weight = 1e15, most_batch = 65536;
constexpr double most_cv = 100;
constexpr std::size_t most_samples = 65536, most_parts = 4096;

class checker {
  public:
    checker(const scenario& scenario_to_check, const known_names& found)
        : s(scenario_to_check), names(found) {
        for (const auto& c : s.clients) clients[c.name] = &c;
    }

    void traffic(std::size_t i) {
        const auto& t = s.traffic[i];
        const std::string here = at("traffic", i);
        if (t.from.empty()) fail(here + ".from", "", "a traffic entry needs clients");
        if (t.to.empty()) fail(here + ".to", "", "a traffic entry needs servers");
        references(here + ".from", t.from, names.clients, "client set");
        references(here + ".to", t.to, names.servers, "server set");
        for (const auto& from : t.from) {
            const auto& c = *clients.at(from);
            if (c.reaches.empty()) continue;
            for (const auto& to : t.to)
                if (std::find(c.reaches.begin(), c.reaches.end(), to) == c.reaches.end())
                    fail(here + ".to", to, "client set " + c.name + " does not reach it",
                         "add it to its reaches");
        }
        if (t.rate && t.rate_per_client)
            fail(here + ".rate-per-client", "", "rate and rate-per-client say the same thing twice",
                 "keep one");
        if (t.hold && t.life) fail(here + ".life", "", "hold contains life", "give one of the two");
        const int given =
            (t.rate || t.rate_per_client ? 1 : 0) + (t.hold || t.life ? 1 : 0) + (t.live ? 1 : 0);
        if (given != 2)
            fail(here, "",
                 given < 2 ? "any two of rate, hold (or life) and live are wanted"
                           : "rate, hold (or life) and live are one too many",
                 "give two; the third follows");
        for (const auto* h : {t.hold ? &*t.hold : nullptr, t.life ? &*t.life : nullptr}) {
            if (!h) continue;
            const std::string field = here + (t.hold ? ".hold" : ".life");
            fields_of_law(*h, field);
            if (lists(law_of(*h))) of_list(*h, field);
            if (!(h->mean.seconds > 0)) fail(field, to_string(h->mean), "a time above 0 is wanted");
            if (h->mean.seconds > most_seconds)
                fail(field, to_string(h->mean), "a time is at most 1e9s (32 years)");
        }
        if (t.live && !(*t.live > 0))
            fail(here + ".live", shortest(*t.live), "a number above 0 is wanted");
        if (t.live && *t.live > most_live)
            fail(here + ".live", shortest(*t.live), "a load is at most 1e15 connections");
        for (const auto& r : {t.rate, t.rate_per_client}) {
            if (!r) continue;
            const std::string field = here + (t.rate ? ".rate" : ".rate-per-client");
            if (!(r->per_second > 0))
                fail(field, to_string(*r), "a rate above 0 is wanted",
                     "leave the entry out for no traffic");
            if (r->per_second > most_per_second)
                fail(field, to_string(*r), "a rate is at most 1e12/s");
        }
        if (t.ends &&
            std::fabs(t.ends->fin.value + t.ends->rst.value + t.ends->silence.value - 1) > 1e-9)
            fail(here + ".ends", "", "the shares must add up to 100%");
        if (t.ends && t.hold)
            fail(here + ".ends", "", "a hold contains what is kept after the close",
                 "give life instead");
        if (t.zipf && !t.weights.empty())
            fail(here + ".zipf", shortest(*t.zipf), "zipf and weights exclude one another");
        if (t.top_share && (t.zipf || !t.weights.empty()))
            fail(here + ".top-share", to_string(*t.top_share),
                 "says with zipf or weights the same thing twice", "keep one");
        if (t.top_share) top_share(t, here + ".top-share");
        if (t.arrivals) arrivals(*t.arrivals, here + ".arrivals");
        if (t.arrivals) states(*t.arrivals, here + ".arrivals.states");
        if (t.packets && !(*t.packets >= 1 && *t.packets <= most_weight))
            fail(here + ".packets", shortest(*t.packets),
                 "a connection has 1 to 1e15 packets, the one that opens it counted");
        if (!t.weights.empty()) {
            count endpoints = 0;
            double sum = 0;
            for (const auto& v : s.servers)
                if (std::find(t.to.begin(), t.to.end(), v.name) != t.to.end())
                    endpoints += v.addresses.size() * v.ports.size();
            if (endpoints != t.weights.size())
                fail(here + ".weights", std::to_string(t.weights.size()) + " weights",
                     "one weight a destination endpoint is wanted, and there are " +
                         endpoints.str());
            for (const double w : t.weights) sum += w;
            if (!(sum > 0)) fail(here + ".weights", "", "at least one weight above 0 is wanted");
        }
    }

    void top_share(const traffic_entry& t, const std::string& here) const {
        count endpoints = 0;
        for (const auto& v : s.servers)
            if (std::find(t.to.begin(), t.to.end(), v.name) != t.to.end())
                endpoints += v.addresses.size() * v.ports.size();
        const double even = 1 / static_cast<double>(endpoints);
        if (t.top_share->least.value < even * (1 - 1e-9))
            fail(here, to_string(*t.top_share),
                 "the busiest of " + endpoints.str() + " endpoints has at least an even share, " +
                     to_string(share{even}));
    }

    static void arrivals(const arrival_rule& a, const std::string& here) {
        const bool batches = a.law == arrival_law::batches, on_off = a.law == arrival_law::on_off;
        if (a.mean_batch.has_value() != batches)
            fail(here + ".mean-batch", a.mean_batch ? shortest(*a.mean_batch) : "",
                 "mean-batch goes with law: batches, and batches need it",
                 batches ? "add mean-batch: 4" : "add law: batches, or leave mean-batch out");
        if (batches && !(*a.mean_batch >= 1 && *a.mean_batch <= most_batch))
            fail(here + ".mean-batch", shortest(*a.mean_batch),
                 "a batch has 1 to 65,536 connections on average");
        for (const auto& [time, name] : {std::pair{a.on, ".on"}, std::pair{a.off, ".off"}}) {
            if (time.has_value() != on_off)
                fail(here + name, time ? to_string(*time) : "",
                     "on and off go with law: on-off, which needs both",
                     on_off ? "add on: 10s, off: 50s" : "add law: on-off, or leave it out");
            if (on_off && !(time->seconds > 0 && time->seconds <= most_seconds))
                fail(here + name, to_string(*time), "a time above 0 and at most 1e9s is wanted");
        }
    }

    static void states(const arrival_rule& a, const std::string& here) {
        const bool mmpp = a.law == arrival_law::mmpp;
        const auto& all = a.states;
        if (mmpp == all.empty())
            fail(here, "", "states go with law: mmpp, and mmpp needs them",
                 mmpp ? "add states: [{weight: 1, mean: 60s}, {weight: 5, mean: 10s}]"
                      : "add law: mmpp, or leave them out");
        if (!mmpp) return;
        if (all.size() < 2 || all.size() > 32)
            fail(here, std::to_string(all.size()) + " states", "2 to 32 states are wanted");
        double sum = 0;
        for (std::size_t i = 0; i < all.size(); ++i) {
            const std::string at_state = here + "[" + std::to_string(i) + "]";
            const auto& one = all[i];
            if (!(one.weight >= 0 && one.weight <= most_weight))
                fail(at_state + ".weight", shortest(one.weight),
                     "a weight is at least 0 and at most 1e15");
            sum += one.weight;
            if (!(one.mean.seconds > 0 && one.mean.seconds <= most_seconds))
                fail(at_state + ".mean", to_string(one.mean),
                     "a time above 0 and at most 1e9s is wanted");
            if (one.next.empty()) continue;
            if (one.next.size() != all.size())
                fail(at_state + ".next", std::to_string(one.next.size()) + " weights",
                     "one weight a state is wanted, and there are " + std::to_string(all.size()));
            double ways = 0;
            for (const double w : one.next) {
                if (!(w >= 0 && w <= most_weight))
                    fail(at_state + ".next", shortest(w),
                         "a weight is at least 0 and at most 1e15");
                ways += w;
            }
            if (one.next[i] != 0 || !(ways > 0))
                fail(at_state + ".next", "",
                     "another state follows: 0 for itself, and at least one weight above 0");
        }
        if (!(sum > 0)) fail(here, "", "at least one weight above 0 is wanted");
        if (!all_reach_all(all))
            fail(here, "", "each state must follow from each other one, in the end");
    }

    static bool all_reach_all(const std::vector<arrival_state>& all) {
        for (std::size_t from = 0; from < all.size(); ++from) {
            std::vector<bool> seen(all.size());
            std::vector<std::size_t> todo{from};
            seen[from] = true;
            while (!todo.empty()) {
                const std::size_t i = todo.back();
                todo.pop_back();
                for (std::size_t j = 0; j < all.size(); ++j) {
                    const bool follows =
                        all[i].next.empty() ? j == (i + 1) % all.size() : all[i].next[j] > 0;
                    if (!follows || seen[j]) continue;
                    seen[j] = true;
                    todo.push_back(j);
                }
            }
            if (std::find(seen.begin(), seen.end(), false) != seen.end()) return false;
        }
        return true;
    }

    static bool lists(hold_law law) {
        return law == hold_law::empirical || law == hold_law::mixture || law == hold_law::histogram;
    }

    // Each law has fields of its own.
    static void fields_of_law(const hold_time& h, const std::string& field) {
        const hold_law given = law_of(h);
        const bool by_cv = given == hold_law::lognormal || given == hold_law::gamma;
        if (by_cv != h.cv.has_value())
            fail(field + ".cv", h.cv ? shortest(*h.cv) : "",
                 "cv goes with law: lognormal and law: gamma, and they need it",
                 by_cv ? "add cv: 2" : "add law: lognormal, or leave cv out");
        if (h.cv && !(*h.cv > 0 && *h.cv <= most_cv))
            fail(field + ".cv", shortest(*h.cv),
                 "a standard deviation over the mean is above 0 and at most 100");
        const auto goes = [&](const auto& list, hold_law law, const char* name, const char* word) {
            if (!list.empty() && given != law)
                fail(field + name, "", std::string(name + 1) + " go with law: " + word,
                     std::string("add law: ") + word);
        };
        goes(h.samples, hold_law::empirical, ".samples", "empirical");
        goes(h.means, hold_law::mixture, ".means", "mixture");
        goes(h.edges, hold_law::histogram, ".edges", "histogram");
        if (!h.weights.empty() && !lists(given))
            fail(field + ".weights", "", "weights go with samples, means or edges",
                 "add law: mixture, and means");
    }

    // Times that were measured, means of a mixture, bins of a histogram. Samples may be 0 (a log
    // rounds them), not all.
    static void of_list(const hold_time& h, const std::string& field) {
        const hold_law law = law_of(h);
        const bool bins = law == hold_law::histogram, mixed = law == hold_law::mixture;
        const auto& all = bins ? h.edges : mixed ? h.means : h.samples;
        const std::string name = bins ? ".edges" : mixed ? ".means" : ".samples";
        if (all.size() < (bins ? 2 : 1))
            fail(field + name, "",
                 bins    ? "law: histogram needs the edges of its bins, two at least"
                 : mixed ? "law: mixture needs the means of its exponential parts"
                         : "law: empirical needs the times that were measured",
                 bins    ? "add edges: [0s, 10s, 60s], weights: [3, 1]"
                 : mixed ? "add means: [2s, 5min], weights: [9, 1]"
                         : "add samples: [12s, 40s, 2min]");
        const std::size_t most = bins || mixed ? most_parts : most_samples;
        if (all.size() > most)
            fail(field + name, std::to_string(all.size()) + " times",
                 "at most " + grouped(most) + " are read",
                 bins    ? "join bins"
                 : mixed ? "join parts that are near one another"
                         : "draw some of them, or give quantiles as samples");
        for (std::size_t i = 0; i < all.size(); ++i) {
            const std::string at = field + name + "[" + std::to_string(i) + "]";
            if (!(all[i].seconds >= 0 && all[i].seconds <= most_seconds))
                fail(at, to_string(all[i]), "a time is at least 0s and at most 1e9s (32 years)");
            if (mixed && all[i].seconds == 0)
                fail(at, to_string(all[i]), "the mean of a part is above 0");
            if (bins && i > 0 && !(all[i].seconds > all[i - 1].seconds))
                fail(at, to_string(all[i]), "edges ascend");
        }
        const std::size_t wanted = all.size() - (bins ? 1 : 0);
        const std::string of = bins ? "bin" : mixed ? "mean" : "sample";
        if ((bins || !h.weights.empty()) && h.weights.size() != wanted)
            fail(field + ".weights", std::to_string(h.weights.size()) + " weights",
                 "one weight a " + of + " is wanted, and there are " + std::to_string(wanted));
        double sum = h.weights.empty() ? 1 : 0;
        for (std::size_t i = 0; i < h.weights.size(); ++i) {
            if (!(h.weights[i] >= 0 && h.weights[i] <= most_weight))
                fail(field + ".weights[" + std::to_string(i) + "]", shortest(h.weights[i]),
                     "a weight is at least 0 and at most 1e15");
            sum += h.weights[i];
        }
        if (!(sum > 0)) fail(field + ".weights", "", "at least one weight above 0 is wanted");
        const double mean = mean_of_listed(h);
        if (!(mean > 0)) fail(field + name, "", "at least one time above 0 is wanted");
        if (std::fabs(h.mean.seconds - mean) > 1e-9 * mean)
            fail(field + ".mean", to_string(h.mean),
                 "the mean of the " + of + "s is " + to_string(duration{mean}),
                 "leave mean out, or scale the " + name.substr(1));
    }

  private:
    const scenario& s;
    const known_names& names;
    std::map<std::string, const client_set*> clients;
};

}  // namespace

void of_traffic(const scenario& s, const known_names& names) {
    checker check(s, names);
    for (std::size_t i = 0; i < s.traffic.size(); ++i) check.traffic(i);
}

}  // namespace natbound::rules
