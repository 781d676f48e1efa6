#pragma once
// Port sets on demand under paired pooling (RFC 4787, REQ-2): all sets of a subscriber lie on one
// external address, so subscribers are packed into addresses, by their sets. Sets are few to a
// subscriber and many to an address, so the first packing mostly leaves nothing over; where it
// does, who best shares an address is bin packing (NP-hard), and the answer is between bounds.
#include <optional>
#include <string>
#include <vector>

#include "port_set_dealing.hpp"

namespace natbound {

// What subscribers have, what they hold with it, and on which addresses it lies.
struct dealt_out {
    std::vector<dealt_subscribers> who;
    mapping_list held;
    std::vector<alike_addresses> on;
};

// First fit, most sets first; nothing where that needs more addresses than there are.
std::optional<std::vector<alike_addresses>> packed(const std::vector<dealt_subscribers>& who,
                                                   const nat& n);

// Each client set dealt evenly to the addresses, and on each address the sets where they add most.
// Leaves `shares` dealt otherwise.
dealt_out dealt_to_addresses(const nat& n, std::vector<part_of_clients>& shares);

// No more fit than the subscribers of each kind (the same source ports and servers) would hold if
// they had the pool for themselves. On one address n alike subscribers hold at most F(n), the
// largest sum of gains f(b) - f(b - 1) that its sets allow; that is the least over g of
// g x sets + n x (what of each gain lies above g), linear functions of n, so F is concave and
// dealing them evenly to the addresses is best.
count most_if_paired(const scenario& s, const reach_table& reach, const nat& n,
                     const std::vector<part_of_clients>& shares);

std::string paired_in_words(const nat& n);   // what sets that number
std::string packing_in_words(const nat& n);  // why there are bounds

}  // namespace natbound
