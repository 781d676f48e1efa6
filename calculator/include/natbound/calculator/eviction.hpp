#pragma once
// A table that drops its least recently used entry to make room: nobody is refused, somebody is
// cut. How likely a connection is cut before it ends, by how long it idles, and what keep-alives
// change.
//
// Connections of a kind open as a Poisson process, live an exponential time unless cut, and send
// packets at exponential gaps, or keep-alives when a gap reaches `keep_alive`. Each packet renews
// the entry, the closing one too. An entry goes when it is the oldest and room is needed, after
// `idle_timeout` without a packet, or `closed_timeout` after its close. A cut connection is gone.
//
// Che's approximation: in a large table an entry goes after a fixed time T without a packet, T such
// that the mean number of entries is the table's size. H. Che, Y. Tung, Z. Wang, IEEE JSAC 20
// (2002) 1305; C. Fricker, P. Robert, J. Roberts, ITC 24 (2012). Here T varies as it does in a
// table of that size, so that one whose mean demand is just below its size cuts too, as often as
// Erlang's formula says it is full (src/eviction.cpp). Error: docs/calculator.md.
#include <cstddef>
#include <cstdint>
#include <limits>
#include <utility>
#include <vector>

namespace natbound::calculator {

inline constexpr double never = std::numeric_limits<double>::infinity();

struct connection_kind {
    double rate;                    // opened per unit of time
    double life;                    // mean, if not cut
    double gap;                     // mean between its packets
    double keep_alive = never;      // the longest gap it allows
    double idle_timeout = never;    // of the table, for open connections
    double closed_timeout = never;  // of the table, after the close
};

class evicting_table {
  public:
    // size 1 .. 1e12 entries; rates > 0, lives and gaps > 0 and finite, timeouts > 0.
    evicting_table(double size, std::vector<connection_kind> kinds);

    // T: without a packet for so long, an entry is evicted. Infinity if the table is never full.
    double characteristic_time() const { return time_; }

    // The chance that a connection of a kind is cut before it ends, in all and by what: a full
    // table, or the idle timeout though there was room.
    double cut(std::size_t kind) const;
    double cut_by_eviction(std::size_t kind) const;

    // The chance that an entry that has been idle for so long has been evicted. The number of
    // entries touched since is taken as Poisson, so this is a step that is rounded as in a table of
    // this size. Beyond the shortest timeout at most so much: a sum over times at which the table
    // fills. idle >= 0.
    double evicted_after(double idle) const;

    // The longest silence after which an entry is gone with at most this chance, so the keep-alive
    // to set: T less what its fluctuation needs; infinite where none is ever evicted. 0 < target <
    // 1. Others' keep-alives are taken as they are.
    double keep_alive_for(double target) const;

    // Mean number of entries that had a packet within the last `recent`; all of them from T on.
    double touched_within(double recent) const;

  private:
    // Entries go after `time` without a packet; a share of the keep-alives that come just then
    // late.
    struct profile {
        double time, share;
    };
    profile mean_time() const { return {time_, share_}; }
    std::pair<double, double> about_silence(double target) const;
    void find_time();
    void find_cuts();
    double entries(double time, double share, double recent) const;
    double cut_at(const profile& as) const;
    double oldest_open() const;
    double longest() const;
    // What is cut in a unit of time at least, at most, and of those older than any timeout; and
    // whether keep-alives mend themselves.
    struct cut_bounds {
        double floor = 0, most = 0, old = 0;
        bool mended = false;
    };
    struct young_ages;
    cut_bounds bounds() const;
    double cut_as(profile as, const cut_bounds& in) const;

    // Of inverses, which ask many sizes for less than all cuts, and find the time only where they
    // need it: of connections cut, were entries to go at an age, the logarithm of how many are over
    // how many would be.
    struct without_cuts {};
    evicting_table(double size, std::vector<connection_kind> kinds, without_cuts);
    double over_at_age(double age) const;
    friend class cuts_of_one_kind;
    friend double keep_alive_for(double size, const connection_kind& kind, double target);

    double size_;
    std::vector<connection_kind> kinds_;
    double time_;
    double share_ = 1;  // of the keep-alives due after T itself, those that come too late
    double rate_ = 0, demand_ = 0;          // of all; entries, were there room
    double young_ = never;                  // the shortest timeout
    std::vector<double> cuts_, timed_out_;  // by kind: all, and were there room
};

// For one kind of connections: the fewest entries with which, and with any more, cut() <= target,
// 1 .. 1e12, and the most connections a unit of time (kind.rate is not read) at which, and at any
// fewer, it is, to 1e-12: near a mean demand as large as the table cut() may rise and fall again,
// and with keep-alives too, where it is looked at places some per cent apart. 0 < target < 1;
// natbound::domain_error where nothing meets it: an idle timeout cuts whatever the room. Some 30
// us.
std::uint64_t size_for_cut(const connection_kind& kind, double target);
double rate_for_cut(double size, const connection_kind& kind, double target);

// evicting_table(size, {kind}).keep_alive_for(target), without the cuts, which take longer.
double keep_alive_for(double size, const connection_kind& kind, double target);

// The chance that a connection is cut, exactly: one kind, no timeouts, no keep-alives, a table of 1
// .. 12 entries. The chain of which entries are of open connections, by recency.
double eviction_exact(std::size_t size, double rate, double life, double gap);

}  // namespace natbound::calculator
