#pragma once
// The exact probability that the next connection fails, given the whole state of a simulation of
// one clash scope: averaged over the clients, over the port that each would take next, and over the
// draws of the search. Averaged over simulated states it is the refusal probability (Poisson
// arrivals see time averages: R. W. Wolff 1982), seen far below what counting refusals would reach.
#include <natbound/calculator/search_odds.hpp>
#include <natbound/calculator/simulation.hpp>
#include <vector>

namespace natbound::calculator {

class arrival_odds {
  public:
    // The simulation's NAT has one clash scope, and its pool one address or a search that goes on
    // to all of them; its table's limit is left out. Throws unsupported as search_odds does.
    // Streams before `first` are not counted.
    explicit arrival_odds(const simulation& s, std::size_t first = 0);

    // Reads the present state, as those see it who come by themselves at this moment: streams that
    // are off count for nothing, those that are on for more than their mean rate (given that they
    // are on, their arrivals see time averages); batches are left out.
    void read(simulation& s);
    // The same for one stream alone, at the rate of one a second: what the next connection of a
    // batch meets.
    void read(simulation& s, std::size_t stream);

    // Of each kind: its arrivals a second that have a free socket, and what fails of them.
    const std::vector<double>& offered() const { return offered_; }
    const std::vector<double>& failing() const { return failing_; }

  private:
    // Source ports that fail with the same probability once the fixed part of their search is busy.
    struct source_class {
        const port_range_plan* range = nullptr;
        bool preserved = false;
        port_words ports{};
        double odds[2] = {0, 0};  // not TCP, TCP
        // of the group that was read last: those that fail, and the words that they lie in
        port_words failing{};
        std::size_t first = 0, words = 0;
        std::uint64_t all = 0;  // of them

        bool may_fail(const bool (&tcp)[2]) const {
            return (tcp[0] && odds[0] > 0) || (tcp[1] && odds[1] > 0);
        }
    };

    void add_rates(const simulation& s, std::size_t stream, double rate);
    void read_with(simulation& s);
    void read_cells(const simulation& s);
    void read_group(std::size_t group);
    double failing_ports(const std::uint64_t* but, bool tcp) const;
    bool count_used(const simulation& s);
    double failing_of_pair(const simulation& s, std::uint32_t pair, bool tcp) const;
    double failing_port(port p, bool tcp) const;
    void few_pairs(simulation& s);
    void many_pairs(simulation& s);
    double sampled(simulation& s, const client_group& group, std::uint32_t destination);
    void add(const simulation& s, std::uint32_t group, std::uint32_t destination, double offering,
             double odds);

    std::vector<search_odds> searches_;  // one a class in use
    std::vector<source_class> classes_;
    std::vector<std::uint8_t> class_of_;  // of a source port: which of classes_
    std::vector<port_words> group_ports_;
    port_words blocked_{};                            // the fixed part of the search is busy
    bool tcp_[2] = {false, false};                    // destinations that are not TCP, that are
    std::vector<std::uint32_t> live_, failing_used_;  // see count_used()
    std::vector<double> rates_;  // of group * destinations + destination, an arrival's share
    std::vector<double> offered_, failing_;
    std::size_t first_ = 0;  // stream that is counted
    bool poisson_ = true;    // all streams: then rates_ stay
};

}  // namespace natbound::calculator
