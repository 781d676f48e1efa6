#pragma once
// Traffic through one NAT, event by event: arrivals, closes, and entries whose timers run out.
//
// Exponential times need no queue: the next event is drawn by its rate, and the flow that closes is
// any of the open ones. Where the table is well filled that flow is found by drawing an external
// port and letting nothing happen if no flow is open there (uniformization: A. Jensen 1953); which
// port is then known some events ahead, and fetched into the cache. Else a list of open flows is
// kept. Constant times (the NAT's timers are) leave in the order they came, so each keeps a ring;
// other laws share a heap. Without timers not even a clock is needed.
//
// Batches are one arrival of several connections. A stream whose rate changes with a state (on-off,
// MMPP) draws arrivals at its highest rate, all the time, and drops some in the other states: so
// the rate of what is drawn never changes. Changes of state are drawn the same way.
#include <array>
#include <cstdint>
#include <functional>
#include <limits>
#include <natbound/calculator/asked.hpp>
#include <natbound/calculator/flow_table.hpp>
#include <natbound/calculator/open_time_draws.hpp>
#include <natbound/calculator/retries.hpp>
#include <natbound/calculator/sockets.hpp>
#include <natbound/calculator/timed_queue.hpp>
#include <natbound/calculator/traffic.hpp>
#include <optional>
#include <vector>

namespace natbound::calculator {

// Clients that are alike: as many addresses, each with these ports.
struct client_group {
    std::size_t set = 0;      // in scenario.clients
    std::uint32_t first = 0;  // number of the first client
    std::uint32_t count = 0;
    port_list ports;
    source_port_law law = source_port_law::uniform;
};

struct simulated_stream {
    std::uint32_t group = 0;                  // of clients
    std::vector<std::uint32_t> destinations;  // by number
    std::vector<double> weights;              // of those; empty: even
    double rate = 0;                          // connections a second, all together
    open_time open;
    std::vector<closing_phase> closing;
    arrival_process arrives = {};
    double packets = 0;  // of a connection; 0: none are counted

    double hold() const;
};

// A limit of so many a second: a token bucket, full at first.
struct token_bucket {
    double per_second = 0, depth = 0;  // no limit: 0
};

struct simulation_input {
    table_setup table;
    std::vector<client_group> clients;
    std::vector<simulated_stream> streams;
    // The pool's address by client * addresses + address of the destination; empty: as the design
    // chooses at each open.
    std::vector<std::uint32_t> rank_of;
    // What change() makes of the NAT, and then of rank_of.
    std::optional<table_setup> later = {};
    std::vector<std::uint32_t> later_rank_of = {};
    std::uint32_t addresses = 1;  // different destination addresses
    // Counted apart: kind_of[group of clients * destinations + destination] < kinds.
    std::vector<std::uint32_t> kind_of;
    std::uint32_t kinds = 1;
    // Before the allocator: a connection takes a token of each, a packet one of the second.
    token_bucket connections = {}, packets = {};
    // What clients do after a refusal, in seconds; none: nothing. At least one try.
    std::optional<retry_policy> retry = {};
    bool clock = false;  // time is counted, though nothing here needs it

    double load() const;
};

// Of first attempts: those offered, refused, and let in by cutting an open flow. Of later ones
// (retries): those made and those refused. Connections that gave up, and the seconds that those
// that came in after a refusal had waited. `by`: of those refused at first, the limit.
struct kind_counts {
    std::uint64_t arrivals = 0, refused = 0, cut = 0;
    std::uint64_t again = 0, refused_again = 0, gave_up = 0;
    double waited = 0;
    std::uint64_t unoffered = 0;  // arrivals whose client had no free socket, not among the others
    refusals_by_limit by{};
    std::uint64_t failed() const { return refused + cut; }
};

class simulation {
  public:
    static constexpr std::uint64_t chunk = 50000;  // arrivals between two looks at the clock

    simulation(const simulation_input& input, std::uint64_t seed);

