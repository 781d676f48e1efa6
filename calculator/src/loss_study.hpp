#pragma once
// What likely and risk share: the curves of a scenario's systems, and every kind's probability as a
// sum over them. Limits of the whole table join by the product bound: a connection gets through if
// it passes both, and losses at one limit thin the load of the other, so 1 - (1 - a)(1 - b) is not
// too low (W. Whitt, Bell System Technical Journal 64 (1985) 1807).
#include <map>

#include "natbound/calculator/burst_limit.hpp"
#include "natbound/calculator/likely.hpp"
#include "natbound/calculator/loss_curve.hpp"
#include "natbound/calculator/packet_limit.hpp"

namespace natbound::calculator::detail {

// A kind's flows in one system: which curve, the kind's place in it, the system's load, and the
// share of the kind's arrivals.
struct share_of_kind {
    std::size_t curve, place, system;
    double load, share;
};

class kind_sums {
  public:
    kind_sums(const scenario& s, const filled_traffic& traffic, const study_options& options,
              std::uint64_t assignment);

    // log probability that a connection of a kind fails, its error, and whether it was seen to be
    // possible.
    log_odds at(std::size_t kind, double scale) const;
    log_odds worst(double scale) const;
    // Mean over all connections.
    log_odds average(double scale) const;
    // The scale at which `of` reaches log epsilon, between bounds; none if it never does.
    template <class Of>
    std::optional<double> root(double log_epsilon, Of&& of) const;

    // Looks where the worst kind reaches epsilon.
    void find(double epsilon, double holds);
    // Looks at the loads of this scale, unless they are so low that looking is vain.
    void look(double scale, double holds);
    // An upper bound on a kind's probability where it was not seen, as a logarithm.
    double bound(std::size_t kind, double scale) const;
    // Makes bounds worth something: looks where simulated curves reach a probability that low,
    // unless a bound at this scale is as low without.
    void look_low(double scale, double probability);

    bool any_simulated() const;
    const system_split& all() const { return all_; }
    const std::vector<loss_curve>& curves() const { return curves_; }
    const std::vector<share_of_kind>& shares(std::size_t kind) const { return shares_[kind]; }
    double log_table(std::size_t nat,
                     double scale) const;  // of a full table; -infinity without limit
    bool has_table(std::size_t nat) const { return tables_[nat] > 0; }
    // Of a client address (of a client set) at its quota; -infinity without one that can be reached
    double log_quota(std::size_t clients, double scale) const;
    bool has_quota(std::size_t clients) const { return quotas_[clients].limit > 0; }
    bool has_bursts(std::size_t clients) const { return quotas_[clients].bursts.has_value(); }
    // Of the token buckets before the NAT, for connections (M/D/1/K, K its depth:
    // finite_queue.hpp) and for packets (packet_limit.hpp), that one is out of tokens; -infinity
    // without any.
    double log_rate(std::size_t nat, double scale) const;
    double log_connections(std::size_t nat, double scale) const;
    // No less than this alone: of packets as if none but their mean number ever came (M/D/1/K).
    double log_rate_least(std::size_t nat, double scale) const;
    packet_answer packets(std::size_t nat, double scale) const;
    bool has_connections(std::size_t nat) const { return policers_[nat].limit > 0; }
    // A limit on packets, and traffic that says how many it has.
    bool has_packets(std::size_t nat) const { return policers_[nat].packets > 0; }
    bool has_rate(std::size_t nat) const { return has_connections(nat) || has_packets(nat); }
    const packet_load& packet_load_of(std::size_t nat) const { return policers_[nat].sent; }
    // Of a server endpoint or address that is full; -infinity without limits that can be reached.
    double log_servers(std::size_t kind, double scale) const;
    bool has_servers(std::size_t kind) const { return !servers_[kind].empty(); }
    // Of a client address that finds as many others served as the NAT serves; -infinity without.
    double log_subscribers(std::size_t nat, double scale) const;
    bool has_subscribers(std::size_t nat) const { return subscribers_[nat].limit > 0; }
    // Whether quotas refuse beside something else, so that their product bound is not exact.
    bool joined() const;
    // The highest load of a system over all systems: what an assignment is judged by.
    double heaviest() const;

  private:
    void read_servers(const scenario& s, const filled_traffic& traffic);
    void read_subscribers(const scenario& s, const filled_traffic& traffic);

    system_split all_;
    std::vector<loss_curve> curves_;
    std::vector<std::vector<share_of_kind>> shares_;  // a kind's
    std::vector<double> most_load_;                   // of a curve's systems
    struct quota {
        double limit = 0, load = 0;            // of one client address; no limit: 0
        bool plenty = true;                    // ports of its own towards each destination
        std::optional<burst_law> bursts = {};  // where its connections are not Poisson
    };
    std::vector<quota> quotas_;  // by client set
    struct policer {
        double limit = 0, offered = 0;  // connections a second; no limit: 0
        std::uint64_t depth = 1;
        double packets = 0;  // a second; no limit, or traffic that does not say: 0
        std::uint64_t packets_depth = 1;
        packet_load sent;
    };
    struct server {
        double limit, load;
    };
    std::vector<std::vector<server>> servers_;  // by kind: of its endpoint, of its address
    struct subscribers {
        std::uint64_t limit = 0, addresses = 0;  // no limit: 0
        double load = 0;                         // of each address
    };
    std::vector<subscribers> subscribers_;                              // a NAT's
    std::vector<policer> policers_;                                     // a NAT's
    mutable std::map<std::pair<std::size_t, double>, double> policed_;  // by NAT and scale
    mutable std::map<std::pair<std::size_t, double>, packet_answer> sent_;
    double log_bursts(double limit, double load, const burst_law& law) const;
    std::vector<std::optional<burst_law>>
        table_bursts_;  // a NAT's, where its traffic is not Poisson
    mutable std::map<std::pair<double, double>, double> bursts_;  // by limit and load
    std::vector<double> tables_;  // a NAT's; 0: no limit, or one that can't be reached
};

// log(e^a + e^b)
double log_sum(double a, double b);

template <class Of>
std::optional<double> kind_sums::root(double log_epsilon, Of&& of) const {
    // `of` grows with the scale; unseen is below all.
    const auto above = [&](double x) {
        const log_odds here = of(std::exp(x));
        return here.seen && here.log > log_epsilon;
    };
    double low = -80, high = 80;
    if (!above(high)) return std::nullopt;
    for (int i = 0; i < 80; ++i) {
        const double middle = (low + high) / 2;
        (above(middle) ? high : low) = middle;
    }
    return std::exp((low + high) / 2);
}

}  // namespace natbound::calculator::detail
