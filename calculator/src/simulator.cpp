// Batches, their counts, and the interval that they give.
#include "natbound/calculator/simulator.hpp"

#include <algorithm>
#include <cmath>
#include <limits>
#include <list>
#include <type_traits>

#include "natbound/calculator/simulation.hpp"
#include "natbound/model/cascade.hpp"
#include "natbound/model/error.hpp"
#include "network_simulation.hpp"
#include "port_sets.hpp"
#include "simulated_share.hpp"
#include "simulation_memory.hpp"
#include "whole_nat.hpp"

namespace natbound::calculator {
namespace {

// So many are counted; share_of() makes fewer and longer ones of them.
constexpr std::size_t batches = 256;

using batch_counts = std::vector<kind_counts>;

void add(const kind_counts& b, kind_counts& to) {
    to.arrivals += b.arrivals;
    to.refused += b.refused;
    to.cut += b.cut;
    to.again += b.again;
    to.refused_again += b.refused_again;
    to.gave_up += b.gave_up;
    to.waited += b.waited;
    to.unoffered += b.unoffered;
    for (std::size_t i = 0; i < asked_limits; ++i) to.by[i] += b.by[i];
}

template <class Arrivals, class Failed>
detail::share_interval share_by(const batch_counts& counts, const detail::run_memory& memory,
                                Arrivals arrivals, Failed failed) {
    std::vector<detail::batch_count> out;
    for (const auto& b : counts)
        out.push_back({static_cast<double>(arrivals(b)), static_cast<double>(failed(b))});
    return detail::share_of(out, memory);
}

simulated_share plain(const detail::share_interval& s) {
    return {s.value, s.low, s.high, s.independent};
}

void conclude(const batch_counts& counts, detail::run_memory memory, bool retried,
              simulated_count& out) {
    kind_counts all;
    for (const auto& b : counts) add(b, all);
    out.arrivals = all.arrivals;
    out.refused = all.refused;
    out.cut = all.cut;
    out.unoffered = all.unoffered;
    if (out.arrivals == 0) return;
    const auto first = share_by(
        counts, memory, [](const auto& b) { return b.arrivals; },
        [](const auto& b) { return b.failed(); });
    out.refusal_probability = first.value;
    out.low = first.low;
    out.high = first.high;
    out.independent = first.independent;
    if (!retried) return;
    simulated_retries more;
    more.attempts = all.arrivals + all.again;
    more.refused = all.refused + all.refused_again;
    more.gave_up = all.gave_up;
    more.attempt_refusal = plain(share_by(
        counts, memory, [](const auto& b) { return b.arrivals + b.again; },
        [](const auto& b) { return b.failed() + b.refused_again; }));
    // those that give up together are no more than those refused together
    memory.cluster = std::max(memory.cluster, first.cluster);
    more.connection_failure = plain(share_by(
        counts, memory, [](const auto& b) { return b.arrivals; },
        [](const auto& b) { return b.gave_up + b.cut; }));
    if (all.arrivals > all.gave_up)
        more.mean_delay = all.waited / static_cast<double>(all.arrivals - all.gave_up);
    out.retries = more;
}

void check(const retry_policy& policy, double rate) {
    const auto require = [](bool holds, const std::string& what) {
        if (!holds) throw domain_error("simulate: retries: " + what);
    };
    require(policy.tries >= 1 && policy.tries <= 1000, "tries must be 1 to 1,000");
    require(policy.persistence >= 0 && policy.persistence <= 1,
            "persistence must lie within [0, 1]");
    require(policy.backoff >= 0 && policy.backoff <= 1e9 && policy.most_backoff >= 0,
            "a back-off must be at least 0 and at most 1e9 seconds");
    require(policy.factor >= 1 && policy.factor <= 1000, "factor must be 1 to 1,000");
    require(policy.jitter >= 0 && policy.jitter <= 1, "jitter must lie within [0, 1]");
    require(all_backoffs(policy) * rate <= 1e9,
            "a connection's back-offs last for more than 1e9 arrivals, and a simulation begins "
            "after them; fewer tries, or shorter back-offs");
}

// A whole number of them each, adding up.
std::uint64_t part_of(std::uint64_t all, std::uint64_t parts, std::uint64_t i) {
    return all * (i + 1) / parts - all * i / parts;
}

// What is counted of all that is simulated, one after the other.
class counting {
  public:
    struct counts {
        std::vector<batch_counts> of;  // by kind
        detail::run_memory memory;
    };