    // Multiplies all rates (of the input, not of the call before).
    void scale(double factor);
    // Multiplies each stream's rate (of the input) by its own factor: what follows a change.
    void rates(const std::vector<double>& factors);
    // From now on the open flows of a stream close as those of the other do; where both are
    // exponential at its rate, too.
    void go_on_as(std::size_t stream, std::size_t other);
    // The NAT becomes input.later, if there is one. Flows that are live stay where they are; or
    // cut: those end at once that are on ports or addresses which it does not give.
    void change(bool cut);
    // Puts a stationary number of flows into the empty table, in any order; refused ones are left
    // out. How they lie is then not yet stationary: advance() for a few holds.
    // The same with just so many flows, as they are at one moment.
    void fill(std::optional<std::uint64_t> flows = {});
    // With a clock: goes on to that time, in seconds from the beginning.
    void advance_to(double time);
    double now() const { return now_; }
    // When a first attempt was first refused since the counts were cleared; infinite if none was.
    double first_refused() const { return first_refused_; }
    // Goes on for about so many arrivals. In a simulation with a clock for the time that they take
    // on average, so that where it stops does not depend on what happens.
    void advance(double arrivals);
    // Exactly so many more arrivals offered to the NAT (and the rest of the last batch).
    void arrive(std::uint64_t arrivals);
    // The same as advance(), looking at batches on the way: each with that chance, independently
    // (every one after a fixed time would skip those that follow close upon another). `before` is
    // called with the stream before each connection of such a batch is tried.
    void advance(double arrivals, double chance, const std::function<void(std::size_t)>& before);
    // Connections that a limit on connections a second, or on packets, refused.
    std::uint64_t policed() const { return policed_; }
    std::uint64_t packets() const { return packets_; }
    std::uint64_t packets_lost() const { return packets_lost_; }
    // How long advance() takes, in seconds of the input's rates; where there is no clock by the
    // time to the next event in the present state.
    double span(double arrivals) const;
    // A stream's rate at the moment over its mean rate.
    double level(std::size_t stream) const {
        if (switch_of_[stream] == none_) return 1;
        const auto& world = switches_[switch_of_[stream]];
        return world.of->levels[world.state];
    }

    // The weight of the state where advance() stopped in an average over time: 1 where there is a
    // clock or the time to the next draw is the same in all states, else that time.
    double weight() const;
    double mean_hold() const;  // over all streams
    // Mean holds until where flows lie no longer shows how they were put there. Flows that all stay
    // equally long leave in the order in which they came, and a sequential search puts the next
    // ones in the same order again: 64,512 ports in Linux's windows, constant holds and load 0.92
    // refuse a quarter of what they will after no hold, half after 4, four fifths after 15, and all
    // but 3 % after 30.
    double memory() const;
    // Seconds in which the number of live flows, and who waits to try again, is mostly forgotten:
    // the integral of the number's autocorrelation (for Poisson arrivals E[hold^2] / 2 E[hold], the
    // mean time that a flow met at any moment stays), no less than a mean hold; or of the arrivals'
    // state; and all back-offs of a connection.
    double forgets() const;
    // Refusals come in clusters: where the ports are full they stay so for a while. From the most
    // flows that were live so far beyond their mean: where nothing was refused at that many, what
    // refuses lies beyond, and is left at no less than that drift; bursts, and buckets that the
    // traffic nearly fills, add theirs.
    double likely_cluster(double beyond_mean) const;
    std::uint64_t most_live() const { return most_live_; }  // since the counts were cleared
    double longest_phase() const;  // seconds: of open times and timers, the longest mean
    const flow_table& table() const { return table_; }
    std::uint64_t live() const { return table_.live(); }
    const client_sockets& sockets() const { return sockets_; }
    const simulation_input& input() const { return *input_; }
    const std::vector<kind_counts>& counts() const { return counts_; }
    void clear_counts();
    // The share of arrivals that were not offered, failed, or took a closing entry over: how far
    // the number of live flows is from what it would be if nothing disturbed it.
    double share_displaced() const;
    std::uint64_t unoffered() const {
        return unoffered_;
    }                                                 // arrivals whose client had no socket free
    std::uint64_t events() const { return events_; }  // arrivals and closes and ends of timers
    random_bits& random() { return random_; }

    // The port that a client's next connection would take; port_count where none is free.
    port next_port(const client_group& group, std::uint32_t client, std::uint32_t destination,
                   std::uint32_t& steps);

  private:
    // The state of an entry whose rate changes; rate: of the state that is left soonest.
    struct world_state {
        const arrival_process* of = nullptr;
        double rate = 0;
        std::size_t state = 0;
    };

    // Flows that leave by the same law.
    struct open_group {
        explicit open_group(const simulated_stream& s)
            : law(s.open), closing(s.closing), draws(s.open) {}

        open_time law;
        std::vector<closing_phase> closing;
        open_time_draws draws;
        double departure_rate = 0;       // exponential: 1 / mean
        double part = 0;                 // of the highest departure rate
        std::vector<std::uint32_t> ids;  // exponential: the open ones
        std::uint32_t queue = 0;         // constant: which
        double packet_rate = 0;          // of each open flow
        std::uint64_t open = 0;          // where packets are counted
    };

