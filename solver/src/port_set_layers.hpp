#pragma once
// Which port sets which subscribers have, in classes of subscribers that are alike.
//
// A layer is one set of each subscriber of a class: the first subscriber has the set of some
// number, the next the one after it, and so on, counted in a list of sets of which static mappings
// keep the same ports. So a class is a few numbers, however many subscribers it has.
#include <functional>
#include <memory>
#include <vector>

#include "natbound/model/holes.hpp"
#include "natbound/model/port_sets.hpp"

namespace natbound {

// Addresses in the order of their numbers (port_sets.hpp).
struct numbered_addresses {
    address_set addresses;
    count first;
};
// Of all subscribers of a NAT: `s` is the scenario that it is written in.
std::vector<numbered_addresses> numbered_subscribers(const scenario& s, const nat& n);

// Sets of which static mappings keep the same ports, in order: through the lowest address first.
struct alike_sets {
    address_set addresses;
    std::vector<port> firsts;  // on each address
    std::uint64_t size = 0;
    std::vector<hole> kept;  // ports counted from a set's first one; addresses are not used

    count sets() const { return addresses.size() * firsts.size(); }
    // The ports of one set that a protocol is left; and the most of them.
    std::uint64_t left_to(transport protocol) const;
    std::uint64_t usable() const;
};

struct layer {
    std::shared_ptr<const alike_sets> of;
    count first;  // the number of the first subscriber's
};

struct subscriber_class {
    address_set addresses;  // of the subscribers, in order
    std::vector<layer> layers;
};

// Deterministic sets: these subscribers with their own sets.
std::vector<subscriber_class> with_own_sets(const nat& n,
                                            const std::vector<numbered_addresses>& numbers,
                                            const address_set& subscribers);

// The sets that are dealt on demand: those with the most ports left first.
class shared_sets {
  public:
    explicit shared_sets(const nat& n);

    count left() const;
    // The first subscribers of the class, as many as may have `more` further sets of alike kinds;
    // they are taken out of it. Nothing is left of the class, or of the sets, in the end.
    subscriber_class take(subscriber_class& from, const count& more);

  private:
    std::vector<std::shared_ptr<const alike_sets>> all_;
    std::size_t at_ = 0;
    count used_ = 0;  // of all_[at_]
};

}  // namespace natbound
