#pragma once
// A whole network, connection by connection: NATs that follow one another, firewalls, limits on
// subscribers, and servers that hold only so many. Each NAT is a nat_table (or a port_set_table),
// the one meaning of a design, so this is slower than `simulation`, which steps one NAT alone and
// is held to the same.
//
// A connection opens an entry in each NAT on its way, inner ones first; where one, or the server,
// refuses it, the entries that it has opened on the way are taken back at once. When its users are
// done, each NAT keeps its entry for its own timer; the client's socket is free when the last one
// has gone, or, where its time-wait is known, after that: a connection from a socket that is free
// again while a NAT still keeps the entry goes on with that entry, as it is. A server counts the
// connections that are open.
#include <deque>
#include <limits>
#include <map>
#include <optional>
#include <queue>
#include <unordered_map>
#include <variant>
#include <vector>

#include "natbound/calculator/simulation.hpp"
#include "natbound/model/nat_table.hpp"
#include "natbound/model/port_set_table.hpp"
#include "whole_nat.hpp"

namespace natbound::calculator::detail {

// How a connection may end: with which cause, whether by FIN, and whether the client's came first;
// what of all does so, and for how many seconds entries or socket are then taken.
struct closing_way {
    double share = 0, seconds = 0;
    const closing_phase* phase = nullptr;
    bool fin = false, first = false;
};

struct network_stream {
    std::size_t clients = 0, servers = 0;  // places in the scenario
    std::vector<double> weights;           // of the server set's endpoints; empty: even
    simulated_stream law;                  // rate, times; closing as the slowest NAT on the way
    std::uint32_t kind = 0;                // its place in `kinds`
    std::vector<std::size_t> way;          // NATs in the scenario, inner first
    // As those of stream.
    std::optional<double> time_wait = {};
    double fin = 1, client_closes = 1;

    std::vector<closing_way> closings() const;
    double taken() const;  // mean seconds until entries and socket are both free
};

// The scenario must outlive it.
struct network_input {
    const scenario* of = nullptr;
    std::vector<network_stream> streams;
    std::vector<named_kind> kinds;  // counted apart
    std::optional<retry_policy> retry;
    // NATs by those of the same name as they are until change(), timers aside; none: as they are
    // after it.
    const scenario* before = nullptr;

    double load() const;
    double rate() const;
};

// The table of a NAT, whether or not it deals its ports out in sets.
class stage_table {
    template <class F>
    auto on(F&& f) {  // one or the other
        if (auto* plain = std::get_if<nat_table>(&of_)) return f(*plain);
        return f(std::get<port_set_table>(of_));
    }

  public:
    stage_table(const scenario& s, const nat& n) {
        if (n.port_set) {
            of_.emplace<port_set_table>(s, n);
        } else {
            plan_.emplace(n);
            of_.emplace<nat_table>(*plan_);
        }
    }
    // What is live stays, or is cut where the NAT no longer gives its address or port.
    void move_to(const nat& n, bool cut) {
        next_.emplace(n);
        std::get<nat_table>(of_).move_to(*next_, cut);
    }
    stage_table(const stage_table&) = delete;
    stage_table& operator=(const stage_table&) = delete;

    opened open(const flow& f, random_bits& random) {
        return on([&](auto& table) { return table.open(f, random); });
    }
    void close(const flow& f, close_cause cause) {
        on([&](auto& table) { table.close(f, cause); });
    }
    void reopen(const flow& f) {
        on([&](auto& table) { table.reopen(f); });
    }
    void remove(const flow& f) {
        on([&](auto& table) { table.remove(f); });
    }
    void pass(double seconds) {
        on([&](auto& table) { table.pass(seconds); });
    }
    std::uint64_t live() const {
        const auto* plain = std::get_if<nat_table>(&of_);
        return plain ? plain->live() : std::get<port_set_table>(of_).live();
    }
    bool is_live(const flow& f) {
        return on([&](auto& table) { return table.is_live(f); });
    }
    std::optional<endpoint> external_of(const flow& f) {
        return on([&](auto& table) { return table.external_of(f); });
    }

  private:
    std::optional<nat_plan> plan_, next_;
    std::variant<std::monostate, nat_table, port_set_table> of_;
};

class network_simulation {
  public:
    static constexpr std::uint64_t chunk = 5000;  // arrivals between two looks at the clock
    static constexpr double most_placed = 1e7;    // connections of a stream, to begin with

    network_simulation(const network_input& input, std::uint64_t seed);

    // As those of `simulation`.
    void scale(double factor);
    void rates(const std::vector<double>& factors);
    void go_on_as(std::size_t stream, std::size_t other);
    // As that of `simulation`; connections that lose an entry close.
    void change(bool cut);
    // Lets the clock run, for as long as what is met closing has been so.
    void fill(std::optional<std::uint64_t> flows = {});
    void advance_to(double time);
    double now() const { return now_; }
    double first_refused() const { return first_refused_; }
    void advance(double arrivals);
    void arrive(std::uint64_t arrivals);
    double memory() const;
    double forgets() const;
    double likely_cluster(double beyond_mean) const;
    std::uint64_t most_live() const { return most_live_; }
    // Entries of the outermost NATs, and connections of clients that are inside none.
    std::uint64_t live() const;
    const std::vector<kind_counts>& counts() const { return counts_; }
    void clear_counts();
    std::uint64_t unoffered() const { return unoffered_; }
    // Of connections that were let in: those whose tuple the server still kept in TIME-WAIT.
    std::uint64_t met_time_wait() const { return met_time_wait_; }
    std::uint64_t events() const { return events_; }

