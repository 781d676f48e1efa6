#pragma once
// One subscriber of a class with its sets, behind a NAT that has just these ports; and what it
// holds, laid over the whole class.
#include <vector>

#include "blocks.hpp"
#include "natbound/solver/demand.hpp"
#include "port_set_layers.hpp"

namespace natbound {

class one_in_sets {
  public:
    // The first subscriber of the class, which lies in these client sets.
    one_in_sets(const scenario& s, const reach_table& reach, std::size_t nat,
                const std::vector<std::size_t>& clients, const subscriber_class& of);

    // The most that it holds, within its quota.
    std::vector<block> most(const boost::json::storage_ptr& memory) const;
    // What is wanted of it (its client sets by number in the scenario), or nothing.
    std::optional<std::vector<block>> placed(const demand_list& demand,
                                             const boost::json::storage_ptr& memory) const;
    // Blocks of one subscriber as blocks of all.
    void lay(const std::vector<block>& blocks, std::vector<block>& out) const;

  private:
    void lay(const block& b, std::vector<block>& out) const;
    void over_all(block b, const layer& l, const port_set& ports, std::vector<block>& out) const;

    std::size_t nat_;
    std::vector<std::size_t> clients_;  // by client set of alone_
    const subscriber_class& of_;
    std::vector<port> begins_;  // of each layer in alone_; and the end
    scenario alone_;
    reach_table reach_;
    std::vector<std::size_t> inside_;
    std::optional<count> quota_;  // where it has several client sets, so that none sees it whole
};

}  // namespace natbound
