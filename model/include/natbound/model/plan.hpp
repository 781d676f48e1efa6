#pragma once
// A NAT with its design and its restrictions worked out: what each flow is permitted, and in what
// order it is tried. All readers start from this.
#include <cstdint>
#include <optional>
#include <utility>
#include <vector>

#include "natbound/model/holes.hpp"
#include "natbound/model/probe.hpp"
#include "natbound/model/scenario.hpp"

namespace natbound {

// The ports that flows of some source ports are searched in, with ranks.
struct port_range_plan {
    port_set source, ports;
    std::uint64_t size = 0;  // of ports
    port lowest = 0;         // of ports
    port step = 0;           // from each port to the next, where that is always the same

    bool contiguous() const { return step == 1; }
    port at(std::uint64_t rank) const {
        return step > 0 ? lowest + static_cast<port>(rank) * step : ports.at(rank);
    }
    // Nothing where the range does not have that port.
    std::optional<std::uint64_t> rank(port p) const {
        if (step > 0) {
            const bool there = p >= lowest && (p - lowest) % step == 0;
            const std::uint64_t out = (p - lowest) / step;
            if (!there || out >= size) return std::nullopt;
            return out;
        }
        if (const auto out = ports.rank(p)) return static_cast<std::uint64_t>(*out);
        return std::nullopt;
    }
};

struct nat_plan {
    explicit nat_plan(const nat& n);

    const nat* of;
    natbound::design design;  // as it acts here: patched where the operator restricts the ports
    std::vector<port_range_plan> classes;
    count pool_size;
    hole_list holes;                     // the static mappings
    std::optional<std::uint64_t> table;  // the most flows
    std::optional<std::uint64_t> quota;  // the most flows of one client address
    std::optional<std::uint64_t>
        mappings;  // the most mappings, where a mapping may carry several flows

    const port_range_plan& class_of(port source) const {
        if (source >= widest_.first && source <= widest_.last) return classes[widest_class_];
        if (!class_index_.empty()) return classes[class_index_[source]];
        return classes[class_among_runs(source)];
    }
    // Whether a flow from this source port first tries that same port outside.
    bool preserves(port source) const;
    // Whether paired pooling (RFC 4787 REQ-2) takes a choice away: a flow by itself could have
    // several external addresses, and all live ones of a client address must have the same.
    bool pairs() const;
    // Port contiguity: the port beside `at`, where this source port's partner has its mapping;
    // port_count where a flow from this source port is never given it.
    port beside(port source, port at) const;
    // All external ports that a flow from this source port may ever be given on an address.
    port_set permitted(port source) const;
    // The rounds that are made in a range of that size.
    std::vector<search_round> rounds(std::uint64_t range) const;
    // The rank in the pool at which a flow starts, where that is fixed: a hash that is known,
    // `first`, or a pool of one. Nothing for round_robin, random and unknown hashes.
    std::optional<std::uint64_t> pool_rank(ip_address source, ip_address destination) const;
    // Whether it is drawn; and where this flow starts. `turn`: how many have started in turn (round
    // robin).
    bool draws_rank(ip_address source, ip_address destination) const;
    template <class Random>
    std::uint64_t start_rank(ip_address source, ip_address destination, std::uint64_t& turn,
                             Random& random) const {
        if (const auto fixed = pool_rank(source, destination)) return *fixed;
        const auto addresses = static_cast<std::uint64_t>(pool_size);
        return design.pool.choice == pool_choice::round_robin ? turn++ % addresses
                                                              : random.draw(addresses);
    }

  private:
    std::uint8_t class_among_runs(port source) const;

    // Source ports by class: as runs in ascending order, or where these are many by port. A
    // thousand NATs would else clear a page for each few ports.
    std::vector<std::pair<interval<port>, std::uint8_t>> runs_;
    std::vector<std::uint8_t> class_index_;
    // the widest interval of source ports in one class: nearly every flow's, and it spares the
    // simulator a look into the index
    interval<port> widest_{1, 0};
    std::size_t widest_class_ = 0;
};

}  // namespace natbound