    // Tokens as they are at a moment.
    struct bucket_level {
        double tokens = 0, at = 0;
        bool take(const token_bucket& of, double now);
    };

    // A connection's next attempt. It keeps its source port while it waits, as TCP does.
    struct next_try {
        double at = 0, since = 0, wait = 0;
        std::uint32_t stream = 0, client = 0, destination = 0;
        port source = 0;
        std::uint32_t refused = 0;
        friend bool operator>(const next_try& a, const next_try& b) { return a.at > b.at; }
    };

    double steps(double arrivals) const;
    void step();
    void step_slots();
    void step_timed(double until);
    void use_slots();
    std::uint32_t slot(double at) const {
        const auto i = static_cast<std::uint32_t>(at);
        if (cells_ == 1) return first_slot_ + i;
        return (i / span_) << 16U | (first_slot_ + i % span_);
    }
    double departures() const;
    double packet_rate() const;
    bool let_in(std::size_t stream);
    void packets_until(double time);
    void random_event(double at);
    void arrival();
    std::uint32_t pick_destination(std::size_t stream);
    std::uint32_t offer(std::size_t stream, std::uint32_t destination);
    std::uint32_t attempt(std::size_t stream, std::uint32_t client, std::uint32_t destination,
                          port source);
    kind_counts& count_of(std::size_t stream, std::uint32_t destination);
    void wait_or_give_up(next_try connection, kind_counts& count);
    void try_again();
    void open_offered(std::size_t stream, std::uint32_t destination);
    void begin_hold(std::size_t stream, std::uint32_t id);
    void open_for(std::uint32_t id, double seconds);
    void place_by_glance(std::uint32_t id, const simulated_stream& stream);
    void close_for(std::uint32_t id, const closing_phase& phase, double seconds);
    void depart(open_group& group, std::uint64_t place);
    void end_open(std::uint32_t id);
    void remove(std::uint32_t id);
    void gone(std::uint32_t id);
    double next_deadline();
    void expire();
    std::uint32_t& serial(std::uint32_t id);
    std::uint32_t& place_of(std::uint32_t id);

    const simulation_input* input_;
    const std::vector<std::uint32_t>* rank_of_;
    flow_table table_;
    client_sockets sockets_;
    random_bits random_;
    std::vector<open_group> groups_;
    std::vector<std::uint32_t> group_of_;       // a stream's
    std::vector<double> up_to_;                 // cumulated rates of the streams
    std::vector<std::vector<double>> weights_;  // cumulated, a stream
    std::vector<timed_ring> rings_;             // open constant times and closing phases
    std::vector<double> ring_seconds_;
    timed_heap heap_;
    std::vector<next_try> waiting_;       // a heap, the first to try at the front
    std::vector<std::uint32_t> serials_;  // tells an id's present flow from earlier ones
    std::vector<std::uint32_t> cursors_;  // sequential, linux: a client's, a pair's
    std::vector<kind_counts> counts_;
    std::vector<std::uint32_t> places_;  // in its group's list, an id; for full tables
    std::array<double, 8> ahead_{};      // the next draws of slots
    unsigned ahead_at_ = 0;
    bool by_slots_ = false;
    std::uint32_t first_slot_ = 0, span_ = 0, cells_ = 1;
    double slots_ = 0, fastest_ = 0;  // external ports; the highest departure rate
    static constexpr std::size_t none_ = SIZE_MAX;
    std::vector<world_state> switches_;
    std::vector<std::size_t> switch_of_;                        // a stream's; none_
    const std::function<void(std::size_t)>* before_ = nullptr;  // of advance
    double look_chance_ = 0;
    // Of what is drawn (batches, arrivals that a state drops, changes of state), and of
    // connections.
    double arrival_rate_ = 0, mean_rate_ = 0, now_ = 0, factor_ = 1;
    double first_refused_ = std::numeric_limits<double>::infinity();
    std::vector<double> factors_;  // a stream's
    std::uint64_t unoffered_ = 0, took_over_ = 0, events_ = 0, offered_ = 0;
    bool timed_ = false;
    bool policing_ = false, retrying_ = false;  // not while the table is filled
    std::uint64_t most_live_ = 0;
    bucket_level connections_level_, packets_level_;
    std::uint64_t policed_ = 0, packets_ = 0, packets_lost_ = 0;
    asked refused_by_ = asked::ports;  // the last attempt that was refused
};

}  // namespace natbound::calculator
