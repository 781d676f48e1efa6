#pragma once
// An outer NAT as it is offered just the flows that the NATs inside it have placed: a scenario of
// that NAT alone, whose client sets are runs of the inner NATs' external endpoints and whose server
// sets are pieces of the real ones.
#include <map>
#include <vector>

#include "blocks.hpp"
#include "natbound/solver/demand.hpp"

namespace natbound {

class cascade_view {
  public:
    // `clients` (of s) are inside the NAT themselves; `placed` are the blocks of the NATs inside
    // it. Throws unsupported where they make too many pieces.
    cascade_view(const scenario& s, std::size_t nat, const std::vector<std::size_t>& clients,
                 std::vector<block> placed);

    // Where an external address of an inner NAT lies in several client sets it has no quota: none
    // of them would see it whole.
    const scenario& seen() const { return seen_; }
    const reach_table& reach() const { return reach_; }

    // The connections that were placed, and those of the clients' own pairs (spread evenly over the
    // pieces of a server set), as a demand.
    demand_list demand(const demand_list& own) const;

    // Blocks of the view as blocks of the scenario, through all their NATs. What keeps a port that
    // an inner NAT gave, outside the searched range, is left out, and what passes the quota.
    std::vector<block> named_back(const std::vector<block>& blocks) const;

  private:
    struct rectangle {  // units of one block as addresses x ports, in their order
        std::size_t of;
        count offset;
        address_set addresses;
        port_set ports;
    };
    struct cell {  // a client set of the view: what lies in these rectangles
        address_set addresses;
        port_set ports;
        std::vector<std::size_t> in;
    };

    void cut_servers(const scenario& s);
    void cut_clients();
    void add_cells(const address_set& addresses, const std::vector<std::size_t>& here);
    destination_list pieces_back(const destination_list& list) const;

    std::size_t nat_;
    std::vector<std::size_t> clients_;
    std::vector<block> placed_;
    std::vector<rectangle> rectangles_;
    std::vector<cell> cells_;
    std::vector<std::size_t> server_of_;               // by piece
    std::vector<std::vector<std::size_t>> pieces_;     // by block of `placed`
    std::vector<std::vector<std::size_t>> of_server_;  // pieces, by server of s
    scenario seen_;
    reach_table reach_;
    bool shares_addresses_ = false;       // an external address lies in several client sets
    std::optional<std::uint64_t> quota_;  // of each, then
};

// A block whose units run over destinations, as blocks towards one endpoint each.
std::vector<block> unspread(const block& b);

}  // namespace natbound
