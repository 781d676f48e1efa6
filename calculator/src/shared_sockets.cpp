// The law of the busy sockets, step by step.
#include "shared_sockets.hpp"

#include <algorithm>
#include <cmath>
#include <limits>
#include <map>
#include <set>

namespace natbound::calculator::detail {
namespace {

constexpr double never = -std::numeric_limits<double>::infinity();

}  // namespace

shared_sockets::shared_sockets(const scenario& s, const system_split& all,
                               const loss_system& system) {
    std::map<std::size_t, std::pair<double, double>> of_set;  // load, sockets
    std::map<std::uint32_t, double> towards;                  // load, by destination
    const double load = system.load();
    for (const auto& part : system.parts) {
        const std::size_t set = all.kinds[part.kind].clients;
        auto& [mine, sockets] = of_set[set];
        mine += part.load() / load;
        sockets = std::max(
            sockets, part.addresses * static_cast<double>(system.ports_of(s.clients[set]).size()));
        towards[part.destination] += part.load() / load;
    }
    double meet = 0, same = 0;
    for (const auto& [set, one] : of_set) meet += one.first * one.first / one.second;
    for (const auto& [to, share] : towards) same += share * share;
    double all_sockets = 0;
    for (const auto& [set, one] : of_set) all_sockets += one.second;
    sockets_ = std::max(1.0, std::round(1 / meet));
    destinations_ = 1 / same;
    alike_ = sockets_ > 0.999 * all_sockets &&
             destinations_ > 0.999 * static_cast<double>(towards.size());
}

shared_sockets::step shared_sockets::at(double busy, double load) const {
    const double each = load / destinations_;
    double x = busy / destinations_, odds = 0;
    for (int i = 0; i < 100; ++i) {
        const double t = each / (sockets_ - x);
        odds = std::expm1(destinations_ * std::log1p(t));
        // of a busy socket: the chance that it has one towards this destination
        const double next = busy * t / (1 + t) * (1 + odds) / odds;
        const bool done = std::fabs(next - x) <= 1e-12 * (1 + x);
        x = std::min(next, busy);
        if (done) break;
    }
    return {odds, x};
}

// E = W(n) / sum of W(k): the terms from n downwards, each step's odds read off a line between two
// of them that lie near.
double shared_sockets::log_refused(double ports, double load) const {
    if (ports >= sockets_) return never;
    constexpr double negligible = 1e-17;
    const double stride = std::max(1.0, std::floor(ports / 256));
    double sum = 1, term = 1;  // W(k) / W(n)
    double from = ports, to = ports;
    const step full = at(ports, load);
    double odds_from = 0, odds_to = std::log(full.odds);
    double shift = 0;  // log of what the terms are over, where they grow large
    for (double k = ports; k > 0; --k) {
        if (k - 1 < to || k == ports) {
            from = k == ports ? ports : to;
            odds_from = odds_to;
            to = std::max(0.0, from - stride);
            odds_to = std::log(at(to, load).odds);
        }
        const double part = from > to ? (from - (k - 1)) / (from - to) : 0;
        const double odds = std::exp(odds_from + part * (odds_to - odds_from));
        term *= k / ((sockets_ - k + 1) * odds);
        sum += term;
        if (sum > 1e200) {
            sum *= 1e-200;
            term *= 1e-200;
            shift += 200 * std::log(10.0);
        }
        if (term < negligible * sum) break;
    }
    const double seen = sockets_ - full.towards_one;  // free towards the destination
    return -std::log(sum) - shift + std::log((sockets_ - ports) / seen);
}

double shared_sockets::error(double log) const {
    return (alike_ ? 0.02 : 0.1) * std::max(1.0, -log / 7);
}

double shared_sockets::meeting(double busy) const {
    return std::min(1.0, (1 - 1 / destinations_) * busy / sockets_);
}

bool overloaded(const scenario& s, const system_split& all, std::size_t nat) {
    const auto& d = all.plans[nat].design;
    const auto scope = d.clash_scope.destination;
    const bool own = d.mapping_type == mapping_type::adm;
    if (d.mapping_type != mapping_type::eim && !own) return false;
    if (scope == scope_destination::none) return false;
    if (own && scope == scope_destination::address) return false;
    // by client set, protocol and (adm) address: the keys that its mappings lie under
    std::map<std::tuple<std::size_t, transport, ip_address>, std::set<std::pair<ip_address, port>>>
        keys;
    for (const auto& k : all.kinds) {
        if (k.nat != nat) continue;
        const auto& to = s.servers[k.servers];
        auto& mine = keys[{k.clients, to.protocol, own ? k.address : 0}];
        mine.emplace(k.address, scope == scope_destination::endpoint ? k.port : 0);
        // one endpoint may stand for all of a server set
        const bool several = k.endpoints > 1 && (!own || to.ports.size() > 1);
        if (mine.size() > 1 || several) return true;
    }
    return false;
}

}  // namespace natbound::calculator::detail
