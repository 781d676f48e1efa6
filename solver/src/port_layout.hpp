#pragma once
// The external ports of a NAT as atoms, and each client set's own ports as pieces of which all
// ports may use the same atoms.
#include <vector>

#include "natbound/model/plan.hpp"

namespace natbound {

struct port_piece {
    port_set ports;
    std::size_t of_class = 0;  // searched among the atoms of this class ...
    bool keeps = false;  // ... and may be kept as it is, in the atom `same`, which equals `ports`
    std::uint32_t same = 0;
};

class port_layout {
  public:
    // `one_by_one`: ports that may be kept outside their range become pieces of one port each.
    port_layout(const nat_plan& plan, const std::vector<const port_set*>& client_ports,
                bool one_by_one);

    const std::vector<port_set>& atoms() const { return atoms_; }
    // The atoms that a class of source ports is searched in.
    const std::vector<std::uint32_t>& searched(std::size_t of_class) const {
        return searched_[of_class];
    }
    // The pieces of the client ports number i.
    const std::vector<port_piece>& pieces(std::size_t i) const { return pieces_[of_[i]]; }

  private:
    void split_atoms(const port_set& ports);

    std::vector<port_set> atoms_;
    std::vector<std::vector<std::uint32_t>> searched_;
    std::vector<std::vector<port_piece>> pieces_;
    std::vector<std::size_t> of_;
};

}  // namespace natbound
