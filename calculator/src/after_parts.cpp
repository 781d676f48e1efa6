// Traffic, systems and laws before a change in terms of those after it.
#include "after_parts.hpp"

#include <algorithm>
#include <cmath>

#include "natbound/calculator/erlang.hpp"
#include "natbound/calculator/hold_time.hpp"
#include "natbound/model/error.hpp"
#include "natbound/model/json_io.hpp"
#include "refusal_by_draws.hpp"
#include "whole_nat.hpp"

namespace natbound::calculator::detail {
namespace {

constexpr double cut = 1e-300;  // chances below it are left out of a start

// Mean seconds that are left of a flow's hold t after its opening, 0 if it has gone.
template <class Part>
double left_after(const Part& p, double t) {
    return hold_of(p.open, p.closing).excess(t);
}

// M_t/G/infinity: of what was live, and of what has come since.
template <class Part>
double live_without_refusals(const std::vector<Part>& old, const std::vector<Part>& now, double t) {
    double sum = 0;
    for (const auto& p : old) sum += p.rate * left_after(p, t);
    for (const auto& p : now) sum += p.rate * (left_after(p, 0) - left_after(p, t));
    return sum;
}

}  // namespace

bool same_sets(const scenario& a, const stream& x, const scenario& b, const stream& y) {
    return a.clients[x.clients].name == b.clients[y.clients].name &&
           a.servers[x.servers].name == b.servers[y.servers].name;
}

filled_traffic as_kept(const scenario& before, filled_traffic old, const scenario& now,
                       const filled_traffic& traffic) {
    for (auto& s : old.streams)
        for (const auto& t : traffic.streams)
            if (same_sets(before, s, now, t) && memoryless(s) && memoryless(t)) {
                s.rate *= s.open.mean / t.open.mean;
                s.open.mean = t.open.mean;
                s.closing = t.closing;
                break;
            }
    return old;
}

std::string place_of(const scenario& s, const system_split& all, const loss_system& system) {
    const auto& n = s.nats[system.nat];
    const auto& plan = all.plans[system.nat];
    const auto& scope = plan.design.clash_scope;
    const auto& kind = all.kinds[system.parts.front().kind];
    const bool one = system.rank && !plan.design.pool.fallback;
    std::string out =
        n.name + "|" + (one ? to_string(n.external_ip_address_pool.at(*system.rank)) : "any");
    if (system.source_ports)
        for (const auto& part : system.source_ports->parts())
            out += "|" + std::to_string(part.first) + "-" + std::to_string(part.last);
    if (scope.protocol) out += "|" + json_io::name_of(s.servers[kind.servers].protocol);
    if (scope.destination != scope_destination::none) out += "|" + to_string(kind.address);
    if (scope.destination == scope_destination::endpoint) out += "|" + std::to_string(kind.port);
    if (n.port_set) out += "|" + s.clients[kind.clients].name;
    return out;
}

std::vector<system_part> in_terms_of(const loss_system& old, const scenario& before,
                                     const system_split& old_split, const loss_system& system,
                                     const scenario& now, system_split& split) {
    const auto find = [](const auto& sets, const std::string& name) {
        for (std::size_t i = 0; i < sets.size(); ++i)
            if (sets[i].name == name) return i;
        throw input_error("", "",
                          "the set " + name +
                              " has flows that are live at the change, and "
                              "is not there after it",
                          "leave the set, or say how many are live at the change (0: none)");
    };
    std::vector<system_part> out;
    for (const auto& part : old.parts) {
        system_part next = part;
        const auto& was = old_split.kinds[part.kind];
        traffic_kind kind = was;
        kind.clients = find(now.clients, before.clients[was.clients].name);
        kind.servers = find(now.servers, before.servers[was.servers].name);
        const auto same = [&](const traffic_kind& k) {
            return k.clients == kind.clients && k.servers == kind.servers &&
                   k.address == kind.address && k.port == kind.port;
        };
        auto at = std::find_if(split.kinds.begin(), split.kinds.end(), same);
        if (at == split.kinds.end()) at = split.kinds.insert(at, kind);
        next.kind = static_cast<std::size_t>(at - split.kinds.begin());
        next.destination = static_cast<std::uint32_t>(-1);
        for (const auto& p : system.parts) {
            const auto& k = split.kinds[p.kind];
            if (k.servers == kind.servers && k.address == kind.address && k.port == kind.port)
                next.destination = p.destination;
        }
        if (next.destination == static_cast<std::uint32_t>(-1))
            throw unsupported("flows that are live at the change go towards " +
                              endpoint_text(kind.address, kind.port) +
                              ", where none go after it, and share ports with others that do: not "
                              "followed in this version");
        out.push_back(std::move(next));
    }
    return out;
}

double without_refusals(const std::vector<system_part>* old, const std::vector<system_part>& now,
                        double t) {
    return live_without_refusals(old ? *old : std::vector<system_part>{}, now, t);
}

double without_refusals(const std::vector<stream>& old, const std::vector<stream>& now, double t) {
    return live_without_refusals(old, now, t);
}

occupancy trimmed(occupancy law) {
    while (law.chances.size() > 1 && law.chances.back() < cut) law.chances.pop_back();
    std::size_t low = 0;
    while (low + 1 < law.chances.size() && law.chances[low] < cut) ++low;
    law.chances.erase(law.chances.begin(), law.chances.begin() + static_cast<std::ptrdiff_t>(low));
    law.from += low;
    return law;
}

occupancy spread_over(std::uint64_t n, double share, std::uint64_t ports) {
    if (n == 0) return exactly(0);
    if (share >= 1 - 1e-9) {
        if (n > ports)
            throw input_error("start", std::to_string(n),
                              "there are " + grouped(ports) + " ports, and no more can be live");
        return exactly(n);
    }
    const auto all = static_cast<double>(n);
    occupancy out;
    out.chances.assign(n + 1, 0);
    double total = 0;
    for (std::uint64_t k = 0; k <= n; ++k) {
        const auto x = static_cast<double>(k);
        const double log = std::lgamma(all + 1) - std::lgamma(x + 1) - std::lgamma(all - x + 1) +
                           x * std::log(share) + (all - x) * std::log1p(-share);
        total += out.chances[k] = std::exp(log);
    }
    for (double& p : out.chances) p /= total;
    if (n > ports) {  // those that have no port are not live
        for (std::uint64_t k = ports + 1; k <= n; ++k) out.chances[ports] += out.chances[k];
        out.chances.resize(ports + 1);
    }
    return trimmed(std::move(out));
}

occupancy stationary_of(const loss_curve& curve, double load, bool& approximate) {
    const auto ports = static_cast<std::uint64_t>(curve.ports());
    if (curve.method() == loss_method::nothing_refuses)
        return stationary(static_cast<std::uint64_t>(load + 30 * std::sqrt(load) + 100), load);
    if (curve.method() != loss_method::attempts) {
        approximate = curve.method() != loss_method::erlang_b;
        return stationary(ports, load);
    }
    refusal_by_draws draws(static_cast<double>(ports), curve.tries(), true);
    std::vector<double> logs{0};
    double most = 0;
    for (std::uint64_t n = 0; n < ports; ++n) {
        draws.to(static_cast<double>(n));
        const double taken = n == 0 ? 1 : draws.taken();
        logs.push_back(logs.back() + std::log(load * taken / static_cast<double>(n + 1)));
        most = std::max(most, logs.back());
    }
    occupancy out;
    out.chances.clear();
    double total = 0;
    for (const double log : logs) {
        out.chances.push_back(std::exp(log - most));
        total += out.chances.back();
    }
    for (double& p : out.chances) p /= total;
    return out;
}

std::vector<stream> through(const scenario& s, const filled_traffic& traffic,
                            const std::string& nat_name) {
    std::vector<stream> out;
    for (const auto& t : traffic.streams)
        if (const nat* n = nat_of(s, t.clients); n && n->name == nat_name) out.push_back(t);
    return out;
}

std::vector<stream> of_clients(const scenario& s, const filled_traffic& traffic,
                               const std::string& clients) {
    std::vector<stream> out;
    for (const auto& t : traffic.streams)
        if (s.clients[t.clients].name == clients) out.push_back(t);
    return out;
}

}  // namespace natbound::calculator::detail