    counting(const simulate_options& options, double rate) : options_(options), rate_(rate) {}

    // Warms it up and counts its part of the arrivals. rate: of all its copies; load: of one.
    template <class Run>
    counts run(Run& run, double rate, double copies, double load, simulate_result& out) {
        const auto arrivals = static_cast<std::uint64_t>(
            std::llround(static_cast<double>(options_.arrivals) * rate / rate_));
        const double rate_here = rate / copies * options_.scale;
        run.scale(options_.scale);
        run.fill();
        double warm_up = run.memory() * load;
        if constexpr (std::is_same_v<Run, detail::network_simulation>)
            warm_up =
                detail::holds_before(run.memory(), static_cast<double>(arrivals) / load) * load;
        if (options_.retry) warm_up += all_backoffs(*options_.retry) * rate_here;
        if (warm_up > options_.most_warm_up)
            throw unsupported("the simulation would have to warm up for " +
                              std::to_string(std::llround(warm_up)) + " arrivals");
        for (double left = warm_up; left > 0; left -= Run::chunk) {
            run.advance(std::min(left, static_cast<double>(Run::chunk)));
            report();
        }
        const std::uint64_t before = run.events();
        counts found;
        double live = 0, most = 0;
        for (std::size_t b = 0; b < batches; ++b) {
            run.clear_counts();
            for (std::uint64_t left = part_of(arrivals, batches, b); left > 0;) {
                const std::uint64_t now = std::min<std::uint64_t>(left, Run::chunk);
                run.arrive(now);
                left -= now;
                done_ += now;
                report();
            }
            found.of.resize(run.counts().size(), batch_counts(batches));
            for (std::size_t k = 0; k < found.of.size(); ++k) {
                found.of[k][b] = run.counts()[k];
                add(found.of[k][b], total_[b]);
            }
            if constexpr (std::is_same_v<Run, simulation>) {
                out.policed += run.policed();
                out.packets += run.packets();
                out.packets_lost += run.packets_lost();
            }
            if constexpr (std::is_same_v<Run, detail::network_simulation>)
                out.met_time_wait += run.met_time_wait();
            live += static_cast<double>(run.live()) / batches;
            most = std::max(most, static_cast<double>(run.most_live()));
        }
        out.mean_live += live * copies;
        out.events += run.events() - before;
        found.memory = {static_cast<double>(arrivals) / (rate_here * run.forgets()),
                        run.likely_cluster(most - live)};
        least_ = {std::min(least_.length, found.memory.length),
                  std::max(least_.cluster, found.memory.cluster)};
        return found;
    }

    void conclude_kinds(const counts& found, const scenario& s,
                        const std::vector<detail::named_kind>& kinds, simulate_result& out) const {
        for (std::size_t k = 0; k < found.of.size(); ++k) {
            simulated_kind kind;
            kind.clients = s.clients[kinds[k].clients].name;
            kind.servers = s.servers[kinds[k].servers].name;
            kind.destination = kinds[k].destination;
            conclude(found.of[k], found.memory, options_.retry.has_value(), kind);
            if (kind.arrivals + kind.unoffered > 0) out.kinds.push_back(std::move(kind));
        }
    }

    void conclude_all(simulate_result& out) const {
        conclude(total_, least_, options_.retry.has_value(), out);
        kind_counts sum;
        for (const auto& b : total_) add(b, sum);
        for (std::size_t i = 0; i < asked_limits; ++i)
            if (sum.by[i] > 0)
                out.refused_by.push_back(
                    {static_cast<asked>(i), sum.by[i],
                     plain(share_by(
                         total_, least_, [](const auto& b) { return b.arrivals; },
                         [i](const auto& b) { return b.by[i]; }))});
    }

  private:
    void report() const {
        if (options_.progress)
            options_.progress(std::min(done_, options_.arrivals), options_.arrivals);
    }

