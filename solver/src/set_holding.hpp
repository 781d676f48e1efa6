#pragma once
// One client address of a NAT that deals out its ports in sets opens connections, one after the
// other, each aimed at the next port of its last set; written down as the steps of a certificate.
#include <vector>

#include "aiming.hpp"
#include "filling.hpp"
#include "natbound/model/port_set_table.hpp"

namespace natbound::detail {

class set_holding {
  public:
    set_holding(const nat& n, port_set_table& table, trace_writer& writer);

    // False where it is refused.
    bool open(const actor& who, port source);
    // Opens its sockets towards these destinations (of one clash-scope key), in order, until it
    // holds so many sets on demand, or has opened so many connections. False where one is refused
    // or there is none left.
    bool hold(const std::vector<actor>& towards, std::size_t sets);
    bool open_all(const std::vector<actor>& towards, std::uint64_t connections);
    // Closes all but the first in each of its sets on demand.
    void thin_out();
    // What was refused last, and what it drew.
    const std::optional<filling>& refused() const { return refused_; }

  private:
    struct opened {
        actor who;
        port source;
        bool first;  // of a set that was dealt for it
    };
    // The next socket; false where it is refused or there is none.
    bool next(const std::vector<actor>& towards);

    port_set_table& table_;
    trace_writer& writer_;
    bool has_own_;
    nat own_, shared_;
    nat_plan own_plan_, shared_plan_;
    std::size_t to_ = 0;      // place in `towards`
    std::uint64_t port_ = 0;  // and rank of the next source port there
    std::uint64_t in_last_ = 0;
    std::vector<opened> opened_;
    std::optional<filling> refused_;
};

// Client addresses (of the one set, or of all) open flow after flow, towards one destination after
// the other, until `most` are live, limits forgotten; then the next flow. Nothing where there are
// too few.
std::optional<filling> fill_sets(const scenario& s, const nat& n, std::uint64_t most,
                                 const client_set* only);

}  // namespace natbound::detail
