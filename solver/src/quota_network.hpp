#pragma once
// Source -> atoms of client addresses (Q for each address) -> source classes of each group -> its
// external classes -> what the servers hold, where they have limits -> sink, over all keys of a
// group together.
#include <memory>
#include <optional>
#include <utility>
#include <vector>

#include "natbound/solver/classes.hpp"
#include "natbound/solver/flow_network.hpp"
#include "pairing.hpp"

namespace natbound {

// Addresses of a client set that lie in the same runs everywhere.
struct subscriber_atom {
    std::size_t client = 0;
    address_set addresses;
};

class quota_network {
  public:
    // Throws unsupported where a hash makes the addresses too many atoms. `room`: what the servers
    // of a group hold, by group; none without limits.
    quota_network(const std::vector<group>& groups, const count& quota,
                  const std::vector<std::optional<count>>& room);

    count run();
    // Atoms that a minimum cut counts by their quota; after run().
    std::vector<subscriber_atom> cut() const;

    const std::vector<subscriber_atom>& atoms() const { return atoms_; }
    // Flows of an atom in a class of a group, and what a class sends to its externals; after run().
    struct share {
        std::size_t group, source, atom;
        count size;
        std::vector<std::size_t> runs;  // of the class, that the atom lies in
    };
    std::vector<share> shares() const;
    std::vector<placement> placements(std::size_t group) const;

  private:
    struct arc {
        std::size_t group, source, other;  // other: atom, or external class
        bool keeps;
        std::uint32_t id;
        std::vector<std::size_t> runs;
    };
    void find_atoms();

    const std::vector<group>& groups_;
    std::vector<subscriber_atom> atoms_;
    std::vector<std::vector<std::vector<std::vector<std::size_t>>>> atoms_of_;  // group, class, run
    std::unique_ptr<flow_network<count>> flows_;
    std::vector<arc> into_, onto_;
    std::vector<std::pair<std::uint32_t, count>> limited_;  // arcs, and what they are to have
    std::uint32_t source_ = 0, sink_ = 0;
};

}  // namespace natbound