    const simulate_options& options_;
    double rate_;
    batch_counts total_ = batch_counts(batches);
    detail::run_memory least_{std::numeric_limits<double>::infinity(), 1};
    std::uint64_t done_ = 0;
};

// All of it at once.
simulate_result simulate_network(const scenario& s, const filled_traffic& traffic,
                                 const simulate_options& options) {
    simulate_result out;
    out.assumed = traffic.assumed;
    auto input = detail::network_of(s, traffic);
    input.retry = options.retry;
    if (options.retry) check(*options.retry, input.rate() * options.scale);
    out.assumed.emplace_back(
        "where a NAT or a server further on refuses a connection, the entries that it has opened "
        "on the way go at once");
    counting all(options, input.rate());
    detail::network_simulation run(input, options.seed * 1000003);
    const auto counts = all.run(run, input.rate(), 1, input.load() * options.scale, out);
    all.conclude_kinds(counts, s, input.kinds, out);
    all.conclude_all(out);
    return out;
}

}  // namespace

bool steps_connections(const scenario& s) { return detail::needs_network(s); }

simulate_result simulate(const scenario& given, const simulate_options& options) {
    if (options.arrivals == 0) throw domain_error("simulate: arrivals = 0: at least one is wanted");
    if (!(options.scale > 0) || !std::isfinite(options.scale))
        throw domain_error("simulate: scale must be finite and above 0");
    const bool spread = is_spread(given);
    for (const auto& n : given.nats)
        if (n.rate_limits && (n.port_set || spread))
            throw unsupported("NAT " + n.name +
                              ": rate-limits of all subscribers together are not simulated with " +
                              (n.port_set ? "port sets" : "clients that are spread over NATs") +
                              " in this version; leave them out");
    for (const auto& t : given.traffic)
        if (spread && t.arrivals)
            throw unsupported(
                "bursts that are spread over several NATs are not simulated in this version");
    const scenario s = detail::as_stepped(given);
    refuse_clashes(given);
    const filled_traffic traffic = fill_traffic(s);
    if (detail::needs_network(given)) return simulate_network(s, traffic, options);
    simulate_result out;
    out.assumed = traffic.assumed;
    std::vector<nat_plan> plans;
    plans.reserve(s.nats.size());
    std::list<detail::subscriber> alone;  // of NATs with port sets, one for all of a client set
    for (std::size_t c = 0; c < s.clients.size(); ++c)
        if (const nat* n = nat_of(s, c); n && n->port_set)
            alone.push_back(detail::one_subscriber(s, traffic, *n, c));
    std::vector<detail::whole_nat> wholes;
    double rate = 0;
    for (const auto& n : s.nats) {
        if (n.port_set) continue;
        plans.emplace_back(n);
        wholes.push_back(detail::whole_nat_of(s, traffic, plans.back(), options.seed));
    }
    for (const auto& one : alone) {
        wholes.push_back(detail::whole_nat_of(one.s, one.traffic, *one.plan, options.seed));
        wholes.back().copies = one.copies;
        for (auto& kind : wholes.back().kinds) kind.clients = one.clients;
        if (!one.assumed.empty()) out.assumed.push_back(one.assumed);
    }
    for (const auto& whole : wholes)
        for (const auto& t : whole.input.streams) rate += t.rate * whole.copies;
    for (std::size_t c = 0; c < s.clients.size(); ++c)
        if (!nat_of(s, c))
            out.assumed.push_back("client set " + s.clients[c].name +
                                  " is routed untranslated: never refused, and not counted here");
    if (options.retry) check(*options.retry, rate * options.scale);
    counting all(options, rate);
    for (std::size_t n = 0; n < wholes.size(); ++n) {
        auto& whole = wholes[n];
        if (whole.input.streams.empty()) continue;
        for (const auto& a : whole.assumed) out.assumed.push_back(a);
        double here = 0;
        for (const auto& t : whole.input.streams) here += t.rate * whole.copies;
        whole.input.retry = options.retry;
        simulation run(whole.input, options.seed * 1000003 + n);
        const double room =
            static_cast<double>(whole.input.table.scopes) * whole.input.table.ranks * port_count;
        const auto counts = all.run(run, here, whole.copies,
                                    std::min(whole.input.load() * options.scale, room), out);
        all.conclude_kinds(counts, s, whole.kinds, out);
    }
    all.conclude_all(out);
    return out;
}

}  // namespace natbound::calculator
