#pragma once
// A demand by pairs, NAT after NAT, and the certificates that say so.
#include <boost/json.hpp>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "blocks.hpp"
#include "nat_demand.hpp"
#include "parted_clients.hpp"

namespace natbound {

// What the maximum says of a demand; unknown between its bounds.
fit_result from_maximum(const scenario& s, const count& demand);

// The same of a demand by pairs, or of its pairs alone, which is refused or unknown.
fit_result more_than_maximum(const scenario& s, const demand_list& demand);

// Whether `some` of the pairs of a demand want more than the maximum of a scenario in which their
// clients reach their servers alone; else unknown.
fit_result more_than_maximum(const scenario& s, const demand_list& demand, const demand_list& some);

// The same of pairs of an independent part (independent.hpp), by the part's own numbers.
fit_result more_than_maximum(const scenario& s, const demand_list& demand, const scenario& part,
                             const demand_list& some);

class by_pairs {
  public:
    // All that is inside each NAT as the scenario has it.
    by_pairs(const scenario& s, demand_list demand);
    // Client sets as `inside` says, by NAT; the last are inside none. Without any, the pairs alone
    // are looked at.
    by_pairs(const scenario& s, reach_table reach, std::vector<std::vector<std::size_t>> inside,
             demand_list demand);

    fit_result run();

    // Whether the demand is more than the servers have room for; the verdict is then set.
    bool passes_servers();
    // Whether each NAT by itself, or with those that its clients are spread over, has room for
    // sure; the verdict is set where one has none.
    bool each_nat();
    // Whether the servers have room for the connections where they were placed.
    bool within_servers();
    // Inside no NAT: as many sockets towards every endpoint, and one more towards the first few
    // that no other client set has given one.
    bool routed(std::size_t c);
    // What a NAT was found to have room for.
    void take(nat_demand_fit&& found);
    // The verdict `fits`, of the blocks that were placed.
    fit_result fitting();

    const fit_result& found() const { return out_; }
    const std::string& why() const { return why_; }
    // As a solver says: each client set's place in the pool, by index (paired pooling).
    void place_at(const std::vector<std::uint64_t>& at) { at_ = &at; }
    std::vector<block>& blocks() { return blocks_; }

  private:
    void refuse(const std::string& why, boost::json::array nats);
    bool own_sockets(const pair_demand& p);
    bool through(std::size_t n);
    bool through_several(const std::vector<std::size_t>& nats);
    bool parted(const std::vector<std::size_t>& nats, const demand_list& mine);
    demand_list parts_of(const parted_clients& split, const demand_list& mine,
                         const std::vector<count>& weights) const;
    const demand_list& of_client(std::size_t c);
    void say(const std::string& why) {
        if (why_.empty()) why_ = why;
    }

    const scenario& s_;
    count demand_;
    reach_table reach_;
    std::vector<std::vector<std::size_t>> inside_;
    demand_list pairs_;
    std::vector<demand_list> of_client_;
    boost::json::storage_ptr memory_;
    std::vector<block> blocks_;
    bool told_apart_ = true;  // by backends, what was placed
    std::map<std::size_t, count>
        next_;  // by server set: the endpoint that routed clients fill next
    std::vector<dealt_nat> dealt_;
    std::string why_;
    const std::vector<std::uint64_t>* at_ = nullptr;
    const scenario* parts_of_ = nullptr;  // whose clients s_ has in part
    fit_result out_;
};

// A cascade: each NAT by itself must have room for what comes to it, and where all have, the inner
// ones place their connections first and the outer ones just these.
fit_result fits_through_cascade(const scenario& s, demand_list demand);

}  // namespace natbound
