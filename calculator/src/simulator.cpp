// Batches, their counts, and the interval that they give.
#include "natbound/calculator/simulator.hpp"

#include <algorithm>
#include <array>
#include <cmath>
#include <list>

#include "natbound/calculator/simulation.hpp"
#include "natbound/model/cascade.hpp"
#include "natbound/model/error.hpp"
#include "port_sets.hpp"
#include "whole_nat.hpp"

namespace natbound::calculator {
namespace {

constexpr std::size_t batches = 32;
constexpr double student = 2.040;  // 97.5 % of Student's t with 31 degrees

using batch_counts = std::array<kind_counts, batches>;

// The 2.5 % and 97.5 % limits of a Poisson mean of which n were seen (Garwood 1936), by Wilson and
// Hilferty's approximation of chi-squared: right to 1 % and exact for none.
double poisson_high(double n) {
    if (n == 0) return -std::log(0.05);  // one-sided: nothing lies below none
    const double m = n + 1;
    return m * std::pow(1 - 1 / (9 * m) + 1.96 / (3 * std::sqrt(m)), 3);
}
double poisson_low(double n) {
    if (n == 0) return 0;
    return n * std::pow(std::max(0.0, 1 - 1 / (9 * n) - 1.96 / (3 * std::sqrt(n))), 3);
}

template <class Out>
void conclude(const batch_counts& counts, Out& out) {
    for (const auto& b : counts) {
        out.arrivals += b.arrivals;
        out.refused += b.refused;
        out.cut += b.cut;
    }
    if (out.arrivals == 0) return;
    const auto all = static_cast<double>(out.arrivals),
               failed = static_cast<double>(out.refused + out.cut);
    const double p = failed / all;
    double squares = 0;
    for (const auto& b : counts) {
        const double off = static_cast<double>(b.failed()) - p * static_cast<double>(b.arrivals);
        squares += off * off;
    }
    const double half = student * std::sqrt(squares * batches / (batches - 1)) / all;
    out.refusal_probability = p;
    out.low = std::max(0.0, p - half);
    out.high = std::min(1.0, p + half);
    if (failed < 10) {
        out.low = std::min(out.low, poisson_low(failed) / all);
        out.high = std::min(1.0, std::max(out.high, poisson_high(failed) / all));
    }
}

// A whole number of them each, adding up.
std::uint64_t part_of(std::uint64_t all, std::uint64_t parts, std::uint64_t i) {
    return all * (i + 1) / parts - all * i / parts;
}

}  // namespace

simulate_result simulate(const scenario& given, const simulate_options& options) {
    if (options.arrivals == 0) throw domain_error("simulate: arrivals = 0: at least one is wanted");
    if (!(options.scale > 0) || !std::isfinite(options.scale))
        throw domain_error("simulate: scale must be finite and above 0");
    if (is_cascade(given))
        throw unsupported("a NAT inside another: cascades are not simulated in this version");
    const bool spread = is_spread(given);
    for (const auto& n : given.nats)
        if (n.rate_limits && (n.port_set || spread))
            throw unsupported("NAT " + n.name +
                              ": rate-limits of all subscribers together are not simulated with " +
                              (n.port_set ? "port sets" : "clients that are spread over NATs") +
                              " in this version; leave them out");
    for (const auto& n : given.nats)
        if (!translates(n))
            throw unsupported("NAT " + n.name +
                              ": a firewall (translates: false) is not simulated in this version");
    for (const auto& n : given.nats)
        if (n.mapping_limits.limit_subscribers)
            throw unsupported("NAT " + n.name +
                              ": a limit on subscribers is not simulated in this version; leave it "
                              "out");
    for (const auto& v : given.servers)
        if (v.connection_limits)
            throw unsupported("server set " + v.name +
                              ": connection-limits of servers are not simulated in this version; "
                              "leave them out");
    for (const auto& t : given.traffic)
        if (spread && t.arrivals)
            throw unsupported(
                "bursts that are spread over several NATs are not simulated in this version");
    const scenario parts = spread ? side_by_side(given) : scenario{};
    const scenario& s = spread ? parts : given;
    refuse_clashes(given);
    const filled_traffic traffic = fill_traffic(s);
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
    batch_counts total{};
    std::uint64_t done = 0, warm_done = 0;
    const auto report = [&] {
        if (options.progress) options.progress(std::min(done, options.arrivals), options.arrivals);
    };
    for (std::size_t n = 0; n < wholes.size(); ++n) {
        auto& whole = wholes[n];
        if (whole.input.streams.empty()) continue;
        for (const auto& a : whole.assumed) out.assumed.push_back(a);
        double here = 0;
        for (const auto& t : whole.input.streams) here += t.rate * whole.copies;
        const auto arrivals = static_cast<std::uint64_t>(
            std::llround(static_cast<double>(options.arrivals) * here / rate));
        simulation run(whole.input, options.seed * 1000003 + n);
        run.scale(options.scale);
        run.fill();
        const double room =
            static_cast<double>(whole.input.table.scopes) * whole.input.table.ranks * port_count;
        for (double left = run.memory() * std::min(whole.input.load() * options.scale, room);
             left > 0; left -= 50000) {
            run.advance(std::min(left, 50000.0));
            ++warm_done;
            report();
        }
        const std::uint64_t before = run.events();
        std::vector<batch_counts> counts(whole.kinds.size());
        for (std::size_t b = 0; b < batches; ++b) {
            run.clear_counts();
            for (std::uint64_t left = part_of(arrivals, batches, b); left > 0;) {
                const std::uint64_t now = std::min<std::uint64_t>(left, 50000);
                run.arrive(now);
                left -= now;
                done += now;
                report();
            }
            for (std::size_t k = 0; k < counts.size(); ++k) {
                counts[k][b] = run.counts()[k];
                total[b].arrivals += counts[k][b].arrivals;
                total[b].refused += counts[k][b].refused;
                total[b].cut += counts[k][b].cut;
            }
            out.unoffered += run.unoffered();
            out.policed += run.policed();
            out.packets += run.packets();
            out.packets_lost += run.packets_lost();
            out.mean_live += static_cast<double>(run.table().live()) * whole.copies / batches;
        }
        out.events += run.events() - before;
        for (std::size_t k = 0; k < counts.size(); ++k) {
            simulated_kind kind;
            kind.clients = s.clients[whole.kinds[k].clients].name;
            kind.servers = s.servers[whole.kinds[k].servers].name;
            kind.destination = whole.kinds[k].destination;
            conclude(counts[k], kind);
            if (kind.arrivals > 0) out.kinds.push_back(std::move(kind));
        }
    }
    conclude(total, out);
    return out;
}

}  // namespace natbound::calculator
