// Choosing the method of a system from its design's axes.
#include <algorithm>
#include <cmath>
#include <limits>
#include <map>

#include "natbound/calculator/burst_limit.hpp"
#include "natbound/calculator/erlang.hpp"
#include "natbound/calculator/loss_curve.hpp"
#include "natbound/calculator/search_facts.hpp"
#include "natbound/model/error.hpp"
#include "natbound/model/json_io.hpp"
#include "natbound/model/table_words.hpp"
#include "shared_sockets.hpp"

namespace natbound::calculator {
namespace {

// What the source ports of a system's clients have in common.
struct port_use {
    const port_range_plan* range;
    bool preserved, inside;  // inside: the own port is one of the class's
    auto operator<=>(const port_use&) const = default;
};

// P(Poisson(mean) >= n) for mean < n, from above: its first term times a geometric series.
double poisson_tail(double mean, double n) {
    if (mean >= n) return 1;
    return std::min(1.0, erlang_b(n, mean) / (1 - mean / (n + 1)));
}

}  // namespace

void loss_curve::choose(const scenario& s, const system_split& all) {
    for (const auto& part : system_.parts)
        poisson_ = poisson_ && part.arrives.law == arrival_law::poisson;
    arrives_ = system_.parts.front().arrives;
    hold_ = system_.parts.front().open.mean;
    const nat_plan& plan = all.plans[system_.nat];
    const auto type = plan.design.mapping_type;
    if (detail::overloaded(s, all, system_.nat))
        throw unsupported("NAT " + plan.of->name +
                          ": the refusal probability of mappings that carry flows to several "
                          "destinations, and share endpoints with others towards some, is not "
                          "modelled yet; simulate counts it");
    if (system_.destinations.size() > 1 &&
        (type == mapping_type::eim || type == mapping_type::adm)) {
        const auto& first = all.kinds[system_.parts.front().kind].address;
        for (const auto& part : system_.parts)
            if (type == mapping_type::adm && all.kinds[part.kind].address != first)
                throw unsupported("NAT " + plan.of->name +
                                  ": mappings that each address has for itself, in a clash scope "
                                  "without destinations, are not modelled yet; simulate counts it");
        // ports in turn meet less often than those that are drawn, Linux's (the same towards each
        // destination, but for where they start) more
        for (const auto& part : system_.parts)
            if (s.clients[all.kinds[part.kind].clients].source_ports.law !=
                source_port_law::uniform)
                throw unsupported("NAT " + plan.of->name + ": how often connections of " +
                                  s.clients[all.kinds[part.kind].clients].name +
                                  " meet on a mapping is known of source ports that are drawn "
                                  "(source-ports: {law: uniform}); simulate counts it");
        sharing_ = std::make_shared<const detail::shared_sockets>(s, all, system_);
    }
    std::map<port_use, port> uses;  // and a source port with it
    std::map<std::pair<std::size_t, std::uint32_t>, double>
        sockets;  // of a client set to a destination
    std::map<std::pair<std::size_t, std::uint32_t>, double> clients;
    for (const auto& part : system_.parts) {
        const std::size_t set = all.kinds[part.kind].clients;
        const port_set ports = system_.ports_of(s.clients[set]);
        auto& addresses = clients[{set, part.destination}];
        addresses = std::max(addresses, part.addresses);
        sockets[{set, part.destination}] = addresses * static_cast<double>(ports.size());
        for (const auto& range : ports.parts())
            for (port p = range.first; p <= range.last; ++p) {
                const auto& to = plan.class_of(p);
                const bool own = plan.preserves(p);  // else where it lies says nothing
                const port_use use{&to, own, own && to.ports.contains(p)};
                if (use.preserved && !use.inside) permitted_.insert(p, p);
                if (uses.try_emplace(use, p).second) permitted_ = permitted_ | to.ports;
            }
    }
    bool complete = true, same = true, independent = true, preserved = true;
    least_busy_ = std::numeric_limits<double>::infinity();
    for (const auto& [use, p] : uses) {
        const search_facts facts = facts_of(plan, p);
        same = same && use.range->ports == uses.begin()->first.range->ports;
        complete = complete && facts.complete && (!use.preserved || use.inside);
        preserved = preserved && use.preserved;
        if (!facts.independent_tries)
            independent = false;
        else
            tries_ = static_cast<double>(*facts.independent_tries);
        least_busy_ = std::min(least_busy_, static_cast<double>(facts.least_busy));
    }
    ports_ = static_cast<double>(permitted_.size()) * system_.ranks;
    least_busy_ *= system_.ranks;
    if (!plan.holes.empty()) {
        // ports of static mappings are never free
        const double kept = kept_ports(plan, permitted_);
        ports_ -= kept;
        least_busy_ = std::max(0.0, least_busy_ - kept);
        independent = independent && kept == 0;
        preserved = preserved && kept == 0;
        if (ports_ <= 0)
            throw unsupported("NAT " + plan.of->name +
                              ": static mappings keep every port that these connections could be "
                              "given, so each of them fails");
    }
    double all_sockets = 0, addresses = 0;
    std::map<std::size_t, double> of_set;
    for (const auto& [who, n] : sockets) of_set[who.first] += n;
    bool within_quotas = false;
    for (auto& [set, n] : of_set) {
        double most = 0;
        for (const auto& [who, many] : clients)
            if (who.first == set) most = std::max(most, many);
        if (plan.quota && most * static_cast<double>(*plan.quota) < n) {
            n = most * static_cast<double>(*plan.quota);
            within_quotas = true;
        }
        all_sockets += n;
    }
    for (const auto& [who, n] : clients) addresses += n;
    const auto decide = [&](loss_method m, std::string why) {
        method_ = m;
        why_ = std::move(why);
    };
    if (plan.design.port_contiguity == contiguity::require)
        throw unsupported("NAT " + plan.of->name +
                          ": the refusal probability where the port beside another's is required "
                          "(port-contiguity: require) is not modelled yet; simulate counts it");
    if (system_.dealt) {
        if (!complete || !same || !poisson_)
            throw unsupported("NAT " + plan.of->name +
                              ": port blocks dealt on demand are counted for Poisson arrivals and "
                              "a search that finds every free port of a subscriber's blocks");
        const bool shared = sharing_ != nullptr;
        sharing_.reset();
        return decide(
            loss_method::dealt_blocks,
            std::string("port blocks dealt on demand, each kept while a connection is left in it: "
                        "the law of the blocks that all subscribers ") +
                (system_.paired_sets
                     ? "of an address hold, which is drawn for each (paired pooling), "
                     : "hold, ") +
                (shared ? "mappings (which connections to several destinations share)" : "flows") +
                " filling the oldest block first; exact where there are blocks enough for all or "
                "one for each" +
                (system_.paired_sets ? " and no other address is tried" : "") +
                ", else within a factor of two");
    }
    if (addresses == 1 && system_.destinations.size() == 1 && system_.ranks == 1 && preserved)
        return decide(loss_method::nothing_refuses,
                      "one client alone keeps its own ports, and they never clash");
    if (all_sockets <= least_busy_)
        return decide(
            loss_method::nothing_refuses,
            "the clients have " + grouped(count(all_sockets)) +
                (within_quotas ? " connections within their quotas, too" : " sockets, too") +
                " few for a search to fail (" + grouped(count(least_busy_)) +
                " busy ports at least, and the new flow's own)");
    complete_ = complete && same && poisson_;
    // A search that finds every free port refuses where none is left, whichever it tries first.
    if (plan.design.port_contiguity == contiguity::attempt && !(complete && same))
        throw unsupported("NAT " + plan.of->name +
                          ": the refusal probability where the port beside another's is tried "
                          "first (port-contiguity: attempt) is known of searches that find every "
                          "free port; simulate counts it");
    // Both formulas take every arrival for offered: no client may run out of sockets before.
    bool plenty = true;
    const double load = system_.load();
    // its clients are on all addresses, and each has all its connections on one
    const double addresses_of_clients = system_.paired ? system_.paired->addresses : 1;
    for (const auto& part : system_.parts) {
        const double own =
            static_cast<double>(system_.ports_of(s.clients[all.kinds[part.kind].clients]).size());
        plenty = plenty && (own >= ports_ || poisson_tail(1.1 * ports_ * addresses_of_clients *
                                                              part.load() / load / part.addresses,
                                                          own) < 1e-9);
    }
    if (system_.paired) {
        const bool shared = sharing_ != nullptr;
        if (!complete || !same || !plenty || !poisson_ || shared)
            throw unsupported("NAT " + plan.of->name +
                              ": the refusal probability under paired pooling is known of " +
                              (shared      ? "mappings that carry one flow each"
                               : !poisson_ ? "Poisson arrivals"
                               : !plenty ? "clients with ports of their own for all that they send"
                                         : "searches that find every free port of an address") +
                              "; simulate counts it");
        complete_ = false;  // is joined with nothing
        return decide(loss_method::paired,
                      "the search finds every free port of " + grouped(count(ports_)) + ": " +
                          grouped(count(system_.paired->clients)) +
                          " clients dealt to the addresses of the pool (paired pooling), exact for "
                          "any law of holds");
    }
    if (complete && same && plenty && !poisson_ && has_chain(ports_, {arrives_, hold_}) &&
        one_burst())
        return decide(
            arrives_.law == arrival_law::batches ? loss_method::batches : loss_method::modulated,
            "the search finds every free port of " + grouped(count(ports_)) +
                (arrives_.law == arrival_law::batches
                     ? ": the exact chain of geometric batches of " + shortest(arrives_.batch) +
                           " on average"
                 : arrives_.law == arrival_law::on_off
                     ? ": the exact chain of a source that is on and off"
                     : ": the exact chain of arrivals modulated by " +
                           std::to_string(arrives_.levels.size()) + " states") +
                ", for exponential holds");
    if (complete && same && plenty && poisson_)
        return decide(loss_method::erlang_b,
                      "the search finds every free port of " + grouped(count(ports_)) +
                          (sharing_ ? ": the product form of mappings that connections to several "
                                      "destinations share, for any law of holds"
                                    : ": Erlang's formula, exact for any law of holds"));
    if (poisson_ && independent && same && plenty && uses.size() == 1 && system_.ranks == 1)
        return decide(loss_method::attempts, grouped(count(tries_)) + " independent tries among " +
                                                 grouped(count(ports_)) +
                                                 " ports: the exact chain, for any law of holds");
    decide(loss_method::simulated_states,
           "the exact probability given the state (own port busy, times the share of each "
           "round's starts whose window is busy), averaged over simulated states" +
               std::string(poisson_ ? "" : " as those find them who arrive in bursts"));
}

// One entry's batches, or one source, and exponential holds of one mean.
bool loss_curve::one_burst() const {
    const auto& first = system_.parts.front();
    for (const auto& p : system_.parts)
        if (!(p.arrives == first.arrives) || p.arrives.law == arrival_law::poisson ||
            p.open.law != hold_law::exponential || p.open.mean != first.open.mean ||
            std::any_of(p.closing.begin(), p.closing.end(),
                        [](const auto& c) { return c.share * c.seconds > 0; }))
            return false;
    return true;
}

// Ports of the static mappings among `permitted`, on the addresses of the system.
double loss_curve::kept_ports(const nat_plan& plan, const port_set& permitted) const {
    const auto& pool = plan.of->external_ip_address_pool;
    double kept = 0;
    for (const auto& part : plan.holes.alike()) {
        const auto here = plan.holes.at(system_.destinations.front(), part.at(0)) & permitted;
        double addresses = system_.ranks;
        if (system_.ranks > 1)  // the whole pool
            addresses = static_cast<double>(part.size());
        else if (system_.rank)
            addresses = part.contains(pool.at(*system_.rank)) ? 1 : 0;
        kept += addresses * static_cast<double>(here.size());
    }
    return kept;
}

void loss_curve::leave(std::string why) {
    method_ = loss_method::dealt_blocks;
    sharing_.reset();
    why_ = std::move(why);
}

bool loss_curve::takes_table(double limit, const nat& of) {
    if (method_ != loss_method::erlang_b && method_ != loss_method::batches &&
        method_ != loss_method::modulated)
        return false;
    if (sharing_) return false;  // a table holds connections, of which a mapping carries several
    if (limit >= ports_) return true;
    ports_ = limit;
    least_busy_ = std::min(least_busy_, limit);
    why_ = table_in_words(of, static_cast<std::uint64_t>(limit)) + " holds " +
           grouped(count(limit)) + ", and " + why_;
    return true;
}

}  // namespace natbound::calculator
