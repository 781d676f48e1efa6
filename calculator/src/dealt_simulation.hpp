#pragma once
// Traffic through a NAT that deals port sets on demand, where every search finds every free port:
// then it only matters how many flows towards each destination are in each set, and a flow is a
// number, that of its set and clash scope. What port_set_table does (port_set_table.hpp) without
// tables of flows: a flow goes to the first of its subscriber's sets with a free port, its own for
// ever first, then in the order in which they were dealt; else the subscriber is dealt another; a
// set is free again when no entry is left in it.
#include <limits>
#include <optional>
#include <vector>

#include "hold_clock.hpp"
#include "natbound/calculator/simulation.hpp"
#include "whole_nat.hpp"

namespace natbound::calculator::detail {

struct dealt_stream {
    double rate = 0;                           // a second, of all subscribers
    std::uint32_t first = 0, subscribers = 0;  // who send it, all alike
    std::vector<std::uint32_t> scopes;         // of each endpoint
    std::vector<double> up_to;                 // cumulated weights of these; empty: even
    std::uint32_t kind = 0;                    // its place in `kinds`
};

struct dealt_input {
    std::uint64_t block = 0, most = 0,
                  pool = 0;                     // ports of a set; sets of a subscriber, and of all
    std::uint64_t own = 0;                      // ports of each subscriber that are in none
    std::optional<std::uint64_t> table, quota;  // entries of all, and of one subscriber
    std::uint32_t subscribers = 0, scopes = 0;
    std::vector<dealt_stream> streams;
    std::vector<hold_law_of> laws;  // a stream's
    std::vector<named_kind> kinds;  // counted apart
};

// None where ports do not lie so simply: searches that miss free ports, mappings that several
// connections share, closing entries that give way, few source ports, paired pooling, static
// mappings, another NAT, limits beside a table and a quota, other arrivals than Poisson's.
std::optional<dealt_input> dealt_of(const scenario& s, const filled_traffic& traffic);

// A bound on the logarithm of the chance that one is refused from a change (of the first so many
// streams to the others) until so many seconds after it; of traffic that has run for a million mean
// holds before it, or less.
double dealt_log_reach(const dealt_input& input, std::size_t before, double horizon);

class dealt_simulation {
  public:
    dealt_simulation(const dealt_input& input, std::uint64_t seed);

    // As those of `simulation`.
    void rates(const std::vector<double>& factors);
    void go_on_as(std::size_t stream, std::size_t other) { clock_.go_on_as(stream, other); }
    void change(bool) {}
    void fill(std::optional<std::uint64_t> flows = {});
    void advance_to(double time);
    double now() const { return clock_.now(); }
    double first_refused() const { return first_refused_; }
    double memory() const;
    std::uint64_t live() const { return live_; }
    std::uint64_t sets() const { return input_->pool - free_.size(); }  // that are held
    const std::vector<kind_counts>& counts() const { return counts_; }
    void clear_counts();

  private:
    std::optional<std::uint32_t> admit(std::size_t stream);
    void leave(std::uint32_t cell);
    void give_back(std::uint32_t set);

    const dealt_input* input_;
    random_bits random_;
    hold_clock clock_;
    std::vector<double> up_to_, loads_;  // cumulated, by stream
    // By set and scope: those that are dealt, then each subscriber's own ports.
    std::vector<std::uint32_t> busy_;
    std::vector<std::uint32_t> in_set_;             // by set
    std::vector<std::uint32_t> owner_;              // of a set that is dealt
    std::vector<std::vector<std::uint32_t>> held_;  // by subscriber, in the order dealt
    std::vector<std::uint32_t> of_subscriber_;
    std::vector<std::uint32_t> free_;
    std::uint64_t live_ = 0;
    double first_refused_ = std::numeric_limits<double>::infinity();
    std::vector<kind_counts> counts_;
};

}  // namespace natbound::calculator::detail