  private:
    struct firewall {
        std::uint64_t live = 0;
        protocol_counts live_of_each = {};
        connection_limits limits;
        // An entry more, or one fewer.
        void add(transport protocol, bool more) {
            live += more ? 1 : std::uint64_t(-1);
            live_of_each[static_cast<std::size_t>(protocol)] += more ? 1 : std::uint64_t(-1);
        }
        bool full(transport protocol) const {
            return limits.full(protocol, live_of_each) ||
                   (limits.limit_per_instance && live >= *limits.limit_per_instance);
        }
        // Entries that a timer keeps after the close: until when, and by time.
        std::unordered_map<flow, double, flow_hash> kept = {};
        std::multimap<double, flow> ends = {};
    };
    struct stage {
        const nat* of = nullptr;
        std::optional<stage_table> table;
        firewall wall;  // where nothing is translated
        bool outermost = false, drops = false;
        std::optional<nat> was;               // until the change
        std::map<flow, std::uint32_t> owner;  // where a full table drops flows
        double passed = 0;
    };
    struct connection {
        std::uint32_t stream = 0, pair = 0, serial = 0;
        port source = 0;
        std::vector<flow> at;      // as each stage sees it
        endpoint server, outside;  // as the server sees both ends
        bool open = false;
        bool socket = false;  // its client's socket is taken
    };
    enum class what { arrival, close, socket, release, again, entry };
    struct event {
        double at = 0;
        what kind = what::arrival;
        std::uint32_t id = 0, serial = 0;
        bool operator<(const event& other) const { return at > other.at; }
    };
    struct next_try {
        std::uint32_t stream = 0, pair = 0, refused = 0;
        flow first;
        double since = 0, wait = 0;
    };
    // Connections that wait to be accepted, the one in hand among them; when it is done with.
    struct accept_queue {
        std::uint64_t waiting = 0;
        double next = 0;
    };
    struct server_count {
        std::map<endpoint, std::uint64_t> endpoints;
        std::map<ip_address, std::uint64_t> addresses;
        std::map<endpoint, accept_queue> accepting;
    };

    // A connection that is met at any moment: open, or closing in that way for so long.
    struct met {
        std::uint32_t stream = 0;
        const closing_way* way = nullptr;
        double since = 0;
    };

    void step();
    void take_due();
    void offer(std::uint32_t stream);
    std::optional<std::uint32_t> admit(std::uint32_t stream);
    met glance(std::uint32_t stream);
    void place(const met& one);
    std::optional<std::uint32_t> attempt(std::uint32_t stream, std::uint32_t pair, const flow& f);
    bool through(stage& here, connection& c, flow& f, kind_counts& count);
    bool served(std::size_t set, const endpoint& at);
    bool room_to_wait(const listen_queue& queue, accept_queue& here);
    void keeps_tuple(const connection& c, const network_stream& s);
    void unserved(std::size_t set, const endpoint& at);
    void back_out(const connection& c);
    void close(std::uint32_t id);
    void close_as(std::uint32_t id, const closing_phase* phase, bool fin, bool first);
    void begin(std::uint32_t id, double open_for);
    void release(std::uint32_t id);
    void free_socket(connection& c);
    double waits(const network_stream& s, bool fin, bool first, double entries) const;
    void wait_or_give_up(next_try next, kind_counts& count);
    void try_again(std::uint32_t id);
    void forget(stage& here, const flow& f);
    void keep(std::size_t nat, const flow& f, double seconds);
    void entries_end(firewall& here);
    stage& at(std::size_t nat);
    std::uint32_t pair_of(ip_address client, transport protocol, const endpoint& to);
    port source_for(const network_stream& s, ip_address client, std::uint32_t pair);

    const network_input* input_;
    random_bits random_;
    std::deque<stage> stages_;
    std::vector<open_time_draws> draws_;
    std::vector<std::vector<closing_way>> closings_;  // by stream
    std::vector<double> taken_;                       // by stream
    std::vector<port_list> ports_;                    // by client set
    std::vector<std::vector<double>> weights_;        // cumulated, by stream
    std::vector<double> up_to_;                       // cumulated rates
    std::vector<server_count> servers_;
    std::map<std::pair<endpoint, endpoint>, double> kept_;  // until when, by server and client end
    client_sockets sockets_;
    // By who connects (from port 0) to where.
    std::unordered_map<flow, std::uint32_t, flow_hash> pairs_;
    std::map<ip_address, std::uint32_t> cursors_;  // sequential
    std::vector<std::uint32_t> pair_cursors_;      // linux
    std::vector<connection> connections_;
    std::vector<std::uint32_t> free_;
    std::vector<next_try> waiting_;
    std::vector<std::uint32_t> free_waiting_;
    std::priority_queue<event> events_due_;
    std::vector<kind_counts> counts_;
    double now_ = 0, next_arrival_ = 0, rate_ = 0, factor_ = 1;
    double first_refused_ = std::numeric_limits<double>::infinity();
    std::vector<double> factors_;  // a stream's
    std::uint64_t routed_ = 0, most_live_ = 0, unoffered_ = 0, events_ = 0, offered_ = 0,
                  met_time_wait_ = 0;
    asked refused_by_ = asked::ports;  // the last attempt that was refused
    bool retrying_ = false, placing_ = false;
};

// Whether a scenario needs the whole network to be stepped; and the network, or an `unsupported`
// that says what of it is not simulated.
bool needs_network(const scenario& s);
network_input network_of(const scenario& s, const filled_traffic& traffic);
// The scenario as it is stepped: clients that are spread over NATs in parts, NATs inside others
// with what these send; firewalls in rows where they are.
scenario as_stepped(const scenario& s);

}  // namespace natbound::calculator::detail
