#pragma once
// Limits that are no ports: tables, quotas, rates, servers, subscribers; and the logarithm of the
// probability that each refuses a connection by itself, when the traffic is scaled.
#include <map>
#include <optional>
#include <vector>

#include "kept_laws.hpp"
#include "logarithms.hpp"
#include "natbound/calculator/burst_limit.hpp"
#include "natbound/calculator/dealt_blocks.hpp"
#include "natbound/calculator/likely.hpp"
#include "natbound/calculator/loss_curve.hpp"
#include "natbound/calculator/packet_limit.hpp"

namespace natbound::calculator::detail {

// A connection fails if it is refused, or if a full table makes room by cutting one that is open.
enum class counted { failing, refused };

class other_limits {
  public:
    // `ports` of each NAT over all its systems. Throws unsupported for what is not modelled.
    other_limits(const scenario& s, const filled_traffic& traffic, const system_split& all,
                 const std::vector<double>& ports);

    // Of a full table; -infinity without limit, and among the refused of one that cuts.
    double log_table(std::size_t nat, double scale, counted what = counted::failing) const;
    bool has_table(std::size_t nat) const { return tables_[nat] > 0; }
    double table(std::size_t nat) const { return tables_[nat]; }
    // Whether a full table drops its oldest entry.
    bool cuts(std::size_t nat) const { return has_table(nat) && cuts_[nat]; }
    // What refuses by the table is counted elsewhere.
    void drop_table(std::size_t nat) { tables_[nat] = 0; }
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
    // Of these, that nobody accepts in time: a full accept queue (M/M/1/K).
    double log_listen(std::size_t kind, double scale) const;
    // Of a client address that finds as many others served as the NAT serves; -infinity without.
    double log_subscribers(std::size_t nat, double scale) const;
    bool has_subscribers(std::size_t nat) const { return subscribers_[nat].limit > 0; }
    // Whether each address of the client set has ports enough for its quota.
    bool plenty(std::size_t clients) const { return quotas_[clients].plenty; }
    // How many limits a kind meets at its server.
    std::size_t servers(std::size_t kind) const { return servers_[kind].size(); }

    // Of ports dealt out in blocks on demand: by the subscriber's own limit and for want of a
    // block.
    double log_dealt(std::size_t kind, double scale) const;
    std::optional<dealt_refusal> dealt(std::size_t kind, double scale) const;
    bool has_dealt(std::size_t kind) const { return place_[kind].has_value(); }
    // Whether it is of blocks that are kept; and then the standard error of log_dealt().
    bool has_kept(std::size_t kind) const {
        return place_[kind] && dealt_.at(place_[kind]->dealing).stepped > 0;
    }
    double kept_error(std::size_t kind, double scale) const;
    // Whether a quota of so many connections is what one subscriber may have of the ports.
    bool is_all_of_one(std::size_t kind, std::uint64_t most) const {
        const auto& dealing = dealt_.at(place_[kind]->dealing);
        return dealing.most == most && dealing.kinds[place_[kind]->kind].quota == 0;
    }

    // A system whose search finds every free one of so many ports, as one dealing in blocks of one:
    // subscribers whose source ports, shared mappings and quotas are counted with the ports.
    // Whether they can be; `take_system` then counts them there.
    std::optional<block_dealing> as_dealing(const scenario& s, const system_split& all,
                                            std::size_t system, double ports) const;
    void take_system(const system_split& all, std::size_t system, block_dealing dealing);

  private:
    void read_dealt(const scenario& s, const system_split& all);
    void read_tables(const scenario& s, const std::vector<nat_plan>& plans,
                     const std::vector<double>& ports);
    void read_bursts(const scenario& s, const filled_traffic& traffic);
    void read_servers(const scenario& s, const filled_traffic& traffic,
                      const std::vector<traffic_kind>& kinds);
    void read_subscribers(const scenario& s, const filled_traffic& traffic);
    void read_rates(const scenario& s, const filled_traffic& traffic);
    void read_quotas(const scenario& s, const filled_traffic& traffic);

    std::vector<double> nat_load_;
    struct place {
        std::size_t dealing = 0, kind = 0, scope = 0;
    };
    // By NAT; of systems that are counted as one, by the number of NATs and the system.
    std::map<std::size_t, block_dealing> dealt_;
    std::vector<std::optional<place>> place_;  // a traffic kind's
    mutable std::map<std::pair<std::size_t, double>, dealt_answer>
        dealt_seen_;                                 // by dealing and scale
    mutable std::map<std::size_t, kept_laws> kept_;  // by dealing
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
        bool queue = false;  // of connections not yet accepted: a room, and arrivals over accepts
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
    std::vector<bool> cuts_;                                      // a NAT's
    std::vector<double> tables_;  // a NAT's; 0: no limit, or one that can't be reached
};

}  // namespace natbound::calculator::detail
