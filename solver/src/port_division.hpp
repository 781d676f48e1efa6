#pragma once
// Ports divided where a NAT requires contiguity (RFC 4787, 4.2.3), in two parts that share no
// endpoint of either side:
//   halves   whole pairs of source ports and whole pairs of external ports, the even ports alone:
//            whatever they carry, the odd ones can carry as well, each one port further;
//   singles  source ports whose partners are not used, and the external ports that are left.
// Two mappings of one part, or of both, are never those of partners, but for a half and its copy.
// Where clients keep ports outside of those that are searched, or have one external address each
// (paired pooling), the parts would meet: there it is one of them.
#include <optional>
#include <vector>

#include "natbound/model/plan.hpp"

namespace natbound {

// Some of a scenario's client sets inside one NAT alone, each with some of its ports.
struct scenario_part {
    scenario s;
    std::vector<std::size_t> client_of;  // in the scenario that was divided
};

struct port_division {
    std::optional<scenario_part> halves, singles;  // none where nobody is in it
};

// How many pairs are single: source pairs of each client set and class of which the even port alone
// is used, others of which the odd one is, and external pairs of each class. Where no external pair
// is left to the halves all source pairs are single: the odd ports of half of them, or as the two
// numbers say of which there are more.
struct single_pairs {
    std::uint64_t even = 0, odd = 0, external = 0;
    friend bool operator==(const single_pairs&, const single_pairs&) = default;
};

class port_divider {
  public:
    port_divider(const scenario& s, std::size_t nat, const std::vector<std::size_t>& inside);

    port_division divide(const single_pairs& single) const;
    // The divisions that are worth a try, the likeliest first.
    std::vector<single_pairs> choices() const;

  private:
    // The source ports of a client set inside.
    struct sources {
        std::size_t client;
        std::vector<port_set> paired;  // by class: the even ports of its whole pairs
        port_set lone;                 // without a partner, or whose partner may not be used
    };
    // Of each parity: what the set's lone ports want, and what lone external ports give.
    struct lone_ports {
        count wanted, given, per_pair;  // per_pair: what one pair of each client set would add
    };

    std::optional<scenario_part> made(const std::vector<port_set>& of_clients,
                                      std::vector<port_class> classes,
                                      std::vector<static_mapping> more) const;
    lone_ports lone_of(const port_set& parity) const;
    // External ports that are single on some address, though the class has both of the pair: static
    // mappings keep one; and those mappings that keep the others from being single.
    port_set beside_holes() const { return whole_ & partners_of_holes_; }
    std::vector<static_mapping> not_beside_holes() const;
    std::vector<static_mapping> partners_kept() const;

    const scenario& s_;
    std::size_t nat_;
    nat_plan plan_;
    std::vector<port_set> of_class_;  // its even external ports whose partners the partners have
    port_set whole_;                  // all of them, with their partners
    port_set partners_of_holes_;
    std::vector<sources> inside_;
};

}  // namespace natbound
